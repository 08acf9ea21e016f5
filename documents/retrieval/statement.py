"""The SQL statement that finds the candidates of both kinds and holds the permission condition.

One short statement before it reads how rare the question's words are (``lexicon``).
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from numpy.typing import NDArray

from documents.models import EmbeddingSet
from documents.retrieval.filters import Filter
from documents.retrieval.lexicon import weighed
from documents.retrieval.passages import RetrievedPassage
from documents.retrieval.scope import DOCUMENTS, Scope, scope_of
from rag.lexical.postings import DIMENSIONS, NOTHING_ASKED

if TYPE_CHECKING:
    from accounts.models import User

EXACT_BELOW = 4000
"""With no more visible chunks than this all are compared: about as fast as the index, and nothing is missed."""

PREPARE = """
SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL hnsw.ef_search = 100;
SET LOCAL max_parallel_workers_per_gather = 0
"""
"""A filtered index scan goes on until it has enough rows that the asker may see, instead of stopping short. No parallel
workers: they would be started for a branch of the statement that is not taken, which costs more than the search."""

FIND = """
WITH allowed AS MATERIALIZED (
    SELECT ARRAY({allowed}) AS audiences
), {matching}visible AS MATERIALIZED (
    {visible}
), near AS MATERIALIZED (
    (
        SELECT chunk_id AS id FROM documents_chunkembedding
        WHERE set_id = {set} AND (SELECT chunks FROM visible) > {exact}
        AND audience_id = ANY((SELECT audiences FROM allowed)::uuid[]){passing}
        ORDER BY vector::halfvec({dimensions}) <#> %(point)s::halfvec({dimensions}) LIMIT %(near)s
    ) UNION ALL (
        SELECT chunk_id AS id FROM documents_chunkembedding
        WHERE set_id = {set} AND (SELECT chunks FROM visible) <= {exact}
        AND audience_id = ANY((SELECT audiences FROM allowed)::uuid[]){left}
        ORDER BY (vector::halfvec({dimensions}) <#> %(point)s::halfvec({dimensions})) + 0 LIMIT %(near)s
    )
), worded AS MATERIALIZED (
    {worded}
), found AS (
    SELECT id, bool_or(by_meaning) AS by_meaning, bool_or(by_words) AS by_words FROM (
        SELECT id, true AS by_meaning, false AS by_words FROM near UNION ALL SELECT id, false, true FROM worded
    ) AS sides GROUP BY id
)
SELECT
    chunk.id, chunk.document_id, chunk.version_id, document.filename, document.title, chunk.heading, chunk.text,
    chunk.start, chunk."end", chunk.page, chunk.context, chunk.edited_text, chunk.source_id, source.name,
    COALESCE(-(embedding.vector::halfvec({dimensions}) <#> %(point)s::halfvec({dimensions})), 0),
    COALESCE(-(terms.weights <#> %(weights)s::sparsevec), 0),
    ARRAY(
        SELECT ARRAY[number, start] FROM documents_documentpage AS page
        WHERE page.version_id = chunk.version_id AND page.start < chunk."end" AND page."end" > chunk.start
        ORDER BY number
    ),
    found.by_meaning, found.by_words
FROM found
JOIN documents_chunk AS chunk ON chunk.id = found.id
JOIN documents_document AS document ON document.id = chunk.document_id
JOIN documents_datasource AS source ON source.id = chunk.source_id
LEFT JOIN documents_chunkembedding AS embedding ON embedding.chunk_id = chunk.id AND embedding.set_id = {set}
LEFT JOIN documents_chunkterms AS terms ON terms.chunk_id = chunk.id
WHERE NOT chunk.excluded
"""
MATCHING = """matching AS MATERIALIZED (
    SELECT document.id, document.chunk_count FROM {documents}
    WHERE document.audience_id = ANY((SELECT audiences FROM allowed)::uuid[]) AND {conditions}
), """
VISIBLE = """SELECT count(*) AS chunks FROM (
        SELECT FROM documents_chunkembedding
        WHERE set_id = {set} AND audience_id = ANY((SELECT audiences FROM allowed)::uuid[]) LIMIT {exact} + 1
    ) AS bounded"""
VISIBLE_MATCHING = "SELECT COALESCE(sum(chunk_count), 0) AS chunks FROM matching"
WORDED = """SELECT chunk_id AS id FROM documents_chunkterms
    WHERE keys && %(keys)s::int[] AND audience_id = ANY((SELECT audiences FROM allowed)::uuid[]){passing}
    ORDER BY weights <#> %(weights)s::sparsevec, chunk_id LIMIT %(worded)s"""
WORDED_ALL = """SELECT chunk_id AS id FROM documents_chunkterms
    WHERE audience_id = ANY((SELECT audiences FROM allowed)::uuid[])
    AND weights <#> %(weights)s::sparsevec < 0{passing}
    ORDER BY weights <#> %(weights)s::sparsevec, chunk_id LIMIT %(worded)s"""
WORDED_MATCHING = "({many}) UNION ALL ({few})"
MANY = " AND (SELECT chunks FROM visible) > {exact}"
FEW = " AND (SELECT chunks FROM visible) <= {exact}"
PASSING = """
        AND ((SELECT document_id FROM documents_chunk WHERE id = chunk_id) IN (SELECT id FROM matching)) IS TRUE"""
"""Looked up for each row that an index gives, which keeps the index's order."""

LEFT = """
        AND chunk_id IN (SELECT chunk.id FROM matching JOIN documents_chunk AS chunk ON document_id = matching.id)"""
"""For a few documents: their chunks are looked up, no index is searched."""

TOKENS = """SELECT chunk_id, tokens FROM documents_chunkembedding
WHERE chunk_id = ANY(%s) AND set_id = %s AND tokens IS NOT NULL"""

BETWEEN = """SELECT asked.version_id, asked.start, asked."end",
    substring(version.text FROM asked.start + 1 FOR asked."end" - asked.start)
FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS asked(version_id, start, "end")
JOIN documents_documentversion AS version ON version.id = asked.version_id"""

COLUMNS = (
    "chunk_id", "document_id", "version_id", "filename", "title", "heading", "text", "start", "end", "page",
    "context", "edited_text", "source_id", "source_name", "dense_score", "keyword_score", "pages",
    "by_meaning", "by_words",
)  # fmt: skip
"""What FIND selects, as the fields of a passage."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a statement found, in no particular order, and the most that the words of any passage could score."""

    passages: list[RetrievedPassage]
    reach: float


def find_candidates(
    user: "User | AnonymousUser",
    searched: EmbeddingSet,
    count: int,
    *,
    words: str | None,
    vector: NDArray[Any] | None,
    sources: list[uuid.UUID] | None,
    filters: Sequence[Filter] = (),
) -> Candidates:
    """The ``count`` chunks nearest to ``vector`` and the ``count`` best by ``words``, among those ``user`` may see.

    A side that is None is not asked, and its score is 0 for all; else each has both scores, whichever side found it.
    ``sources`` narrows the search to these, ``filters`` to documents that meet all of them. In no particular order,
    with ``score`` still 0.
    """
    scope = scope_of(user, sources, filters)
    if scope.allowed is None:
        return Candidates([], 0.0)
    asked = weighed(words, scope) if words is not None else NOTHING_ASKED
    parameters = {
        **scope.parameters,
        "point": vector_text(vector if vector is not None else np.zeros(searched.dimensions)),
        "near": count if vector is not None else 0,
        "keys": list(asked.keys),
        "weights": sparse_text(asked.ids, asked.idfs),
        "worded": count if asked.ids else 0,
    }
    worded = WORDED if asked.keys else WORDED_ALL
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PREPARE)
        cursor.execute(_statement(scope, searched, worded), parameters)
        rows = cursor.fetchall()
    return Candidates([_passage(row) for row in rows], asked.reach)


def _statement(scope: Scope, searched: EmbeddingSet, worded: str) -> str:
    """FIND for a scope: what filters need is there only with filters."""
    known = {"exact": EXACT_BELOW, "dimensions": searched.dimensions, "set": searched.pk}
    if not scope.conditions:
        parts = {"matching": "", "visible": VISIBLE.format(**known), "passing": "", "left": ""}
        return FIND.format(allowed=scope.allowed, worded=worded.format(passing=""), **known, **parts)
    return FIND.format(
        allowed=scope.allowed,
        matching=MATCHING.format(documents=DOCUMENTS, conditions=scope.conditions),
        visible=VISIBLE_MATCHING,
        passing=PASSING,
        left=LEFT,
        worded=WORDED_MATCHING.format(
            many=worded.format(passing=PASSING + MANY.format(**known)),
            few=worded.format(passing=LEFT + FEW.format(**known)),
        ),
        **known,
    )


def packed_tokens(searched: EmbeddingSet, chunk_ids: Sequence[int]) -> dict[int, bytes]:
    """The packed token vectors of these chunks in the searched set, where there are any."""
    with connection.cursor() as cursor:
        cursor.execute(TOKENS, [list(chunk_ids), searched.pk])
        return {chunk_id: bytes(tokens) for chunk_id, tokens in cursor.fetchall()}


def texts_between(spans: Sequence[tuple[int, int, int]]) -> dict[tuple[int, int, int], str]:
    """The text of each span (version, start, end), where the version is still there.

    For what stands between two passages that a search has found for somebody, which are hidden from nobody who asks.
    """
    with connection.cursor() as cursor:
        cursor.execute(BETWEEN, [list(column) for column in zip(*spans, strict=True)])
        return {(version, start, end): text for version, start, end, text in cursor.fetchall()}


def _passage(row: tuple[Any, ...]) -> RetrievedPassage:
    named = dict(zip(COLUMNS, row, strict=True))
    named["dense_score"] = round(max(-1.0, min(1.0, named["dense_score"])), 6)
    named["keyword_score"] = round(named["keyword_score"], 6)
    named["pages"] = tuple((number, start) for number, start in named["pages"])
    return RetrievedPassage(score=0.0, **named)


def vector_text(vector: NDArray[Any]) -> str:
    """A vector as PostgreSQL reads it."""
    return "[" + ",".join(map(str, vector.tolist())) + "]"


def sparse_text(ids: Iterable[int], values: Iterable[float]) -> str:
    """A sparse vector as PostgreSQL reads it; ``ids`` count from 1."""
    places = ",".join(f"{each}:{value:.6g}" for each, value in zip(ids, values, strict=True))
    return f"{{{places}}}/{DIMENSIONS}"
