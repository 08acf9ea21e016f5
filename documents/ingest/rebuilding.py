"""Building a second set of embeddings beside the searched one, in slices of a few seconds, and switching to it.

Each call does one slice. Killed at any moment, it leaves committed batches and a claim that runs out; the next call
goes on. Documents that wait for their indexing come first: a slice ends as soon as there is one.

A pass goes over all chunks by their ids. Chunks that came meanwhile have their vectors from their own indexing, unless
the embedder was away then; so at the end, with nobody writing, what is missing is looked for once more.
"""

import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from documents.embedders import (
    create_index,
    drop_index,
    embedder_of,
    forget_searched_set,
    has_index,
    hold_sets,
    pause_build,
)
from documents.ingest.claims import waiting
from documents.ingest.drafts import Draft, embedded_text
from documents.ingest.rows import audiences_of
from documents.ingest.vectors import Embedded, embedded, text_key
from documents.models import Chunk, ChunkEmbedding, EmbedderKind, EmbeddingSet, SetState
from rag.chunking import TextChunk
from rag.embeddings import Embedder
from rag.errors import EmbeddingError

log = logging.getLogger(__name__)

SLICE_S = 2.0
LEASE = timedelta(seconds=60)
"""Longer than one batch may take. A chain of calls whose next one comes later than this is replaced by another."""

FIRST_BATCH = 8
LARGEST_BATCH = 256
BATCH_S = 0.7
"""A batch grows while it takes less, so that slow servers get few texts at once and fast ones many."""

REMOVED_AT_ONCE = 5000

INSERT = """INSERT INTO documents_chunkembedding (set_id, chunk_id, audience_id, key, vector, tokens)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (chunk_id, set_id)
DO UPDATE SET key = EXCLUDED.key, vector = EXCLUDED.vector, tokens = EXCLUDED.tokens"""


@dataclass(frozen=True, slots=True)
class _Text:
    """A chunk as it was read, and the text to embed for it."""

    chunk: Chunk
    text: str
    key: bytes
    known: bool


def build_slice(token: uuid.UUID | None = None) -> uuid.UUID | None:
    """Work for a few seconds on the set being built; the token for the next call, None when there is nothing to go on.

    ``token`` is that of the call before; a call without one begins only where no chain of calls is alive.
    """
    made_by = _take(token)
    if made_by is None:
        return None
    try:
        if _advance(made_by, time.monotonic() + SLICE_S):
            return made_by.claim
    except EmbeddingError as error:
        log.warning("embeddings: the building of set %s pauses: %s", made_by.pk, error)
        pause_build(made_by, error)
    _mine(made_by).update(claim=None, claimed_until=None)
    return None


def remove_slice() -> bool:
    """Remove some rows of a set whose time is over, and at last the set itself; whether there is more to do."""
    over = EmbeddingSet.objects.filter(state=SetState.RETIRED, remove_at__lte=Now()).first()
    if over is None:
        return False
    if has_index(over) is not False:
        drop_index(over)
    until = time.monotonic() + SLICE_S
    while time.monotonic() < until:
        with transaction.atomic():
            # Rows of a document that is just being deleted are left to that: nobody waits for the other.
            some = ChunkEmbedding.objects.filter(set=over).select_for_update(skip_locked=True)
            ids = list(some.values_list("pk", flat=True)[:REMOVED_AT_ONCE])
            ChunkEmbedding.objects.filter(pk__in=ids).delete()
        if not ids:
            with transaction.atomic():
                hold_sets(to_change=True)
                # Waits for a batch that is just being written for it.
                EmbeddingSet.objects.select_for_update().filter(pk=over.pk).first()
                if not ChunkEmbedding.objects.filter(set=over).exists():
                    EmbeddingSet.objects.filter(pk=over.pk, state=SetState.RETIRED, remove_at__lte=Now()).delete()
            return False
    return True


