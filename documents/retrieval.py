"""Search: the chunks that answer a question, by meaning and by words, among those the asker may see.

One SQL statement finds the candidates of both kinds and holds the permission condition; the scores are fused here.
"""

import logging
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from numpy.typing import NDArray

from documents.embedders import embedder_of, note_search, searched_set
from documents.models import DataSource, EmbeddingSet
from rag.errors import EmbeddingError

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger(__name__)

CANDIDATES = 50
"""Taken from each side, unless more passages are asked for."""

MAX_PASSAGES = 100
EXACT_BELOW = 4000
"""With no more visible chunks than this all are compared: about as fast as the index, and nothing is missed."""

DENSE_WEIGHT = 0.5
MAX_QUESTION_CHARS = 20_000

PREPARE = "SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL hnsw.ef_search = 100"
"""A filtered index scan goes on until it has enough rows that the asker may see, instead of stopping short."""

FIND = """
WITH question AS MATERIALIZED (
    SELECT replace(plainto_tsquery('english', %s)::text, ''' & ''', ''' | ''')::tsquery AS words
), allowed AS MATERIALIZED (
    SELECT ARRAY({allowed}) AS sources
), visible AS MATERIALIZED (
    SELECT count(*) AS chunks FROM (
        SELECT FROM documents_chunkembedding
        WHERE set_id = {set} AND source_id = ANY((SELECT sources FROM allowed)::uuid[]) LIMIT {exact} + 1
    ) AS bounded
), near AS MATERIALIZED (
    (
        SELECT chunk_id AS id FROM documents_chunkembedding
        WHERE set_id = {set} AND (SELECT chunks FROM visible) > {exact}
        AND source_id = ANY((SELECT sources FROM allowed)::uuid[])
        ORDER BY vector::halfvec({dimensions}) <#> %s::halfvec({dimensions}) LIMIT %s
    ) UNION ALL (
        SELECT chunk_id AS id FROM documents_chunkembedding
        WHERE set_id = {set} AND (SELECT chunks FROM visible) <= {exact}
        AND source_id = ANY((SELECT sources FROM allowed)::uuid[])
        ORDER BY (vector::halfvec({dimensions}) <#> %s::halfvec({dimensions})) + 0 LIMIT %s
    )
), worded AS MATERIALIZED (
    SELECT id FROM documents_chunk
    WHERE search @@ (SELECT words FROM question) AND source_id = ANY((SELECT sources FROM allowed)::uuid[])
    ORDER BY ts_rank(search, (SELECT words FROM question)) DESC, id LIMIT %s
), found AS (
    SELECT id FROM near UNION SELECT id FROM worded
)
SELECT
    chunk.id, chunk.document_id, chunk.version_id, document.filename, document.title, chunk.heading, chunk.text,
    chunk.start, chunk."end", chunk.page, chunk.context, chunk.edited_text, chunk.source_id, source.name,
    COALESCE(-(embedding.vector::halfvec({dimensions}) <#> %s::halfvec({dimensions})), 0),
    COALESCE(ts_rank(chunk.search, (SELECT words FROM question)), 0),
    ARRAY(
        SELECT ARRAY[number, start] FROM documents_documentpage AS page
        WHERE page.version_id = chunk.version_id AND page.start < chunk."end" AND page."end" > chunk.start
        ORDER BY number
    )
FROM found
JOIN documents_chunk AS chunk ON chunk.id = found.id
JOIN documents_document AS document ON document.id = chunk.document_id
JOIN documents_datasource AS source ON source.id = chunk.source_id
LEFT JOIN documents_chunkembedding AS embedding ON embedding.chunk_id = chunk.id AND embedding.set_id = {set}
WHERE NOT chunk.excluded
"""


COLUMNS = (
    "chunk_id", "document_id", "version_id", "filename", "title", "heading", "text", "start", "end", "page",
    "context", "edited_text", "source_id", "source_name", "dense_score", "keyword_score", "pages",
)  # fmt: skip
"""What FIND selects, as the fields of a passage."""


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A chunk as found for one question. ``text`` is the document's ``text[start:end]``.

    ``edited_text`` is what somebody wrote in its place, None where nobody did; ``context`` is the header of the table
    that the chunk continues, else empty.
    ``page`` is where it begins; ``pages`` holds number and start of each page it touches, offsets of the document.
    ``dense_score`` is the cosine of question and chunk, ``keyword_score`` PostgreSQL's ``ts_rank``; ``score`` joins
    them and runs from 0 to 1, relative to the other candidates of the same question.
    """

    chunk_id: int
    document_id: uuid.UUID
    version_id: int
    filename: str
    title: str
    heading: str
    text: str
    start: int
    end: int
    page: int | None
    score: float
    dense_score: float
    keyword_score: float
    source_id: uuid.UUID
    source_name: str
    pages: tuple[tuple[int, int], ...] = ()
    context: str = ""
    edited_text: str | None = None

    @property
    def read_text(self) -> str:
        """What a model reads of the passage: the edited text where there is one, below the table's header."""
        body = self.text if self.edited_text is None else self.edited_text
        return f"{self.context}\n{body}" if self.context else body

    @property
    def edited(self) -> bool:
        """Whether what is read is not the document's own text."""
        return self.edited_text is not None

    def cited_span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the document's text behind ``read_text[start:end]``.

        An edited text has no place of its own in the document: it rests on the whole chunk. The repeated header of a
        table counts as the rows it stands above; when it is cited alone, as the first of them.
        """
        if self.edited_text is not None:
            return self.start, self.end
        lead = len(self.context) + 1 if self.context else 0
        if lead and end <= lead:
            row_end = self.text.find("\n")
            return self.start, self.start + (row_end if row_end > 0 else len(self.text))
        return self.start + max(start - lead, 0), self.start + min(end - lead, len(self.text))

    def page_at(self, offset: int) -> int | None:
        """The page that holds ``offset``, a position in the document's text; None where there are no pages."""
        begun = [number for number, start in self.pages if start <= offset]
        return begun[-1] if begun else self.page


