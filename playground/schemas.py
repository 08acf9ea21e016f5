"""What may come in from the playground page."""

from pydantic import BaseModel, ConfigDict, Field

from playground.events import RunConfig


class SaveIn(BaseModel):
    """A column's draft, to be saved as the next version of its assistant."""

    model_config = ConfigDict(extra="forbid")

    config: RunConfig
    note: str = Field(default="", max_length=200)
    publish: bool = False