def pack_slice() -> bool:
    """Give some vectors from before the token vectors beside them; whether there is more to do."""
    made_by = EmbeddingSet.objects.filter(state=SetState.ACTIVE, kind=EmbedderKind.SHIPPED).first()
    if made_by is None or waiting():
        return False
    until = time.monotonic() + SLICE_S
    while time.monotonic() < until:
        without = ChunkEmbedding.objects.filter(set=made_by, tokens=None).order_by("pk")
        chunks = Chunk.objects.filter(pk__in=list(without.values_list("chunk_id", flat=True)[:FIRST_BATCH]))
        found = list(chunks.filter(excluded=False).annotate(title=F("version__title")).order_by("pk"))
        if not found:
            return False
        texts = [_text(chunk, {}, embedder_of(made_by)) for chunk in found]
        _store(made_by, texts, embedded(made_by, embedder_of(made_by), [each.text for each in texts]))
    return True


def missing(made_by: EmbeddingSet) -> QuerySet[Chunk]:
    """The chunks that a search could find and that have no vector in a set."""
    there = ChunkEmbedding.objects.filter(chunk=OuterRef("pk"), set=made_by)
    return Chunk.objects.filter(~Exists(there), excluded=False)


def _take(token: uuid.UUID | None) -> EmbeddingSet | None:
    mine = Q(claim=token) if token else Q(claimed_until__isnull=True) | Q(claimed_until__lt=Now())
    rested = Q(paused_until__isnull=True) | Q(paused_until__lte=Now())
    claim = token or uuid.uuid4()
    taken = EmbeddingSet.objects.filter(mine, rested, state=SetState.BUILDING)
    if not taken.update(claim=claim, claimed_until=Now() + LEASE):
        return None
    return EmbeddingSet.objects.filter(claim=claim, state=SetState.BUILDING).first()


def _mine(made_by: EmbeddingSet) -> QuerySet[EmbeddingSet]:
    """The set's row while it is being built and the claim holds, else nothing."""
    return EmbeddingSet.objects.filter(pk=made_by.pk, claim=made_by.claim, state=SetState.BUILDING)


