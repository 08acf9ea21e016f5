"""What the API takes and gives of sets of embeddings; the admins' page shows the same."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from django.utils import timezone
from ninja import Schema
from pydantic import StringConstraints

from accounts.languages import in_readers_language
from documents.models import EmbedderKind, EmbeddingSet, SetState
from documents.schemas import ErrorOut, Input, Text
from documents.services.embeddings import SOONEST_REMOVAL, EmbedderChoice, progress_of

Short = Annotated[Text, StringConstraints(max_length=200)]
Long = Annotated[Text, StringConstraints(max_length=500, strip_whitespace=True)]


class EmbeddingSetIn(Input):
    """A new set. ``model`` is a server's name for it, or the name of a folder in ``EMBEDDERS_DIR``."""

    name: Short = ""
    kind: Literal["shipped", "openai", "directory"]
    base_url: Long = ""
    model: Short = ""
    api_key: Long = ""
    query_prefix: Short = ""
    passage_prefix: Short = ""

    def choice(self) -> EmbedderChoice:
        """What the services take."""
        return EmbedderChoice(
            self.kind, self.base_url, self.model, self.api_key, self.query_prefix, self.passage_prefix
        )


class EmbeddingSetOut(Schema):
    """A set of embeddings. ``done`` of ``total`` chunks have their vector; ``seconds_left`` is an estimate.

    ``state`` is ``building``, ``active`` or ``retired``; a retired one goes at ``remove_at``. ``error`` says why a
    build pauses, or why the searched set is searched by words alone. Its key never leaves the server.
    """

    id: int
    name: str
    kind: Literal["shipped", "openai", "directory"]
    base_url: str
    model: str
    has_key: bool
    dimensions: int
    state: Literal["building", "active", "retired"]
    done: int
    total: int
    seconds_left: int | None
    error: ErrorOut | None
    paused_until: datetime | None
    created_at: datetime
    switched_at: datetime | None
    remove_at: datetime | None

    @classmethod
    def of(cls, row: EmbeddingSet) -> "EmbeddingSetOut":
        """The set as the API tells it; counts its vectors."""
        done, total = progress_of(row)
        paused = row.paused_until is not None and row.paused_until > timezone.now()
        working = row.state == SetState.BUILDING and row.per_second and not paused
        return cls(
            id=row.pk,
            name=row.name,
            kind=cast(Any, row.kind),
            base_url=row.base_url,
            model=row.model,
            has_key=bool(row.api_key_encrypted),
            dimensions=row.dimensions,
            state=cast(Any, row.state),
            done=done,
            total=total,
            seconds_left=round((total - done) / row.per_second) if working and row.per_second else None,
            error=ErrorOut(code=row.error_code, message=in_readers_language(row.error)) if row.error else None,
            paused_until=row.paused_until if paused else None,
            created_at=row.created_at,
            switched_at=row.switched_at,
            remove_at=row.remove_at if row.state == SetState.RETIRED else None,
        )

    @property
    def kind_label(self) -> str:
        """The kind in words."""
        return str(EmbedderKind(self.kind).label)

    @property
    def state_label(self) -> str:
        """The state in words."""
        return str(SetState(self.state).label)

    @property
    def is_kept(self) -> bool:
        """Whether one may count on switching back to it; one in its last minute is on its way out."""
        soonest = timezone.now() + SOONEST_REMOVAL
        return self.state == "retired" and self.remove_at is not None and self.remove_at > soonest


class EmbeddingSetsOut(Schema):
    """All sets, the oldest first."""

    sets: list[EmbeddingSetOut]
