"""What may come in over the API, and what goes out."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import BaseModel, ConfigDict, Field

from chat.events import CitationPayload, FilterPayload, MessagePayload, PassagePayload, ScopeIn
from chat.models import (
    DEFAULT_PASSAGES,
    DEFAULT_QUESTION,
    DEFAULT_THRESHOLD,
    MAX_PASSAGE_TOKENS,
    MAX_PASSAGES,
    MIN_PASSAGE_TOKENS,
    MOST_STEPS,
    QuestionSettings,
)
from documents.search_forms import SearchSettingsFields


class StrictSchema(Schema):
    """Root of what comes in: a field that nobody knows is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class AnswerIn(StrictSchema):
    """A question. ``assistant`` is a slug; without one the default assistant answers.

    ``without`` are keys of filters that the question says and that shall not narrow the search. ``scope`` is what it is
    narrowed to, of what its assistant reads; null for all of that.
    """

    question: str
    assistant: str | None = None
    scope: ScopeIn | None = None
    without: list[str] = Field(default_factory=list, max_length=20)


class AnswerOut(Schema):
    """An answer; offsets count Unicode code points, ``page`` counts from 1. ``filters`` are those its question says."""

    answer: str
    refused: bool
    citations: list[CitationPayload]
    passages: list[PassagePayload]
    filters: list[FilterPayload]
    trace_id: UUID
    ms: int


class QuestionSettingsFields(BaseModel):
    """How questions are understood and how much is read for them, by name; as in a new assistant by default."""

    rewrite: bool = DEFAULT_QUESTION.rewrite
    said_filters: bool = DEFAULT_QUESTION.said_filters
    max_steps: int = Field(DEFAULT_QUESTION.max_steps, ge=1, le=MOST_STEPS)
    passage_tokens: int = Field(DEFAULT_QUESTION.passage_tokens, ge=MIN_PASSAGE_TOKENS, le=MAX_PASSAGE_TOKENS)

    def question_settings(self) -> QuestionSettings:
        """The settings as a version takes them."""
        return QuestionSettings(**{each.name: getattr(self, each.name) for each in fields(QuestionSettings)})


class VersionIn(QuestionSettingsFields, SearchSettingsFields, StrictSchema):
    """What a version of an assistant holds; ``sources`` null stands for all data sources."""

    system_prompt: str = ""
    model: int
    sources: list[UUID] | None = None
    passages: int = Field(DEFAULT_PASSAGES, ge=1, le=MAX_PASSAGES)
    threshold: float = Field(DEFAULT_THRESHOLD, ge=0, le=1)
    note: str = ""


class AssistantIn(VersionIn):
    """A new assistant with its first version."""

    name: str
    description: str = ""


class AssistantOut(Schema):
    """An assistant with its published version."""

    slug: str
    name: str
    description: str
    is_default: bool
    version: int | None


class ModelIn(StrictSchema):
    """A new model."""

    name: str
    kind: str
    base_url: str = ""
    model_name: str = ""
    api_key: str = ""


class ModelOut(Schema):
    """A model; its key never leaves the server."""

    id: int
    name: str
    kind: str
    base_url: str
    model_name: str
    has_key: bool


class ChatMessageIn(Schema):
    """A message in OpenAI's shape; ``content`` is text or a list of parts of which the texts count."""

    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """The message's text."""
        if isinstance(self.content, str):
            return self.content
        parts = self.content or []
        return "".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")


class ChatCompletionIn(Schema):
    """OpenAI's request. Fields that would change how the assistant answers are ignored: its version decides."""

    model: str
    messages: list[ChatMessageIn] = Field(min_length=1, max_length=1_000)
    stream: bool = False


def answer_out(message: MessagePayload) -> AnswerOut:
    """A finished answer as the API gives it."""
    return AnswerOut(
        answer=message.text,
        refused=message.status == "refused",
        citations=message.citations,
        passages=message.passages or [],
        filters=message.filters,
        trace_id=message.id,
        ms=message.stats.ms if message.stats else 0,
    )