def _advance(made_by: EmbeddingSet, until: float) -> bool:
    """Fill until the time is over or a document waits; whether the set is still being built by this chain."""
    _see_to_index(made_by)
    embedder = embedder_of(made_by, hurried=True)
    size = FIRST_BATCH
    started, done = time.monotonic(), 0
    while True:
        began = time.monotonic()
        chunks = _next_chunks(made_by, size)
        if not chunks:
            return _finish(made_by)
        done += _fill(made_by, embedder, chunks)
        took = time.monotonic() - began
        made_by.per_second = _smoothed(made_by.per_second, done, time.monotonic() - started)
        if not _mine(made_by).update(
            filled_to=chunks[-1].pk,
            claimed_until=Now() + LEASE,
            per_second=made_by.per_second,
            failures=0,
            paused_until=None,
            error_code="",
            error="",
        ):
            return False
        made_by.filled_to, made_by.failures = chunks[-1].pk, 0
        size = min(2 * size, LARGEST_BATCH) if took < BATCH_S / 2 else max(size // 2, 1) if took > BATCH_S else size
        if time.monotonic() >= until or waiting():
            return True


def _smoothed(before: float | None, done: int, seconds: float) -> float:
    now = done / max(seconds, 1e-3)
    return round(now if before is None else 0.8 * before + 0.2 * now, 2)


def _see_to_index(made_by: EmbeddingSet) -> None:
    """Make the index while the set is empty, so that it grows with it: no long step is left that a kill undoes."""
    there = has_index(made_by)
    if there is None:
        drop_index(made_by)
    if not there:
        create_index(made_by, concurrently=True)


def _next_chunks(made_by: EmbeddingSet, size: int) -> list[Chunk]:
    chunks = Chunk.objects.filter(excluded=False) if made_by.comparing else missing(made_by)
    return list(chunks.filter(pk__gt=made_by.filled_to).annotate(title=F("version__title")).order_by("pk")[:size])


def _fill(made_by: EmbeddingSet, embedder: Embedder, chunks: Sequence[Chunk]) -> int:
    """Embed and store what these chunks lack; how many were looked at."""
    stored = ChunkEmbedding.objects.filter(set=made_by, chunk__in=chunks).values_list("chunk_id", "key")
    keys = {chunk_id: bytes(key) for chunk_id, key in stored}
    texts = [_text(chunk, keys, embedder) for chunk in chunks]
    wanted = [each for each in texts if not each.known]
    if wanted:
        _store(made_by, wanted, embedded(made_by, embedder, [each.text for each in wanted]))
    return len(chunks)


def _text(chunk: Chunk, keys: dict[int, bytes], embedder: Embedder) -> _Text:
    title: str = chunk.title  # type: ignore[attr-defined]  # annotated
    text, key = text_of(chunk, title, embedder)
    return _Text(chunk, text, key, keys.get(chunk.pk) == key)


def text_of(chunk: Chunk, title: str, embedder: Embedder) -> tuple[str, bytes]:
    """The text that is embedded for a chunk of a document of this title, and its key; as its indexing makes it."""
    cut = TextChunk(
        ordinal=chunk.ordinal,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        heading=chunk.heading,
        page=chunk.page,
        tokens=chunk.tokens,
        context=chunk.context,
    )
    text = embedded_text(Draft(cut, chunk.edited_text), title, embedder)
    return text, text_key(text)


def _store(made_by: EmbeddingSet, texts: Sequence[_Text], made: Sequence[Embedded]) -> None:
    """Write the vectors of those chunks that are still as they were read."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Whoever deletes a document, shares it, or swaps in another version, waits, and then deletes or moves what is
        # written here too.
        audiences = audiences_of(each.chunk.document_id for each in texts)
        cursor.execute(
            "SELECT id, edited_text FROM documents_chunk WHERE id = ANY(%s) AND NOT excluded ORDER BY id FOR SHARE",
            [[each.chunk.pk for each in texts]],
        )
        present = dict(cursor.fetchall())
        cursor.execute("SELECT FROM documents_embeddingset WHERE id = %s FOR KEY SHARE", [made_by.pk])
        if cursor.fetchone() is None:
            return
        cursor.executemany(
            INSERT,
            [
                (
                    made_by.pk,
                    each.chunk.pk,
                    audiences[each.chunk.document_id],
                    each.key,
                    "[" + ",".join(map(str, its.vector.tolist())) + "]",
                    its.tokens,
                )
                for each, its in zip(texts, made, strict=True)
                if each.chunk.pk in present and present[each.chunk.pk] == each.chunk.edited_text
            ],
        )


def _finish(made_by: EmbeddingSet) -> bool:
    """Switch to the set when it lacks nothing; else begin another pass, and True."""
    if made_by.comparing or missing(made_by).exists():
        made_by.filled_to, made_by.comparing = 0, False
        return bool(_mine(made_by).update(filled_to=0, comparing=False, claimed_until=Now() + LEASE))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE documents_chunkembedding")
    return not _switch(made_by) and _mine(made_by).update(filled_to=0) > 0


def _switch(made_by: EmbeddingSet) -> bool:
    """Search this set from now on and keep the other for a while; False when something came to lack meanwhile."""
    with transaction.atomic():
        hold_sets(to_change=True)
        if not _mine(made_by).exists() or missing(made_by).exists():
            return False
        keep = timedelta(hours=settings.KEEP_EMBEDDINGS_HOURS)
        EmbeddingSet.objects.filter(state=SetState.ACTIVE).update(
            state=SetState.RETIRED, remove_at=Now() + keep, error_code="", error=""
        )
        EmbeddingSet.objects.filter(pk=made_by.pk).update(
            state=SetState.ACTIVE, switched_at=Now(), claim=None, claimed_until=None, remove_at=None
        )
        transaction.on_commit(forget_searched_set)
    log.info("embeddings: set %s is searched now", made_by.pk)
    return True
