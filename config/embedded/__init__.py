"""The database and broker that Footnote runs itself when no address of real ones is configured."""
