"""What tests of sets of embeddings share: beginning one on the fake server, building it, whether it is whole."""

import io
import time
import uuid
from typing import Any

import numpy as np

from documents import services
from documents.embedders import embedder_of
from documents.ingest import ingest, rebuilding
from documents.ingest.rebuilding import build_slice, missing
from documents.models import Chunk, ChunkEmbedding, Document, EmbeddingSet, Status
from documents.services.embeddings import EmbedderChoice, embedding_set_begin
from tests.fakes.embeddings import FakeEmbeddings, vector_of

FACTS = [f"Crane number {n} lifts {n * 3} tons at quay {n % 7}." for n in range(60)]


def choice(server: FakeEmbeddings, **changes: str) -> EmbedderChoice:
    return EmbedderChoice("openai", server.base_url, "fake", **changes)


def begin(cast: Any, server: FakeEmbeddings, **changes: str) -> EmbeddingSet:
    return embedding_set_begin(user=cast.root, choice=choice(server, **changes))


def build(seconds: float = 60) -> None:
    """Call slices until there is nothing to go on with."""
    deadline = time.monotonic() + seconds
    token: uuid.UUID | None = build_slice()
    while token is not None:
        assert time.monotonic() < deadline
        token = build_slice(token)


def upload(cast: Any, data: str, name: str) -> Document:
    document = services.document_upload(
        user=cast.ada, file=io.BytesIO(data.encode()), filename=name, source=cast.library
    )
    ingest(document.pk)
    document.refresh_from_db()
    assert document.status == Status.READY
    return document


def assert_whole(made_by: EmbeddingSet) -> None:
    """Every chunk has the vector of its text in the set, and nothing else is there."""
    assert not missing(made_by).exists()
    rows = ChunkEmbedding.objects.filter(set=made_by).select_related("chunk__version")
    assert rows.count() == Chunk.objects.filter(excluded=False).count()
    for row in rows:
        text, key = rebuilding.text_of(row.chunk, row.chunk.version.title, embedder_of(made_by))
        wanted = np.array(vector_of(text, made_by.dimensions))
        assert float(np.array(row.vector) @ wanted / np.linalg.norm(wanted)) > 0.999
        assert bytes(row.key) == key
