"""The playground's pages."""
