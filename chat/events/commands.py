"""The closed set of messages from the chat page to the server; ``docs/events.md`` explains them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from live.events import Command

MAX_QUESTION_CHARS = 8_000
MOST_SCOPE = 20
"""Documents and data sources that one question is narrowed to."""


class ScopeIn(BaseModel):
    """What a question is narrowed to: these documents, and all documents of these data sources."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    documents: list[UUID] = Field(default_factory=list, max_length=MOST_SCOPE)
    sources: list[UUID] = Field(default_factory=list, max_length=MOST_SCOPE)


class Follow(Command):
    """Follow a conversation from the event after ``after`` on; None asks for a snapshot first."""

    type: Literal["follow"]
    conversation_id: UUID
    after: int | None = None


class Ask(Command):
    """Ask a question; without a conversation a new one begins, with the default assistant unless one is named.

    It follows the answer ``after``, else the end of the branch that is shown. ``scope`` is what it is narrowed to;
    ``files`` names the files that were attached to a chat before it began.
    """

    type: Literal["ask"]
    conversation_id: UUID | None = None
    assistant: str | None = None
    question: str
    after: UUID | None = None
    scope: ScopeIn | None = None
    files: UUID | None = None
    request_id: str = Field(max_length=100)


class Edit(Command):
    """Ask an earlier question in other words; both are kept, as branches."""

    type: Literal["edit"]
    message_id: UUID
    question: str
    request_id: str = Field(max_length=100)


class Regenerate(Command):
    """Answer a question once more, by another assistant if one is named; both answers are kept."""

    type: Literal["regenerate"]
    message_id: UUID
    assistant: str | None = None
    request_id: str | None = Field(default=None, max_length=100)


class Show(Command):
    """Show the branch that a message is in, on every page that has the conversation open."""

    type: Literal["show"]
    message_id: UUID


class Stop(Command):
    """End an answer that is being written and keep what came."""

    type: Literal["stop"]
    message_id: UUID


class Retry(Command):
    """Answer the same question again in place of an answer that failed, was stopped or was interrupted."""

    type: Literal["retry"]
    message_id: UUID
    request_id: str | None = Field(default=None, max_length=100)


class GoOn(Command):
    """Write an answer on that was stopped, was interrupted or broke off, from where it ended."""

    type: Literal["go_on"]
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


ChatCommand = Annotated[
    Follow | Ask | Edit | Regenerate | Show | Stop | Retry | GoOn | Unfilter | Ping, Field(discriminator="type")
]
CHAT_COMMAND: TypeAdapter[ChatCommand] = TypeAdapter(ChatCommand)
