"""The words of chunks for keyword search: written with the chunks, counted behind them, and kept in line.

Triggers note what each statement does to the counts (``TermChange``). Searches add the notes to the counts; here they
are folded into them, by whoever comes by and finds nobody else at it. ``postings`` does the same for the postings.
"""

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import OperationalError, connection, transaction
from django.db.models import Max, Sum
from pgvector import SparseVector

from documents.ingest.binary_copy import bigint, copy_rows, double, integer, integers, sparsevec
from documents.ingest.drafts import Draft, draft_of
from documents.ingest.rows import audiences_of
from documents.models import Chunk, ChunkTerms, DocumentVersion, LanguageCount, LexicalReference
from rag.lexical import chunk_terms, language_of
from rag.lexical.postings import DIMENSIONS, against, postings

FOLDED_AT_ONCE = 1000
SLICE_S = 2.0
LOOKED_AT_ONCE = 500
FOLD_LOCK = 7_263_001
"""Of PostgreSQL's advisory locks: one process at a time folds."""

DRIFT = 0.2
"""So far may the mean length depart from what the weights were made with before they are made anew."""

COPY = """COPY documents_chunkterms (chunk_id, audience_id, language, length, reference, terms, weights)
FROM STDIN (FORMAT binary)"""

FOLD = """
WITH taken AS (
    DELETE FROM documents_termchange WHERE id IN (SELECT id FROM documents_termchange ORDER BY id LIMIT %s)
    RETURNING audience_id, language, chunks, length, terms, counts
), languages AS (
    INSERT INTO documents_languagecount (audience_id, language, chunks, length)
    SELECT audience_id, language, sum(chunks), sum(length) FROM taken GROUP BY audience_id, language
    ON CONFLICT (audience_id, language) DO UPDATE SET
        chunks = documents_languagecount.chunks + EXCLUDED.chunks,
        length = documents_languagecount.length + EXCLUDED.length
), terms AS (
    INSERT INTO documents_termcount (term, audience_id, chunks)
    SELECT term, audience_id, sum(count) FROM taken, unnest(terms, counts) AS held(term, count)
    GROUP BY term, audience_id HAVING sum(count) <> 0
    ON CONFLICT (term, audience_id) DO UPDATE SET chunks = documents_termcount.chunks + EXCLUDED.chunks
)
SELECT count(*) FROM taken
"""
FORGET = "DELETE FROM documents_termcount WHERE chunks = 0; DELETE FROM documents_languagecount WHERE chunks = 0"

Terms = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Words:
    """The language of a text, empty where it is not known, and the terms of its chunks; None for one left out."""

    language: str
    of_chunks: list[Terms | None]


def words_of(text: str, title: str, drafts: Iterable[Draft], language: str | None = None) -> Words:
    """The words of a text that is cut into these drafts; its language, unless it is given, is told from the text."""
    language = language_of(text) if language is None else language
    return Words(language, [terms_of(draft, title, language) for draft in drafts])


def terms_of(draft: Draft, title: str, language: str) -> Terms | None:
    """How often each term comes in what is read of a chunk, its title and headings; None for one left out."""
    if draft.excluded:
        return None
    text = draft.chunk.text if draft.edited_text is None else draft.edited_text
    return chunk_terms(f"{draft.chunk.context}\n{text}", language, f"{title}\n{draft.chunk.heading}")


def copy_terms(audience_id: uuid.UUID, chunk_ids: Iterable[int], words: Words) -> None:
    """Write the terms of new chunks; call it inside a transaction that holds their document, whose audience it is."""
    reference = LexicalReference.current()
    language = words.language.encode()

    def rows() -> Iterator[tuple[bytes, ...]]:
        for chunk_id, counted in zip(chunk_ids, words.of_chunks, strict=True):
            if counted is not None:
                made = postings(counted, reference)
                yield (
                    bigint(chunk_id), audience_id.bytes, language, integer(made.length), double(reference),
                    integers(made.ids), sparsevec(made.ids, made.weights),
                )  # fmt: skip

    copy_rows(COPY, rows())


