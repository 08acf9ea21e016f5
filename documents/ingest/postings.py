"""Keeps the postings of terms behind the chunks: what searches have read one by one until then is put into blocks.

Triggers note chunks whose terms are not in the postings yet (``UnpostedChunk``) and postings of chunks that are gone or
have changed (``StalePosting``). Searches heed both, so nothing waits for this; but each such chunk costs every search
some microseconds.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from documents.binary_rows import fetch_binary
from documents.ingest.binary_copy import copy_rows, integer
from rag.lexical.postings import BLOCK, ENTRY, entries_of

POSTED_FROM = 512
"""So many chunks may wait: to add few to a block costs nearly what adding many does."""

POSTED_AT_ONCE = 2000
CLEANED_AT_ONCE = 500
POST_LOCK = 7_263_002
"""Of PostgreSQL's advisory locks: one process at a time writes postings."""

WAITING = """
SELECT (SELECT count(*) FROM (SELECT FROM documents_unpostedchunk LIMIT %s) AS unposted)
    + (SELECT count(*) FROM (SELECT FROM documents_staleposting LIMIT %s) AS stale)
"""
EMPTY_AUDIENCES = """
SELECT DISTINCT audience_id FROM documents_staleposting AS stale
WHERE NOT EXISTS (SELECT FROM documents_chunkterms AS terms WHERE terms.audience_id = stale.audience_id)
"""
TAKE_STALE = """
DELETE FROM documents_staleposting WHERE (chunk_id, audience_id) IN (
    SELECT chunk_id, audience_id FROM documents_staleposting ORDER BY chunk_id LIMIT %s
) RETURNING chunk_id, audience_id, terms
"""
# One that is changed or deleted this very moment is left for the next time; so is one with stale postings.
TAKE_UNPOSTED = """
DELETE FROM documents_unpostedchunk WHERE chunk_id IN (
    SELECT chunk_id FROM documents_unpostedchunk AS waiting
    WHERE NOT EXISTS (SELECT FROM documents_staleposting AS stale WHERE stale.chunk_id = waiting.chunk_id)
    ORDER BY chunk_id LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING chunk_id, audience_id
"""
HELD = """SELECT term, entries FROM documents_posting
WHERE term = ANY(%s) AND audience_id = %s AND block = %s"""
WEIGHTS = "SELECT chunk_id, sparsevec_send(weights) FROM documents_chunkterms WHERE chunk_id = ANY(%s)"

WRITTEN = "CREATE TEMPORARY TABLE written (LIKE documents_posting) ON COMMIT DROP"
COPY = "COPY written (term, audience_id, block, entries) FROM STDIN (FORMAT binary)"
ADD = """
INSERT INTO documents_posting (term, audience_id, block, entries)
SELECT term, audience_id, block, entries FROM written
ON CONFLICT (term, audience_id, block) DO UPDATE SET entries = documents_posting.entries || EXCLUDED.entries
"""
REPLACE = """
UPDATE documents_posting AS posting SET entries = written.entries FROM written
WHERE posting.term = written.term AND posting.audience_id = written.audience_id AND posting.block = written.block
"""
REMOVE = "DELETE FROM documents_posting WHERE term = ANY(%s) AND audience_id = %s AND block = %s"

SPARSE_HEAD = 12
"""Bytes: dimensions, how many, unused. Places from 0 and values follow, four bytes each."""

Rows = Iterable[tuple[int, uuid.UUID, int, bytes]]


def post_terms(*, at_least: int = POSTED_FROM) -> bool:
    """Bring the postings in line with some chunks when ``at_least`` so many wait; whether it was done."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [at_least, at_least])
        if cursor.fetchone()[0] < max(at_least, 1):
            return False
        with transaction.atomic():
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [POST_LOCK])
            if not cursor.fetchone()[0]:
                return False
            _forget_empty_audiences()
            cleaned = _clean()
            return _add() or cleaned


def _forget_empty_audiences() -> None:
    """Of a deleted data source no posting is looked at by itself."""
    with connection.cursor() as cursor:
        cursor.execute(EMPTY_AUDIENCES)
        empty = [row[0] for row in cursor.fetchall()]
        if empty:
            cursor.execute("DELETE FROM documents_posting WHERE audience_id = ANY(%s)", [empty])
            cursor.execute("DELETE FROM documents_staleposting WHERE audience_id = ANY(%s)", [empty])


def _clean() -> bool:
    """Take some stale entries out of the postings; whether there were any."""
    places: dict[tuple[uuid.UUID, int], list[int]] = defaultdict(list)
    terms: dict[tuple[uuid.UUID, int], set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(TAKE_STALE, [CLEANED_AT_ONCE])
        for chunk_id, audience_id, its in cursor.fetchall():
            places[audience_id, chunk_id // BLOCK].append(chunk_id % BLOCK)
            terms[audience_id, chunk_id // BLOCK].update(its)
        kept: list[tuple[int, uuid.UUID, int, bytes]] = []
        for (audience_id, block), gone in places.items():
            emptied = []
            for term, packed in fetch_binary(HELD, [list(terms[audience_id, block]), audience_id, block]):
                entries = np.frombuffer(packed, ENTRY)
                left = entries[~np.isin(entries["place"], gone)]
                if len(left):
                    kept.append((term, audience_id, block, left.tobytes()))
                else:
                    emptied.append(term)
            cursor.execute(REMOVE, [emptied, audience_id, block])
    if kept:
        _write(kept, REPLACE)
    return bool(places)


def _add() -> bool:
    """Put some chunks into the postings of their terms; whether there were any."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_UNPOSTED, [POSTED_AT_ONCE])
        audiences = dict(cursor.fetchall())
    weights: dict[int, bytes] = dict(fetch_binary(WEIGHTS, [list(audiences)]))
    of_audience: dict[uuid.UUID, list[int]] = defaultdict(list)
    for chunk_id in sorted(weights):
        of_audience[audiences[chunk_id]].append(chunk_id)
    rows = [row for audience_id, ids in of_audience.items() for row in _postings(audience_id, ids, weights)]
    if rows:
        _write(rows, ADD)
    return bool(audiences)


def _postings(audience_id: uuid.UUID, chunk_ids: Sequence[int], weights: dict[int, bytes]) -> Rows:
    """The postings of these chunks, which are one audience's, by term and block."""
    terms: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float32]] = []
    for chunk_id in chunk_ids:
        sent = np.frombuffer(weights[chunk_id], ">i4", offset=SPARSE_HEAD)
        half = len(sent) // 2
        terms.append(sent[:half].astype(np.int64) + 1)
        values.append(sent[half:].view(">f4").astype(np.float32))
    of_chunk = np.repeat(np.array(chunk_ids, np.int64), [len(each) for each in terms])
    of_term, of_block = np.concatenate(terms), of_chunk // BLOCK
    entries = entries_of(of_chunk, np.concatenate(values))
    order = np.lexsort((of_chunk, of_block, of_term))
    of_term, of_block, entries = of_term[order], of_block[order], entries[order]
    begins = np.flatnonzero(np.diff(of_term, prepend=-1) | np.diff(of_block, prepend=-1))
    for begin, end in zip(begins.tolist(), [*begins.tolist()[1:], len(of_term)], strict=True):
        yield int(of_term[begin]), audience_id, int(of_block[begin]), entries[begin:end].tobytes()


def _write(rows: Rows, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.written")
        cursor.execute(WRITTEN)
        copy_rows(COPY, ((integer(term), audience.bytes, integer(block), its) for term, audience, block, its in rows))
        cursor.execute(statement)
