"""The SQL statement that finds the candidates of both kinds and holds the permission condition.

Short statements before it read how rare the question's words are and which chunks hold them (``lexicon``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from documents.binary_rows import fetch_binary
from documents.models import EmbeddingSet
from documents.retrieval.lexicon import SPARE, Weighed, best_by_words, growth, sparse_text, weighed
from documents.retrieval.passages import Ranking
from documents.retrieval.scope import DOCUMENTS, Scope

EXACT_BELOW = 4000
"""With no more visible chunks than this all are compared: about as fast as the index, and nothing is missed."""

MOST_BY_WORDS = 30_000
"""So many of the best by words are looked at for those that are in documents which meet the filters."""

PREPARE = """
SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL hnsw.ef_search = 100;
SET LOCAL max_parallel_workers_per_gather = 0
"""
"""A filtered index scan goes on until it has enough rows that the asker may see, instead of stopping short. No parallel
workers: to start them costs more than the search."""

FIND = """
WITH asked AS MATERIALIZED (
    SELECT %(point)s::halfvec({dimensions}) AS point, %(weights)s::sparsevec AS weights
), allowed AS MATERIALIZED (SELECT ARRAY({allowed}) AS audiences), {matching}near AS MATERIALIZED (
    SELECT chunk_id AS id FROM documents_chunkembedding
    WHERE set_id = {set} AND audience_id = ANY((SELECT audiences FROM allowed)::uuid[]){near} LIMIT %(near)s
), worded AS MATERIALIZED (
    SELECT chunk_id AS id FROM documents_chunkterms AS terms
    WHERE audience_id = ANY((SELECT audiences FROM allowed)::uuid[]){worded}
    ORDER BY weights <#> (SELECT weights FROM asked), chunk_id LIMIT %(worded)s
), found AS (
    SELECT id, bool_or(by_meaning) AS by_meaning, bool_or(by_words) AS by_words FROM (
        SELECT id, true AS by_meaning, false AS by_words FROM near UNION ALL SELECT id, false, true FROM worded
    ) AS sides GROUP BY id
)
SELECT
    found.id,
    COALESCE(-(embedding.vector::halfvec({dimensions}) <#> (SELECT point FROM asked)), 0),
    COALESCE(-(terms.weights <#> (SELECT weights FROM asked)), 0),
    found.by_meaning, found.by_words
FROM found
JOIN documents_chunk AS chunk ON chunk.id = found.id
LEFT JOIN documents_chunkembedding AS embedding ON embedding.chunk_id = found.id AND embedding.set_id = {set}
LEFT JOIN documents_chunkterms AS terms ON terms.chunk_id = found.id
WHERE NOT chunk.excluded
"""
MATCHING = """matching AS MATERIALIZED (
    SELECT document.id FROM {documents}
    WHERE document.audience_id = ANY((SELECT audiences FROM allowed)::uuid[]) AND {conditions}
), """
BY_INDEX = " ORDER BY vector::halfvec({dimensions}) <#> (SELECT point FROM asked)"
ALL_COMPARED = " ORDER BY (vector::halfvec({dimensions}) <#> (SELECT point FROM asked)) + 0"
CHOSEN = " AND chunk_id = ANY(%(chosen)s::bigint[])"
WORDED = " AND weights <#> (SELECT weights FROM asked) < 0"
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


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a statement found, in no particular order, and the most that the words of any passage could score."""

    found: Ranking
    reach: float


@dataclass(frozen=True, slots=True)
class Words:
    """What the words of a question come to before its vector is known: weighed, and the best chunks by them.

    ``few``: what is left is little enough to be compared whole; of what filters leave then, nothing is ``chosen``.
    """

    asked: Weighed
    few: bool
    chosen: list[int] | None


def choose_by_words(scope: Scope, count: int, words: str | None) -> Words | None:
    """The first half of ``find_candidates``, which needs no vector: while it waits for the database, one is made."""
    if scope.allowed is None:
        return None
    asked = weighed(words, scope)
    few = asked.left <= EXACT_BELOW
    return Words(asked, few, None if few and scope.conditions else _chosen(asked, scope, count))


def find_candidates(
    scope: Scope, searched: EmbeddingSet, count: int, words: Words | None, vector: NDArray[Any] | None
) -> Candidates:
    """The ``count`` chunks nearest to ``vector`` and the ``count`` best by ``words``, within the ``scope``.

    A vector that is None is not asked for, and its score is 0 for all; nor are words that ask for nothing. Else each
    chunk has both scores, whichever side found it.
    """
    if scope.allowed is None or words is None:
        return Candidates(Ranking.empty(), 0.0)
    asked = words.asked
    parameters = {
        **scope.parameters,
        "point": vector_text(vector if vector is not None else np.zeros(searched.dimensions)),
        "near": count if vector is not None else 0,
        "weights": sparse_text(asked.words.ids, asked.words.idfs),
        "worded": count if asked.words.ids else 0,
    }
    if words.chosen is not None:
        parameters["chosen"] = words.chosen
    with connection.cursor() as cursor:
        # Sent together they are one transaction, and one way to the database and back.
        cursor.execute(f"{PREPARE};{_statement(scope, searched, few=words.few)}", parameters)
        while cursor.nextset():
            pass
        return Candidates(Ranking.of_rows(cursor.fetchall()), asked.words.reach)


def _chosen(asked: Weighed, scope: Scope, count: int) -> list[int]:
    """The best by words: with filters enough of them that, if words and filters have nothing to do with each other,
    twice as many as asked for meet the filters."""
    if not asked.words.ids:
        return []
    wanted = count + round(SPARE * growth(asked.seen))
    if scope.conditions:
        wanted = min(2 * wanted * asked.seen // max(asked.left, 1), MOST_BY_WORDS)
    return best_by_words(asked.words, scope, wanted)


def _statement(scope: Scope, searched: EmbeddingSet, *, few: bool) -> str:
    """FIND for a scope: what filters need is there only with filters."""
    known = {"dimensions": searched.dimensions, "set": searched.pk}
    order = (ALL_COMPARED if few else BY_INDEX).format(**known)
    parts = {"matching": "", "near": order, "worded": CHOSEN}
    if scope.conditions:
        passing = LEFT if few else PASSING
        matching = MATCHING.format(documents=DOCUMENTS, conditions=scope.conditions)
        parts = {"matching": matching, "near": passing + order, "worded": passing + (WORDED if few else CHOSEN)}
    return FIND.format(allowed=scope.allowed, **known, **parts)


def packed_tokens(searched: EmbeddingSet, chunk_ids: Sequence[int]) -> dict[int, bytes]:
    """The packed token vectors of these chunks in the searched set, where there are any."""
    return dict(fetch_binary(TOKENS, [list(chunk_ids), searched.pk]))


def texts_between(spans: Sequence[tuple[int, int, int]]) -> dict[tuple[int, int, int], str]:
    """The text of each span (version, start, end), where the version is still there.

    For what stands between two passages that a search has found for somebody, which are hidden from nobody who asks.
    """
    with connection.cursor() as cursor:
        cursor.execute(BETWEEN, [list(column) for column in zip(*spans, strict=True)])
        return {(version, start, end): text for version, start, end, text in cursor.fetchall()}


def vector_text(vector: NDArray[Any]) -> str:
    """A vector of single precision as PostgreSQL reads it: nine digits are all that it has."""
    return "[" + ",".join(["%.9g"] * len(vector)) % tuple(vector.tolist()) + "]"
