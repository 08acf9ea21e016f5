"""Makes chunks with their vectors and their words, as an ingest would leave them."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from documents.embedders import active_set
from documents.ingest.terms import replace_terms
from documents.models import Chunk, ChunkEmbedding


def save_chunks(chunks: Iterable[Chunk], vectors: Any) -> list[Chunk]:
    """Save ``chunks`` and, in the active set, the row of ``vectors`` for each; None means no vector."""
    saved = Chunk.objects.bulk_create(chunks)
    made_by = active_set()
    ChunkEmbedding.objects.bulk_create(
        ChunkEmbedding(
            set=made_by,
            chunk=chunk,
            audience_id=chunk.document.audience_id,
            key=b"",
            vector=np.asarray(vector).tolist(),
        )
        for chunk, vector in zip(saved, vectors, strict=True)
        if vector is not None
    )
    for chunk in saved:
        replace_terms(chunk)
    return saved
