"""Rows: data sources, documents, their versions with pages, and the chunks that are searched."""

from documents.models.chunks import Chunk, ChunkQuerySet
from documents.models.documents import Document, DocumentQuerySet, Status
from documents.models.sources import DataSource, DataSourceQuerySet, SourceKind, Visibility
from documents.models.versions import DocumentPage, DocumentVersion

__all__ = [
    "Chunk",
    "ChunkQuerySet",
    "DataSource",
    "DataSourceQuerySet",
    "Document",
    "DocumentPage",
    "DocumentQuerySet",
    "DocumentVersion",
    "SourceKind",
    "Status",
    "Visibility",
]
