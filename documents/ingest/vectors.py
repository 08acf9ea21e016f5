"""Vectors for a document's drafts, in every set that is kept up; a text that had one keeps it."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from documents.embedders import active_set, embedder_of, pause_build, token_packer
from documents.ingest.drafts import Draft, embedded_text
from documents.ingest.rows import audiences_of
from documents.models import Chunk, ChunkEmbedding, Document, EmbeddingSet, SetState
from rag.embeddings import Embedder
from rag.errors import EmbeddingError

log = logging.getLogger(__name__)

KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Embedded:
    """What was made of a text: the ``key`` it is known again by, its ``vector`` (dimensions,) of unit length, and its
    token vectors packed for late interaction, None where the embedder gives none.
    """

    key: bytes
    vector: NDArray[np.float16]
    tokens: bytes | None


@dataclass(slots=True)
class Vectors:
    """For each set what was made of each draft, None for a draft that is left out of searches.

    None in place of the list leaves the document to those who build the set: its embedder could not be had.
    """

    of_set: dict[int, list[Embedded | None] | None] = field(default_factory=dict)

    def missing(self, wanted: Iterable[EmbeddingSet]) -> list[EmbeddingSet]:
        """Those of the sets that have no vectors here yet; only one that is being built may do without."""
        return [
            each
            for each in wanted
            if each.pk not in self.of_set or (self.of_set[each.pk] is None and each.state != SetState.BUILDING)
        ]


def sets_kept_up() -> list[EmbeddingSet]:
    """The sets in which a new chunk needs a vector, the one that is searched first."""
    found = list(EmbeddingSet.objects.kept_up())
    if any(each.state == SetState.ACTIVE for each in found):
        return found
    active_set()  # makes the first one
    return list(EmbeddingSet.objects.kept_up())


def embed(
    document: Document,
    title: str,
    drafts: list[Draft],
    made_by: EmbeddingSet,
    on_progress: Callable[[int], None],
    made: Vectors | None = None,
) -> list[Embedded | None] | None:
    """The key and vector of each draft in one set; what the current chunks or ``made`` have is taken from them.

    ``on_progress`` is called with the number of drafts that have theirs. None when the set is only being built and its
    embedder cannot be had now: no document waits for that. Raises EmbeddingError for the searched set.
    """
    building = made_by.state == SetState.BUILDING
    if building and made_by.paused_until is not None and made_by.paused_until > timezone.now():
        return None
    try:
        return _embed(document, title, drafts, made_by, on_progress, made)
    except EmbeddingError as error:
        if not building:
            raise
        log.info("ingest: the set that is being built goes without document %s for now: %s", document.pk, error)
        pause_build(made_by, error)
        return None


def _embed(
    document: Document,
    title: str,
    drafts: list[Draft],
    made_by: EmbeddingSet,
    on_progress: Callable[[int], None],
    made: Vectors | None,
) -> list[Embedded | None]:
    embedder = embedder_of(made_by, hurried=made_by.state == SetState.BUILDING)
    texts = [None if each.excluded else embedded_text(each, title, embedder) for each in drafts]
    keys = [None if text is None else text_key(text) for text in texts]
    known = _known(document, made_by)
    before_that = (made.of_set.get(made_by.pk) if made else None) or ()
    known.update((each.key, each) for each in before_that if each is not None)
    new = {key: text for key, text in zip(keys, texts, strict=True) if key and text is not None and key not in known}
    before = len(drafts) - len(new)
    on_progress(before)
    made_now = embedded(made_by, embedder, list(new.values()), lambda done: on_progress(before + done))
    known.update((each.key, each) for each in made_now)
    return [None if key is None else known[key] for key in keys]


def embedded(
    made_by: EmbeddingSet, embedder: Embedder, texts: list[str], on_progress: Callable[[int], None] | None = None
) -> list[Embedded]:
    """What the embedder of a set makes of each text. Raises EmbeddingError."""
    packer = token_packer(made_by)
    packed: Sequence[bytes | None]
    if packer is None:
        vectors = embedder.embed_passages(texts, on_progress)
        packed = [None] * len(texts)
    else:
        vectors, packed = packer.embedder.embed_passages_and_tokens(texts, packer.pack, on_progress)
    rows = zip(texts, vectors.astype(np.float16), packed, strict=True)
    return [Embedded(text_key(text), vector, tokens) for text, vector, tokens in rows]


def embed_chunk(draft: Draft, title: str, made_by: Iterable[EmbeddingSet]) -> Vectors:
    """The key and vector of a single draft in each of the sets, but for one being built whose embedder is away."""
    found = Vectors()
    for each in made_by:
        embedder = embedder_of(each, hurried=each.state == SetState.BUILDING)
        text = embedded_text(draft, title, embedder)
        try:
            made = [] if draft.excluded else embedded(each, embedder, [text])
        except EmbeddingError as error:
            if each.state != SetState.BUILDING:
                raise
            pause_build(each, error)
            found.of_set[each.pk] = None
            continue
        found.of_set[each.pk] = [made[0] if made else None]
    return found


def replace_vectors(chunk: Chunk, vectors: Vectors) -> None:
    """Give a stored chunk these vectors in the place of all it had; call it inside a transaction."""
    audience_id = audiences_of([chunk.document_id])[chunk.document_id]
    chunk.embeddings.all().delete()
    ChunkEmbedding.objects.bulk_create(
        (
            ChunkEmbedding(
                set_id=set_id,
                chunk=chunk,
                audience_id=audience_id,
                key=found.key,
                vector=found.vector.tolist(),
                tokens=found.tokens,
            )
            for set_id, made in vectors.of_set.items()
            for found in made or ()
            if found is not None
        ),
        # Whoever fills a set that is being built may have written the vector of the old text this very moment.
        update_conflicts=True,
        unique_fields=["chunk", "set"],
        update_fields=["key", "vector", "tokens"],
    )


def text_key(text: str) -> bytes:
    """What an embedded text is known again by."""
    return hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest()


def _known(document: Document, made_by: EmbeddingSet) -> dict[bytes, Embedded]:
    if document.current_version_id is None:
        return {}
    rows = ChunkEmbedding.objects.filter(set=made_by, chunk__version_id=document.current_version_id)
    if token_packer(made_by) is not None:
        # One from before token vectors were kept is embedded again.
        rows = rows.exclude(tokens=None)
    return {
        bytes(key): Embedded(bytes(key), np.array(vector, np.float16), None if tokens is None else bytes(tokens))
        for key, vector, tokens in rows.values_list("key", "vector", "tokens").iterator(chunk_size=1000)
    }
