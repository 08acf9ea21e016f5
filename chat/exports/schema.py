"""The JSON of an export, version 1; ``docs/api.md`` explains it. An import takes nothing else.

All offsets count Unicode code points. Messages name each other by ``key``, a number that means something in this file
alone.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

FORMAT = "footnote.conversation"
VERSION = 1

MOST_MESSAGES = 2_000
MOST_CHARS = 400_000
"""Of one message."""

MOST_CITATIONS = 500
MOST_PASSAGES = 100

Text = Annotated[str, StringConstraints(max_length=MOST_CHARS)]
Words = Annotated[str, StringConstraints(max_length=1_000)]
Offset = Annotated[int, Field(ge=0, le=2**31 - 1)]
Small = Annotated[int, Field(ge=0, le=32_767)]
Score = Annotated[float, Field(allow_inf_nan=False)]


class Part(BaseModel):
    """Root of what stands in the file; a field that nobody knows is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class DocumentPart(Part):
    """A document by what it holds: ``sha256`` is of the bytes that this version was read from.

    Empty but for its title where the owner might not see it when the file was made.
    """

    title: Words
    filename: Words = ""
    sha256: Words = ""


class CitationPart(Part):
    """A span of the answer tied to a span of a document, whose words are ``quote``."""

    number: Small
    start: Offset
    end: Offset
    document: DocumentPart
    source_start: Offset
    source_end: Offset
    page: Offset | None = None
    quote: Text
    passage_rank: Small
    edited: bool = False


class PassagePart(Part):
    """What was read for the answer, with its scores."""

    rank: Small
    document: DocumentPart
    heading: Text = ""
    page: Offset | None = None
    start: Offset
    end: Offset
    text: Text
    score: Score
    dense_score: Score | None = None
    keyword_score: Score | None = None
    edited: bool = False


class AssistantPart(Part):
    """Who answered, by name; an import does not take it up."""

    slug: Words
    name: Words
    version: int | None = None


class MessagePart(Part):
    """A question or an answer; ``in_reply_to`` is the key of an earlier message."""

    key: Offset
    in_reply_to: Offset | None = None
    role: Literal["user", "assistant"]
    text: Text
    status: Literal["running", "complete", "refused", "failed", "stopped", "interrupted"]
    created_at: datetime
    assistant: AssistantPart | None = None
    ms: Offset | None = None
    citations: list[CitationPart] = Field(default_factory=list, max_length=MOST_CITATIONS)
    passages: list[PassagePart] = Field(default_factory=list, max_length=MOST_PASSAGES)


class ConversationPart(Part):
    """The whole file; ``leaf`` is the key of the last message of the branch that was shown."""

    format: Literal["footnote.conversation"]
    version: Literal[1]
    exported_at: datetime
    title: Words
    assistant: AssistantPart | None = None
    leaf: Offset | None = None
    messages: list[MessagePart] = Field(max_length=MOST_MESSAGES)
