"""Passages that were found before, read once more: as they stand now, and only for those who may still see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from documents.retrieval.passages import RetrievedPassage
from documents.retrieval.scope import scope_of

if TYPE_CHECKING:
    from accounts.models import User

AGAIN = """
WITH allowed AS MATERIALIZED (SELECT ARRAY({allowed}) AS audiences), asked AS (
    SELECT * FROM unnest(%(chunks)s::bigint[], %(starts)s::int[], %(ends)s::int[])
        WITH ORDINALITY AS asked(chunk_id, start, "end", place)
)
SELECT
    asked.place, chunk.document_id, chunk.version_id, document.filename, document.title, chunk.heading,
    substring(version.text FROM asked.start + 1 FOR asked."end" - asked.start), chunk.source_id, source.name,
    ARRAY(
        SELECT ARRAY[number, start] FROM documents_documentpage AS page
        WHERE page.version_id = chunk.version_id AND page.start < asked."end" AND page."end" > asked.start
        ORDER BY number
    ),
    first.page, first.context, chunk.edited_text
FROM asked
JOIN documents_chunk AS chunk ON chunk.id = asked.chunk_id AND NOT chunk.excluded
JOIN LATERAL (
    SELECT part.page, part.context FROM documents_chunk AS part
    WHERE part.version_id = chunk.version_id AND part.start = asked.start ORDER BY part.ordinal LIMIT 1
) AS first ON true
JOIN documents_document AS document ON document.id = chunk.document_id
JOIN documents_documentversion AS version ON version.id = chunk.version_id
JOIN documents_datasource AS source ON source.id = chunk.source_id
WHERE document.audience_id = ANY((SELECT audiences FROM allowed)::uuid[]) AND NOT EXISTS (
    SELECT FROM documents_chunk AS part
    WHERE part.version_id = chunk.version_id AND part.id <> chunk.id
        AND part.start >= asked.start AND part."end" <= asked."end"
        AND (part.excluded OR part.edited_text IS NOT NULL)
)
"""
COLUMNS = (
    "document_id", "version_id", "filename", "title", "heading", "text", "source_id", "source_name", "pages", "page",
    "context", "edited_text",
)  # fmt: skip
"""What AGAIN selects after the place, as the fields of a passage."""


@dataclass(frozen=True, slots=True)
class Span:
    """A passage as an answer keeps it: its chunk, its place in the text of a document's version, and its scores.

    ``edited``: what was read there had been written in the document's place.
    """

    chunk_id: int
    version_id: int
    start: int
    end: int
    edited: bool
    score: float
    dense_score: float
    keyword_score: float


def read_again(user: "User", spans: Sequence[Span]) -> list[RetrievedPassage | None]:
    """The passages at these spans as ``user`` may read them, in the same order; one statement.

    None stands for one that is gone, hidden from ``user``, excluded, or changed by an edit since.
    """
    scope = scope_of(user, None, ())
    if scope.allowed is None or not spans:
        return [None] * len(spans)
    found: list[RetrievedPassage | None] = [None] * len(spans)
    parameters = {
        **scope.parameters,
        "chunks": [span.chunk_id for span in spans],
        "starts": [span.start for span in spans],
        "ends": [span.end for span in spans],
    }
    with connection.cursor() as cursor:
        cursor.execute(AGAIN.format(allowed=scope.allowed), parameters)
        for place, *values in cursor.fetchall():
            span, named = spans[place - 1], dict(zip(COLUMNS, values, strict=True))
            is_edited = named["edited_text"] is not None
            if named["version_id"] != span.version_id or is_edited != span.edited:
                continue
            named["pages"] = tuple((number, start) for number, start in named["pages"])
            found[place - 1] = RetrievedPassage(
                chunk_id=span.chunk_id,
                start=span.start,
                end=span.end,
                score=span.score,
                dense_score=span.dense_score,
                keyword_score=span.keyword_score,
                **named,
            )
    return found
