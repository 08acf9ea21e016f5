"""What every answerer takes and yields: one request in, a stream of parts out.

All offsets count Unicode code points. Answerers live beside this module, one file each; this one imports none of
them, so that naming the types costs nothing.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class PromptPassage:
    """A passage as the answerer sees it; ``number`` is what a citation mark names and counts from 1.

    ``page`` counts from 1, or is None where the document has no pages. ``score`` is the retrieval score in 0..1,
    higher is nearer.
    """

    number: int
    text: str
    title: str
    filename: str
    heading: str
    page: int | None
    score: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class QuestionPart:
    """One of the questions in a question: as it was asked, and with what it leans on in front."""

    asked: str
    completed: str


@dataclass(frozen=True, slots=True)
class Beginning:
    """An answer as far as it has come, to be gone on with: its ``text`` without marks, and what it cites so far."""

    text: str
    citations: Sequence["CitationMade"] = ()


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """Everything that shapes one answer.

    ``history`` is the conversation before ``question``, oldest first. ``threshold`` is the probability in 0..1 under
    which an answerer that measures its confidence refuses. ``parts`` are for an answerer that does not understand a
    conversation, or several questions at once; empty when the question is one that stands alone. With a
    ``beginning`` a language model writes what comes after it, and its offsets go on from there.
    """

    question: str
    system_prompt: str
    passages: Sequence[PromptPassage]
    history: Sequence[Turn]
    threshold: float
    parts: Sequence["QuestionPart"] = ()
    beginning: Beginning | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer's text, free of citation marks; append it to what came before."""

    text: str


@dataclass(frozen=True, slots=True)
class CitationMade:
    """A span of the answer's text so far, and the span of a passage's text that supports it."""

    start: int
    end: int
    passage_number: int
    source_start: int
    source_end: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """The documents do not answer the question; the sentence that says so follows as a TextDelta."""


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One chat message as a model receives it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class PromptReady:
    """The messages as sent, each passage's text replaced by ``{{passage N}}``, for the trace."""

    messages: tuple[PromptMessage, ...]


AnswerPart = TextDelta | CitationMade | Refusal | PromptReady


class Answerer(Protocol):
    """Answers one request as a stream of parts.

    The iterator ends normally when the answer is complete and raises GenerationError when the model fails; what was
    yielded before stays valid. Closing it (``aclose``) or cancelling its task stops the work behind it.
    """

    def answer(self, request: AnswerRequest) -> AsyncGenerator[AnswerPart]:
        """Yield the parts of the answer in order."""
        ...


@runtime_checkable
class Writer(Protocol):
    """What a language model can do beside answering: write a short text for a step on the way to the answer."""

    async def write(self, messages: Sequence[PromptMessage], most_characters: int) -> str:
        """What the model says to ``messages``; it is stopped after ``most_characters``. Raises GenerationError."""
        ...
