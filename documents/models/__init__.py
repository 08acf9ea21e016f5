"""Rows: data sources, documents, versions with pages, the chunks that are searched, their vectors, rerankers."""

from documents.models.audiences import Audience, AudienceQuerySet
from documents.models.chunks import Chunk, ChunkEdit, ChunkQuerySet
from documents.models.documents import Document, DocumentQuerySet, Lane, Status
from documents.models.embeddings import ChunkEmbedding, EmbedderKind, EmbeddingSet, SetState
from documents.models.rerankers import Reranker, RerankerKind, RerankerProtocol
from documents.models.sources import WITHOUT_SYNC, DataSource, DataSourceQuerySet, SourceKind, SyncState, Visibility
from documents.models.syncs import ItemStatus, RunPhase, RunState, SourceItem, SyncRun
from documents.models.terms import (
    ChunkTerms,
    LanguageCount,
    LexicalReference,
    Posting,
    StalePosting,
    TermChange,
    TermCount,
    UnpostedChunk,
)
from documents.models.versions import DocumentPage, DocumentVersion

__all__ = [
    "WITHOUT_SYNC",
    "Audience",
    "AudienceQuerySet",
    "Chunk",
    "ChunkEdit",
    "ChunkEmbedding",
    "ChunkQuerySet",
    "ChunkTerms",
    "DataSource",
    "DataSourceQuerySet",
    "Document",
    "DocumentPage",
    "DocumentQuerySet",
    "DocumentVersion",
    "EmbedderKind",
    "EmbeddingSet",
    "ItemStatus",
    "Lane",
    "LanguageCount",
    "LexicalReference",
    "Posting",
    "Reranker",
    "RerankerKind",
    "RerankerProtocol",
    "RunPhase",
    "RunState",
    "SetState",
    "SourceItem",
    "SourceKind",
    "StalePosting",
    "Status",
    "SyncRun",
    "SyncState",
    "TermChange",
    "TermCount",
    "UnpostedChunk",
    "Visibility",
]
