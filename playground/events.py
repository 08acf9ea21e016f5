"""The closed set of messages between the playground page and the server; ``docs/events.md`` explains them.

A run belongs to one column of one open page and is not kept, so these events stand in no stream: ``seq`` counts up
from 1 on each socket.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from chat.events import CitationPayload, ErrorPayload, FilterPayload, PassagePayload, StepPayload
from chat.models import MAX_PASSAGES
from chat.schemas import QuestionSettingsFields
from documents.search_forms import SearchSettingsFields
from live.events import Command, LiveEvent

Column = Literal["a", "b"]


class RunEvent(LiveEvent):
    """Root of the playground's events."""

    column: Column


class RunStarted(RunEvent):
    """The run has begun; whatever the column showed is over."""

    type: Literal["run.started"] = "run.started"


class RunStep(RunEvent):
    """A step is done."""

    type: Literal["run.step"] = "run.step"
    step: StepPayload


class RunFilters(RunEvent):
    """What the question says that narrows its search; a later one takes the place of what was told."""

    type: Literal["run.filters"] = "run.filters"
    filters: list[FilterPayload]


class RunPassages(RunEvent):
    """The passages found, with their scores."""

    type: Literal["run.passages"] = "run.passages"
    passages: list[PassagePayload]


class RunDelta(RunEvent):
    """More text; ``offset`` is where it begins in the answer."""

    type: Literal["run.delta"] = "run.delta"
    offset: int
    text: str


class RunCitation(RunEvent):
    """A citation of text that has already been sent."""

    type: Literal["run.citation"] = "run.citation"
    citation: CitationPayload


class FullStep(BaseModel):
    """A step with what went in and what came out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    ms: float
    input: dict[str, Any]
    output: dict[str, Any]


class RunCompleted(RunEvent):
    """The answer is complete or a refusal; ``ms`` is the whole time."""

    type: Literal["run.completed"] = "run.completed"
    status: Literal["complete", "refused", "stopped"]
    text: str
    citations: list[CitationPayload]
    steps: list[FullStep]
    ms: int


class RunFailed(RunEvent):
    """The run ended with an error; what came before stays."""

    type: Literal["run.failed"] = "run.failed"
    error: ErrorPayload


class PlaygroundError(LiveEvent):
    """A command could not be carried out."""

    type: Literal["error"] = "error"
    code: str
    message: str
    request_id: str | None = None


class RunConfig(QuestionSettingsFields, SearchSettingsFields):
    """A draft of an assistant version; ``sources`` None stands for all data sources."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    assistant: str = ""
    system_prompt: str = Field(default="", max_length=20_000)
    model: int
    sources: list[UUID] | None = None
    passages: int = Field(ge=1, le=MAX_PASSAGES)
    threshold: float = Field(ge=0, le=1)


class Run(Command):
    """Ask a question in one column with its draft.

    ``without`` are keys of filters that the question says and that shall not narrow the search.
    """

    type: Literal["run"]
    column: Column
    question: str
    config: RunConfig
    without: list[Annotated[str, Field(max_length=1_000)]] = Field(default_factory=list, max_length=20)


class StopRun(Command):
    """End the run of one column."""

    type: Literal["stop"]
    column: Column


PlaygroundCommand = Annotated[Run | StopRun, Field(discriminator="type")]
PLAYGROUND_COMMAND: TypeAdapter[PlaygroundCommand] = TypeAdapter(PlaygroundCommand)