def replace_terms(chunk: Chunk) -> None:
    """Give a stored chunk its terms anew, in the place of those it had; call it inside a transaction."""
    audience_id = audiences_of([chunk.document_id])[chunk.document_id]
    ChunkTerms.objects.filter(chunk=chunk).delete()
    version = chunk.version
    copy_terms(audience_id, [chunk.pk], words_of("", version.title, [draft_of(chunk)], _language(version)))


def fold_counts(*, at_least: int = 1) -> bool:
    """Fold noted changes into the counts when there are ``at_least`` so many; whether it was done.

    The weights of all chunks are made anew, slice by slice, once their mean length has departed from the reference.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT FROM documents_termchange LIMIT %s) AS noted", [at_least])
        if cursor.fetchone()[0] < at_least:
            return False
        with transaction.atomic():
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FOLD_LOCK])
            if not cursor.fetchone()[0]:
                return False
            cursor.execute(FOLD, [FOLDED_AT_ONCE])
            cursor.execute(FORGET)
            _follow_mean_length()
    return True


def catch_up_slice() -> bool:
    """Bring some chunks in line that have no terms, or weights of another reference; whether there is more to do."""
    until = time.monotonic() + SLICE_S
    while time.monotonic() < until:
        with transaction.atomic():
            state = LexicalReference.objects.select_for_update(skip_locked=True).order_by("pk").first()
            if state is None or state.looked_to >= state.look_until:
                return False
            chunks, there = _some_chunks(state)
            try:
                audiences_of((each.document_id for each in chunks), wait=False)
            except OperationalError:
                # Somebody just deletes or shares one of the documents, which goes over the same rows: next time.
                transaction.set_rollback(True)
                return False
            _look_at(state, chunks, there)
    return True


def _some_chunks(state: LexicalReference) -> tuple[list[Chunk], dict[int, ChunkTerms]]:
    """The next chunks to look at, held, and the terms that there are of them."""
    # One that is being changed or deleted this very moment gets its terms, or none, from that.
    some = Chunk.objects.select_related("version").select_for_update(of=("self",), no_key=True, skip_locked=True)
    chunks = list(some.filter(pk__gt=state.looked_to, pk__lte=state.look_until).order_by("pk")[:LOOKED_AT_ONCE])
    return chunks, ChunkTerms.objects.in_bulk([chunk.pk for chunk in chunks])


def _look_at(state: LexicalReference, chunks: list[Chunk], there: dict[int, ChunkTerms]) -> None:
    stale = []
    for chunk in chunks:
        row = there.get(chunk.pk)
        if row is None and not chunk.excluded:
            replace_terms(chunk)
        elif row is not None and row.reference != state.length:
            _weigh(row, state.length)
            stale.append(row)
    ChunkTerms.objects.bulk_update(stale, ["weights", "reference"], batch_size=100)
    state.looked_to = chunks[-1].pk if chunks else state.look_until
    state.save(update_fields=["looked_to"])


def _weigh(row: ChunkTerms, reference: float) -> None:
    held: Any = row.weights
    weights = against(np.array(held.values(), np.float32), row.length, row.reference, reference)
    row.weights = SparseVector(dict(zip(held.indices(), weights.tolist(), strict=True)), DIMENSIONS)
    row.reference = reference


def _follow_mean_length() -> None:
    totals = LanguageCount.objects.aggregate(chunks=Sum("chunks"), length=Sum("length"))
    if not totals["chunks"] or not totals["length"]:
        return
    mean = totals["length"] / totals["chunks"]
    state = LexicalReference.objects.select_for_update().order_by("pk").first() or LexicalReference(pk=1)
    if abs(mean / state.length - 1) <= DRIFT:
        return
    state.length, state.looked_to = float(mean), 0
    state.look_until = Chunk.objects.aggregate(last=Max("pk"))["last"] or 0
    state.save()


def _language(version: DocumentVersion) -> str:
    if version.language is None:
        version.language = language_of(version.text)
        DocumentVersion.objects.filter(pk=version.pk).update(language=version.language)
    return version.language
