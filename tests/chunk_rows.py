"""Makes chunks with their vectors and their words, as an ingest would leave them."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import numpy as np

from documents.embedders import active_set
from documents.ingest.drafts import draft_of
from documents.ingest.terms import copy_terms, words_of
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
    for _version, of_version in groupby(saved, key=lambda chunk: chunk.version_id):
        _save_terms(list(of_version))
    return saved


def _save_terms(chunks: list[Chunk]) -> None:
    version = chunks[0].version
    words = words_of(version.text, version.title, map(draft_of, chunks), version.language)
    if version.language is None:
        version.language = words.language
        version.save(update_fields=["language"])
    copy_terms(chunks[0].document.audience_id, [chunk.pk for chunk in chunks], words)
