"""Pages of the chat app, one file per kind of page."""
