"""What every event to a browser has in common."""

from pydantic import BaseModel, ConfigDict


class LiveEvent(BaseModel):
    """Root of all events. A subclass fixes ``type`` with a Literal and lists its fields; nothing else gets through.

    ``seq`` is set by the stream when the event is appended. An event that answers one socket directly and stands in
    no stream carries the number of the last event before it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    seq: int = 0


class Command(BaseModel):
    """Root of all messages from a browser."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
