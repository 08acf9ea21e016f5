"""Pages of the app: documents, their originals, uploads, data sources."""