@dataclass(frozen=True, slots=True)
class RetrievalStep:
    """One step as a trace records it, with its milliseconds; no text of a document."""

    name: str
    ms: float
    input: dict[str, Any]
    output: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a search found, best first, and how; ``by_words``: by words alone, so that no similarity is known."""

    passages: list[RetrievedPassage]
    steps: list[RetrievalStep]
    by_words: bool = False


def search(
    *,
    user: "User | AnonymousUser",
    query: str,
    limit: int = 8,
    sources: Iterable[uuid.UUID] | None = None,
) -> Retrieval:
    """Find at most ``limit`` passages that ``user`` may see, best first.

    ``sources`` narrows the search to these data sources; None means all that are visible, an empty one finds nothing.
    Safe in any thread. Costs one embedding and one statement, and one more now and then
    that asks which vectors to search.
    """
    limit = max(1, min(limit, MAX_PASSAGES))
    query = query.replace("\x00", " ")[:MAX_QUESTION_CHARS]
    started = time.perf_counter()
    searched = searched_set()
    vector, failure = _embedded(searched, query)
    known: dict[str, Any] = {"dimensions": searched.dimensions, "model": searched.name}
    if failure:
        known = {"error": failure, "searched_by": "words", "model": searched.name}
    embedded = RetrievalStep("embed_question", _ms(started), {"characters": len(query)}, known)
    started = time.perf_counter()
    wanted = None if sources is None else sorted(set(sources))
    candidates = _candidates(user, query, searched, vector, max(limit, CANDIDATES), wanted)
    asked = {"per_side": max(limit, CANDIDATES), "sources": None if wanted is None else list(map(str, wanted))}
    retrieved = RetrievalStep("retrieve", _ms(started), asked, {"candidates": len(candidates)})
    started = time.perf_counter()
    passages = fuse(candidates)
    scored = [
        {"chunk": each.chunk_id, "score": each.score, "dense": each.dense_score, "keyword": each.keyword_score}
        for each in passages
    ]
    fused = RetrievalStep(
        "fuse", _ms(started), {"candidates": len(candidates), "dense_weight": DENSE_WEIGHT}, {"candidates": scored}
    )
    return Retrieval(passages[:limit], [embedded, retrieved, fused], by_words=vector is None)


def fuse(candidates: Sequence[RetrievedPassage]) -> list[RetrievedPassage]:
    """Order candidates by the weighted sum of both scores, each stretched to 0..1 over the candidates."""
    dense = _stretched([each.dense_score for each in candidates])
    keyword = _stretched([each.keyword_score for each in candidates])
    joined = [DENSE_WEIGHT * one + (1 - DENSE_WEIGHT) * other for one, other in zip(dense, keyword, strict=True)]
    scored = [replace(each, score=round(score, 6)) for each, score in zip(candidates, joined, strict=True)]
    return sorted(scored, key=lambda each: (-each.score, -each.dense_score, each.chunk_id))


def _stretched(scores: list[float]) -> list[float]:
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    # Without a spread the side says nothing about the order; a single hit still counts as one.
    return [(score - low) / (high - low) if high > low else float(score > 0) for score in scores]


def _embedded(searched: EmbeddingSet, query: str) -> tuple[NDArray[Any] | None, str]:
    """The question's vector; or None and the reason, when the embedder is elsewhere and fails: words still find."""
    try:
        vector = embedder_of(searched).embed_query(query)
    except EmbeddingError as error:
        log.warning("retrieval: the question could not be embedded, searching by words alone: %s", error)
        note_search(searched, error)
        return None, error.code
    note_search(searched, None)
    return vector, ""


def _candidates(
    user: "User | AnonymousUser",
    query: str,
    searched: EmbeddingSet,
    vector: NDArray[Any] | None,
    count: int,
    sources: list[uuid.UUID] | None,
) -> list[RetrievedPassage]:
    allowed = DataSource.objects.visible_to(user).order_by()
    if sources is not None:
        allowed = allowed.filter(pk__in=sources)
    try:
        allowed_sql, allowed_parameters = allowed.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return []
    point = vector_text(vector if vector is not None else np.zeros(searched.dimensions))
    near = count if vector is not None else 0
    statement = FIND.format(allowed=allowed_sql, exact=EXACT_BELOW, dimensions=searched.dimensions, set=searched.pk)
    parameters = [query, *allowed_parameters, point, near, point, near, count, point]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PREPARE)
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    return [_passage(row) for row in rows]


def _passage(row: tuple[Any, ...]) -> RetrievedPassage:
    named = dict(zip(COLUMNS, row, strict=True))
    named["dense_score"] = round(max(-1.0, min(1.0, named["dense_score"])), 6)
    named["keyword_score"] = round(named["keyword_score"], 6)
    named["pages"] = tuple((number, start) for number, start in named["pages"])
    return RetrievedPassage(score=0.0, **named)


def vector_text(vector: NDArray[Any]) -> str:
    """A vector as PostgreSQL reads it."""
    return "[" + ",".join(map(str, vector.tolist())) + "]"


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
