"""The closed set of messages from the server to the chat page; ``docs/events.md`` explains them.

Applying a conversation's events in order to a snapshot gives the same state as a snapshot taken afterwards; an answer
event whose ``seq`` is not above the message's own is already part of it.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from chat.events.payloads import (
    CitationPayload,
    ConversationPayload,
    FeedbackPayload,
    FilterPayload,
    MessagePayload,
    PassagePayload,
    SentencePayload,
    StepPayload,
)
from live.events import LiveEvent


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


class ConversationBranch(ChatEvent):
    """Another branch is shown: the one that ends at the message ``leaf``."""

    type: Literal["conversation.branch"] = "conversation.branch"
    leaf: UUID


class MessageCreated(ChatEvent):
    """A question was asked, or an answer begun; ``request_id`` is that of the command which caused it.

    It is the end of the branch that is shown from now on. An answer that is tried again takes the place of the message
    ``replaces``, which no longer exists.
    """

    type: Literal["message.created"] = "message.created"
    message: MessagePayload
    request_id: str | None = None
    replaces: UUID | None = None


class AnswerResumed(ChatEvent):
    """An answer that had ended goes on: the same message, from the end of the text that it has."""

    type: Literal["answer.resumed"] = "answer.resumed"
    message_id: UUID


class AnswerFeedback(ChatEvent):
    """What the reader said of an answer; null when it was taken back."""

    type: Literal["answer.feedback"] = "answer.feedback"
    message_id: UUID
    feedback: FeedbackPayload | None


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


class AnswerSentences(ChatEvent):
    """The states of the answer's sentences, in place of those told before."""

    type: Literal["answer.sentences"] = "answer.sentences"
    message_id: UUID
    sentences: list[SentencePayload]


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
    | ConversationBranch
    | MessageCreated
    | AnswerResumed
    | AnswerFeedback
    | AnswerStep
    | AnswerFilters
    | AnswerPassages
    | AnswerDelta
    | AnswerCitation
    | AnswerSentences
    | AnswerCompleted
    | ChatErrorEvent
    | Pong,
    Field(discriminator="type"),
]
CHAT_EVENT: TypeAdapter[AnyChatEvent] = TypeAdapter(AnyChatEvent)
