"""The rows of what an answer rests on: its passages and citations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from chat.events import CitationPayload, PassagePayload
from chat.models import Citation, Message, Passage
from documents.models import DocumentVersion

Places = Mapping[int, tuple[int, UUID]]
"""Of each chunk, by its id: the document version and the data source it belongs to."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What was written of an answer's passages and citations."""

    passages: list[Passage]
    citations: list[CitationPayload]


def save_sources(
    answer: Message, passages: Sequence[PassagePayload], citations: Sequence[CitationPayload], places: Places
) -> Saved:
    """Write an answer's passages and citations, beside those it has; call it inside a transaction.

    A document that was deleted meanwhile takes its passages and citations along: rows that would point to it are left
    out.
    """
    before = list(Passage.objects.filter(message=answer)) if answer.begun_at else []
    wanted = {places[passage.chunk_id][0] for passage in passages if passage.chunk_id in places}
    wanted |= {row.version_id for row in before}
    # Not deleted before the rows that point to them are committed.
    there = DocumentVersion.objects.hold(wanted)
    kept = {
        passage.rank: (passage, *places[passage.chunk_id])
        for passage in passages
        if passage.chunk_id in places and places[passage.chunk_id][0] in there
    }
    rows = Passage.objects.bulk_create(
        Passage(
            message=answer,
            rank=passage.rank,
            document_id=passage.document_id,
            version_id=version_id,
            source_id=source_id,
            chunk_id=passage.chunk_id,
            source_start=passage.start,
            source_end=passage.end,
            page=passage.page,
            edited=passage.edited,
            heading=passage.heading,
            score=passage.score,
            dense_score=passage.dense_score,
            keyword_score=passage.keyword_score,
        )
        for passage, version_id, source_id in kept.values()
    )
    cited_from = {row.rank: (row.document_id, row.version_id) for row in before if row.version_id in there}
    cited_from |= {rank: (passage.document_id, version_id) for rank, (passage, version_id, _source) in kept.items()}
    cited = [(each, *cited_from[each.passage_rank]) for each in citations if each.passage_rank in cited_from]
    Citation.objects.bulk_create(
        Citation(
            message=answer,
            number=citation.number,
            start=citation.start,
            end=citation.end,
            passage_rank=citation.passage_rank,
            document_id=document_id,
            version_id=version_id,
            chunk_id=citation.chunk_id,
            source_start=citation.source_start,
            source_end=citation.source_end,
            page=citation.page,
            edited=citation.edited,
        )
        for citation, document_id, version_id in cited
    )
    return Saved(rows, [citation for citation, _document, _version in cited])
