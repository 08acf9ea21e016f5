"""The parts of an answer put together: the one place that numbers citations and counts offsets."""

from dataclasses import dataclass, field
from typing import Self

from chat.answering.pipeline import AnsweringPart, FiltersSaid, PassagesFound, SoFar, StepDone
from chat.events import CitationPayload, FilterPayload, PassagePayload
from documents.retrieval import RetrievedPassage
from rag.generation import CitationMade, Refusal, TextDelta


@dataclass(slots=True)
class AnswerDraft:
    """An answer as far as it has come. Offsets count code points of ``text``.

    One that ``goes_on`` has its passages and the first ``kept`` citations in rows already.
    """

    text: str = ""
    refused: bool = False
    filters: tuple[FilterPayload, ...] = ()
    passages: tuple[RetrievedPassage, ...] = ()
    citations: list[CitationPayload] = field(default_factory=list)
    steps: list[StepDone] = field(default_factory=list)
    goes_on: bool = False
    kept: int = 0

    @classmethod
    def going_on(cls, so_far: SoFar) -> Self:
        """An answer that was stopped and goes on from there."""
        citations = list(so_far.citations)
        return cls(so_far.text, passages=so_far.passages, citations=citations, goes_on=True, kept=len(citations))

    def add(self, part: AnsweringPart) -> CitationPayload | None:
        """Take in the next part; the finished citation when it is one."""
        match part:
            case TextDelta(text):
                self.text += text
            case CitationMade():
                citation = self._citation(part)
                self.citations.append(citation)
                return citation
            case FiltersSaid(filters):
                self.filters = filters
            case PassagesFound(passages):
                self.passages = passages
            case StepDone():
                self.steps.append(part)
            case Refusal():
                self.refused = True
        return None

    def passage_payloads(self) -> list[PassagePayload]:
        """The passages as browsers and the API get them."""
        return [passage_payload(rank, passage) for rank, passage in enumerate(self.passages, start=1)]

    def _citation(self, made: CitationMade) -> CitationPayload:
        passage = self.passages[made.passage_number - 1]
        start, end = passage.cited_span(made.source_start, made.source_end)
        return CitationPayload(
            number=self._number(passage, start, end),
            start=made.start,
            end=made.end,
            document_id=passage.document_id,
            filename=passage.filename,
            title=passage.title or passage.filename,
            chunk_id=passage.chunk_id,
            source_start=start,
            source_end=end,
            page=passage.page_at(start),
            quote=passage.text[start - passage.start : end - passage.start],
            passage_rank=made.passage_number,
            edited=passage.edited,
        )

    def _number(self, passage: RetrievedPassage, start: int, end: int) -> int:
        """A place that was cited before keeps its number, whichever chunk it is in; a new one gets the next."""
        for citation in self.citations:
            if (citation.document_id, citation.source_start, citation.source_end) == (passage.document_id, start, end):
                return citation.number
        return max((citation.number for citation in self.citations), default=0) + 1


def passage_payload(rank: int, passage: RetrievedPassage) -> PassagePayload:
    """A retrieved passage as browsers and the API get it."""
    return PassagePayload(
        rank=rank,
        chunk_id=passage.chunk_id,
        document_id=passage.document_id,
        filename=passage.filename,
        title=passage.title or passage.filename,
        heading=passage.heading,
        page=passage.page,
        start=passage.start,
        end=passage.end,
        text=passage.text,
        score=passage.score,
        dense_score=passage.dense_score,
        keyword_score=passage.keyword_score,
        source=passage.source_name,
        edited=passage.edited,
    )
