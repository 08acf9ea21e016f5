"""What a search gives: passages with their scores, and the steps that found them."""

import uuid
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A chunk as found for one question. ``text`` is the document's ``text[start:end]``.

    ``edited_text`` is what somebody wrote in its place, None where nobody did; ``context`` is the header of the table
    that the chunk continues, else empty.
    ``page`` is where it begins; ``pages`` holds number and start of each page it touches, offsets of the document.
    ``dense_score`` is the cosine of question and chunk, ``keyword_score`` BM25. ``score`` runs from 0 to 1: reranked
    it is the chance that the passage answers, else it joins the two, relative to the question's other candidates.
    ``by_meaning`` and ``by_words`` say which side found it; it has the scores of both.
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
    """What a search found, best first, and how; ``by_words``: by words alone, so that no similarity is known.

    ``candidates`` are all that either side found, in the order of the fusion and with its scores; ``reranked`` those
    that the reranker compared, in its order and with its scores, None where there was none or it kept the order.
    """

    passages: list[RetrievedPassage]
    steps: list[RetrievalStep]
    by_words: bool = False
    candidates: list[RetrievedPassage] = field(default_factory=list)
    reranked: list[RetrievedPassage] | None = None
