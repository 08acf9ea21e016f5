"""What stands inside events, and what the API answers with; ``docs/events.md`` explains it.

All offsets count Unicode code points.
"""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Payload(BaseModel):
    """Root of what stands inside events."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ErrorPayload(Payload):
    """What went wrong: a stable code and a sentence that says what to do."""

    code: str
    message: str


class AssistantPayload(Payload):
    """An assistant as people know it; ``version`` is the number of the version that answered."""

    slug: str
    name: str
    version: int | None = None


class CitationPayload(Payload):
    """A span of an answer tied to a span of a document.

    ``document_id`` is None and ``quote`` empty for a document that the reader may no longer see. ``edited`` says that
    the answer rests on a text which somebody wrote in the place of the quoted one.
    """

    number: int
    start: int
    end: int
    document_id: UUID | None
    filename: str
    title: str
    chunk_id: int
    source_start: int
    source_end: int
    page: int | None
    quote: str
    passage_rank: int
    edited: bool = False


class PassagePayload(Payload):
    """A chunk as retrieved for this question. ``rank`` counts from 1.

    ``text`` is the document's; ``edited`` says that the answer read what somebody wrote in its place.
    """

    rank: int
    chunk_id: int
    document_id: UUID
    filename: str
    title: str
    heading: str
    page: int | None
    start: int
    end: int
    text: str
    score: float
    dense_score: float | None
    keyword_score: float | None
    source: str
    edited: bool = False


class FilterPayload(Payload):
    """A filter that the question says in words, as ``documents.retrieval.Filter`` has it.

    ``key`` names it when it is taken away, ``label`` is for people, ``said`` what says it in the question. ``used`` is
    false where it would have left nothing to read, so that the search was not narrowed by it.
    """

    key: str
    label: str
    field: str
    operator: str
    values: list[str]
    said: str
    used: bool


class ScopePayload(Payload):
    """A document or a data source that a question was narrowed to.

    ``id`` is None for one that the reader may not see, or not any more.
    """

    kind: Literal["document", "source"]
    id: UUID | None
    name: str


class StepPayload(Payload):
    """A finished step, in short; the trace has its input and output."""

    name: str
    ms: float
    summary: str


class FeedbackPayload(Payload):
    """What a reader said of an answer: whether it helped, why, and in their own words."""

    is_good: bool
    reason: str
    comment: str


class StatsPayload(Payload):
    """What was done for an answer, in numbers: ``ms`` is the whole time, ``documents`` those the reader may see."""

    sources: int
    documents: int
    passages: int
    ms: int


class SentencePayload(Payload):
    """A sentence of an answer, from ``start`` to ``end``, and how far what it says is supported by what it cites."""

    start: int
    end: int
    state: Literal["supported", "partly", "unsupported", "no_claim"]


class MessagePayload(Payload):
    """A question or an answer with what belongs to it.

    ``passages`` is None where they have to be asked for: a page gets those of a finished answer when it shows them.
    """

    id: UUID
    role: Literal["user", "assistant"]
    text: str
    status: Literal["running", "complete", "refused", "failed", "stopped", "interrupted"]
    error: ErrorPayload | None
    citations: list[CitationPayload]
    passages: list[PassagePayload] | None
    sentences: list[SentencePayload]
    filters: list[FilterPayload]
    scope: list[ScopePayload] = []
    in_reply_to: UUID | None
    assistant: AssistantPayload | None
    created_at: str
    seq: int
    stats: StatsPayload | None
    feedback: FeedbackPayload | None = None


class ConversationPayload(Payload):
    """A conversation without its messages; ``leaf`` is the last message of the branch that is shown."""

    id: UUID
    title: str
    assistant: AssistantPayload | None
    leaf: UUID | None
