"""What a search gives: a ranking of chunks, the passages that are read of it, and the steps that found them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from documents.retrieval.scope import Scope

READ = """
WITH allowed AS MATERIALIZED (SELECT ARRAY({allowed}) AS audiences)
SELECT
    chunk.id, chunk.document_id, chunk.version_id, document.filename, document.title, chunk.heading, chunk.text,
    chunk.start, chunk."end", chunk.page, chunk.source_id, source.name,
    ARRAY(
        SELECT ARRAY[number, start] FROM documents_documentpage AS page
        WHERE page.version_id = chunk.version_id AND page.start < chunk."end" AND page."end" > chunk.start
        ORDER BY number
    ),
    chunk.context, chunk.edited_text, chunk.tokens
FROM documents_chunk AS chunk
JOIN documents_document AS document ON document.id = chunk.document_id
JOIN documents_datasource AS source ON source.id = chunk.source_id
WHERE chunk.id = ANY(%(read)s::bigint[]) AND document.audience_id = ANY((SELECT audiences FROM allowed)::uuid[])
"""
COLUMNS = (
    "document_id", "version_id", "filename", "title", "heading", "text", "start", "end", "page",
    "source_id", "source_name", "pages", "context", "edited_text", "tokens",
)  # fmt: skip
"""What READ selects after the id, as the fields of a passage."""


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A chunk as found for one question. ``text`` is the document's ``text[start:end]``.

    ``edited_text`` is what somebody wrote in its place, None where nobody did; ``context`` is the header of the table
    that the chunk continues, else empty.
    ``page`` is where it begins; ``pages`` holds number and start of each page it touches, offsets of the document.
    ``dense_score`` is the cosine of question and chunk, ``keyword_score`` BM25. ``score`` runs from 0 to 1: reranked
    it is the chance that the passage answers, else it joins the two, relative to the question's other candidates.
    ``by_meaning`` and ``by_words`` say which side found it; it has the scores of both. ``tokens`` are those of ``text``
    as they were counted when it was cut, None where nobody has.
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
    by_meaning: bool = False
    by_words: bool = False
    tokens: int | None = None

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
class Ranking:
    """Chunks with their scores, all of the shape (chunks,), best first once they are ``ordered``.

    The fields mean what they do in ``RetrievedPassage``; texts are read only of those that are looked at.
    """

    ids: NDArray[np.int64]
    dense: NDArray[np.float64]
    keyword: NDArray[np.float64]
    by_meaning: NDArray[np.bool_]
    by_words: NDArray[np.bool_]
    scores: NDArray[np.float64]

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[int, float, float, bool, bool]]) -> "Ranking":
        """Of id, cosine, BM25, and which sides found it; not ordered yet."""
        ids, dense, keyword, by_meaning, by_words = zip(*rows, strict=True) if rows else ((),) * 5
        return cls(
            np.array(ids, np.int64),
            _rounded(np.clip(np.array(dense, np.float64), -1.0, 1.0)),
            _rounded(np.array(keyword, np.float64)),
            np.array(by_meaning, np.bool_),
            np.array(by_words, np.bool_),
            np.zeros(len(ids)),
        )

    @classmethod
    def empty(cls) -> "Ranking":
        """One of nothing."""
        return cls.of_rows([])

    def __len__(self) -> int:
        return len(self.ids)

    def ordered(self, scores: NDArray[np.floating[Any]]) -> "Ranking":
        """The same by these scores, best first; of equal ones the nearer by meaning, then the older."""
        rounded = _rounded(scores)
        order = np.lexsort((self.ids, -self.dense, -rounded))
        return Ranking(
            self.ids[order], self.dense[order], self.keyword[order], self.by_meaning[order], self.by_words[order],
            rounded[order],
        )  # fmt: skip

    def first(self, count: int) -> "Ranking":
        """The first ``count``."""
        return Ranking(
            self.ids[:count], self.dense[:count], self.keyword[:count], self.by_meaning[:count],
            self.by_words[:count], self.scores[:count],
        )  # fmt: skip

    def passages(self, scope: Scope) -> list["RetrievedPassage"]:
        """Read them, in this order; what is gone or no more in the ``scope`` is left out. Costs one statement."""
        if scope.allowed is None or not len(self):
            return []
        with connection.cursor() as cursor:
            cursor.execute(READ.format(allowed=scope.allowed), {**scope.parameters, "read": self.ids.tolist()})
            read: dict[int, tuple[Any, ...]] = {row[0]: row[1:] for row in cursor.fetchall()}
        columns = (self.ids, self.scores, self.dense, self.keyword, self.by_meaning, self.by_words)
        made = []
        for chunk_id, score, dense, keyword, by_meaning, by_words in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            if chunk_id not in read:
                continue
            named = dict(zip(COLUMNS, read[chunk_id], strict=True))
            named["pages"] = tuple((number, start) for number, start in named["pages"])
            made.append(
                RetrievedPassage(
                    chunk_id=chunk_id,
                    score=score,
                    dense_score=dense,
                    keyword_score=keyword,
                    by_meaning=by_meaning,
                    by_words=by_words,
                    **named,
                )
            )
        return made


@dataclass(frozen=True, slots=True)
class RetrievalStep:
    """One step as a trace records it, with its milliseconds; no text of a document."""

    name: str
    ms: float
    input: dict[str, Any]
    output: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a search found, best first, and how; ``by_words``: by words alone, so that no similarity is known.

    Where they were asked for, ``candidates`` are all that either side found, in the order of the fusion and with its
    scores, and ``reranked`` those that the reranker compared, in its order and with its scores, None where there was
    none or it kept the order.
    """

    passages: list[RetrievedPassage]
    steps: list[RetrievalStep]
    by_words: bool = False
    candidates: list[RetrievedPassage] = field(default_factory=list)
    reranked: list[RetrievedPassage] | None = None


def _rounded(scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.asarray(np.round(scores.astype(np.float64), 6), np.float64)
