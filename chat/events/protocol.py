"""The closed set of messages between the chat page and the server; ``docs/events.md`` explains them.

All offsets count Unicode code points. Applying a conversation's events in order to a snapshot gives the same state as
a snapshot taken afterwards; an answer event whose ``seq`` is not above the message's own is already part of it.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from live.events import Command, LiveEvent

MAX_QUESTION_CHARS = 8_000


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


class StepPayload(Payload):
    """A finished step, in short; the trace has its input and output."""

    name: str
    ms: float
    summary: str


class StatsPayload(Payload):
    """What was done for an answer, in numbers; ``ms`` is the whole time."""

    sources: int
    passages: int
    ms: int


class MessagePayload(Payload):
    """A question or an answer with all that belongs to it."""

    id: UUID
    role: Literal["user", "assistant"]
    text: str
    status: Literal["running", "complete", "refused", "failed", "stopped", "interrupted"]
    error: ErrorPayload | None
    citations: list[CitationPayload]
    passages: list[PassagePayload]
    filters: list[FilterPayload]
    in_reply_to: UUID | None
    assistant: AssistantPayload | None
    created_at: str
    seq: int
    stats: StatsPayload | None


class ConversationPayload(Payload):
    """A conversation without its messages."""

    id: UUID
    title: str
    assistant: AssistantPayload | None


class ChatEvent(LiveEvent):
    """Root of the chat page's events."""

    conversation_id: UUID | None


class ConversationSnapshot(ChatEvent):
    """The whole conversation; sent to a browser that has nothing, or has been away for too long."""

    type: Literal["conversation.snapshot"] = "conversation.snapshot"
    conversation: ConversationPayload
    messages: list[MessagePayload]


class ConversationCreated(ChatEvent):
    """The reply to a first question: the conversation that now holds it, which the socket follows from here on."""

    type: Literal["conversation.created"] = "conversation.created"
    conversation: ConversationPayload
    request_id: str


class ConversationRenamed(ChatEvent):
    """The conversation has another title."""

    type: Literal["conversation.renamed"] = "conversation.renamed"
    title: str


class MessageCreated(ChatEvent):
    """A question was asked, or an answer begun; ``request_id`` is that of the command which caused it.

    An answer that is tried again takes the place of the message ``replaces``, which no longer exists.
    """

    type: Literal["message.created"] = "message.created"
    message: MessagePayload
    request_id: str | None = None
    replaces: UUID | None = None


class AnswerStep(ChatEvent):
    """A step of the answer is done."""

    type: Literal["answer.step"] = "answer.step"
    message_id: UUID
    step: StepPayload


class AnswerFilters(ChatEvent):
    """The filters that the question says, in place of those told before."""

    type: Literal["answer.filters"] = "answer.filters"
    message_id: UUID
    filters: list[FilterPayload]


class AnswerPassages(ChatEvent):
    """The passages the answer will rest on."""

    type: Literal["answer.passages"] = "answer.passages"
    message_id: UUID
    passages: list[PassagePayload]


class AnswerDelta(ChatEvent):
    """More text; ``offset`` is where it begins in the answer."""

    type: Literal["answer.delta"] = "answer.delta"
    message_id: UUID
    offset: int
    text: str


class AnswerCitation(ChatEvent):
    """A citation of text that has already been sent."""

    type: Literal["answer.citation"] = "answer.citation"
    message_id: UUID
    citation: CitationPayload


class AnswerCompleted(ChatEvent):
    """The answer has ended, well or not; its whole final state."""

    type: Literal["answer.completed"] = "answer.completed"
    message: MessagePayload


class ChatErrorEvent(ChatEvent):
    """A command could not be carried out. Goes to the one socket that sent it."""

    type: Literal["error"] = "error"
    code: str
    message: str
    request_id: str | None = None


class Pong(ChatEvent):
    """The reply to a ping."""

    type: Literal["pong"] = "pong"


AnyChatEvent = Annotated[
    ConversationSnapshot
    | ConversationCreated
    | ConversationRenamed
    | MessageCreated
    | AnswerStep
    | AnswerFilters
    | AnswerPassages
    | AnswerDelta
    | AnswerCitation
    | AnswerCompleted
    | ChatErrorEvent
    | Pong,
    Field(discriminator="type"),
]
CHAT_EVENT: TypeAdapter[AnyChatEvent] = TypeAdapter(AnyChatEvent)


class Follow(Command):
    """Follow a conversation from the event after ``after`` on; None asks for a snapshot first."""

    type: Literal["follow"]
    conversation_id: UUID
    after: int | None = None


class Ask(Command):
    """Ask a question; without a conversation a new one begins, with the default assistant unless one is named."""

    type: Literal["ask"]
    conversation_id: UUID | None = None
    assistant: str | None = None
    question: str
    request_id: str = Field(max_length=100)


class Stop(Command):
    """End an answer that is being written and keep what came."""

    type: Literal["stop"]
    message_id: UUID


class Retry(Command):
    """Answer the same question again in place of an answer that failed, was stopped or was interrupted."""

    type: Literal["retry"]
    message_id: UUID
    request_id: str | None = Field(default=None, max_length=100)


class Unfilter(Command):
    """Ask the question of an answer again, without a filter that it says; the answer stays where it is."""

    type: Literal["unfilter"]
    message_id: UUID
    filter: str = Field(max_length=1_000)
    request_id: str | None = Field(default=None, max_length=100)


class Ping(Command):
    """Ask whether the server is there."""

    type: Literal["ping"]


ChatCommand = Annotated[Follow | Ask | Stop | Retry | Unfilter | Ping, Field(discriminator="type")]
CHAT_COMMAND: TypeAdapter[ChatCommand] = TypeAdapter(ChatCommand)
