"""What every connector is made of: the protocol, what goes in and out of it, and how its settings are labelled.

A connector reads one data source from outside and knows no database. It names items that changed since a cursor
(``changes``) and brings one of them (``fetch``). Whatever else a sync needs, what is known, what is gone, what failed,
when to go on, is the matter of ``documents.syncing``.
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any, Generic, Protocol, TypeVar

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from pydantic import BaseModel, ConfigDict, Field

from documents.errors import DocumentsError, upload_too_large
from rag.outbound import OutboundPolicy

MAX_ID_BYTES = 1500
"""Of an item's identity: what an index of the database takes with room to spare."""

IN_MEMORY = 4 * 2**20

Cursor = dict[str, Any]
"""Where a connector stands; JSON, its own business, at most some hundred kilobytes."""


class SourceFailed(DocumentsError):
    """The whole source cannot be read now: the sync ends with this reason."""


class ItemFailed(DocumentsError):
    """One item cannot be read; the sync goes on with the others."""


class Busy(Exception):
    """The sync is to go on after ``seconds``: the other side asks for it, or ``polite`` we take our time."""

    def __init__(self, seconds: float, *, polite: bool = False) -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.polite = polite


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that becomes a document.

    ``external_id`` is its identity in the source and never changes. ``revision`` changes when its bytes may have;
    empty means unknown, and the item is fetched each time. ``hint`` is what ``fetch`` needs to find it (JSON).
    """

    external_id: str
    name: str = ""
    revision: str = ""
    address: str = ""
    modified_at: datetime | None = None
    hint: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """Part of what changed since a cursor.

    ``more`` asks for another call with the new cursor. At the end ``full`` says that every present item was named, so
    that one which was not is gone.
    """

    items: list[Item]
    cursor: Cursor
    deleted: list[str] = field(default_factory=list)
    more: bool = False
    full: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """An item's bytes. ``state`` is given back at the next fetch; ``found`` are items that this one leads to.

    Without ``content`` the item itself is no document: it leads to others, or is ``same_as`` another item.
    """

    content: IO[bytes] | None
    filename: str = ""
    address: str = ""
    modified_at: datetime | None = None
    state: dict[str, Any] = field(default_factory=dict)
    found: list[Item] = field(default_factory=list)
    same_as: Item | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The item is as it was at the last fetch; ``found`` are the items that it leads to."""

    found: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Gone:
    """The item exists no more, or is not wanted any more."""


Outcome = Fetched | Unchanged | Gone


class Connector(Protocol):
    """One data source, open for the time of one step of a sync.

    Errors: SourceFailed and ItemFailed with a sentence for a person, Busy for a pause, OutboundError from the guard.
    """

    verifies_missing: bool
    """Whether an item that a full listing left out is fetched before it counts as gone."""

    def check(self) -> str:
        """Try the connection; a sentence that says what was found."""
        ...

    def changes(self, cursor: Cursor) -> Changes:
        """A part of what changed since ``cursor``, empty at the very first; takes a few seconds at most."""
        ...

    def fetch(self, item: Item, state: Mapping[str, Any], cursor: Cursor) -> Outcome:
        """One item; ``state`` is what its last fetch left, ``cursor`` where the listing stands."""
        ...

    def glance(self) -> str:
        """What stands for all that a listing would say now, as ``seen`` in a full listing's cursor; takes a second or
        two. Empty when it cannot be had so cheaply. Only asked of a kind that ``watches``."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a connector may use: the outbound policy, a folder of its own for what it may lose, bytes of one item."""

    policy: OutboundPolicy
    folder: Path
    max_item_bytes: int


@dataclass(frozen=True, slots=True)
class Label:
    """How a setting appears in the form. ``lines`` makes it a field of several lines.

    A ``secret`` is never shown again; one that is ``needed`` must be given with a new source.
    Most settings say where a source is; one that ``chooses`` says what of it is taken.
    """

    text: StrOrPromise
    help: StrOrPromise = ""
    secret: bool = False
    needed: bool = False
    lines: int = 0
    placeholder: str = ""
    choices: tuple[tuple[str, StrOrPromise], ...] = ()
    chooses: bool = False


ItemLimit = Annotated[
    int,
    Field(ge=1, le=200_000),
    Label(_("Most documents"), _("What lies beyond is left out, and the list of syncs says so."), chooses=True),
]


class ConnectorSettings(BaseModel):
    """Root of every connector's settings. Fields carry a Label; the secret ones are stored encrypted."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    max_items: ItemLimit = 10_000

    def destination(self) -> str:
        """Where the secrets are sent to: they are asked for again when this changes."""
        return ""


Wanted = TypeVar("Wanted", bound=ConnectorSettings)


class ConnectorBase(Generic[Wanted]):
    """What most connectors share: their settings at hand, nothing that is to be closed, listings that can be relied on.

    What is left to write is ``check``, ``changes`` and ``fetch``.
    """

    verifies_missing = False

    def __init__(self, wanted: Wanted, around: Surroundings) -> None:
        self._wanted = wanted
        self._around = around

    def glance(self) -> str:
        """Nothing that is cheap."""
        return ""

    def close(self) -> None:
        """Nothing is kept open."""


@dataclass(frozen=True, slots=True)
class ConnectorKind:
    """A connector as the registry lists it."""

    kind: str
    title: StrOrPromise
    summary: StrOrPromise
    icon: str
    settings: type[ConnectorSettings]
    open: Callable[[Any, Surroundings], Connector]
    admins_only: bool = False
    shortest_minutes: int = 5
    """Between two scheduled syncs."""

    watches: bool = False
    """Whether the setting ``watch`` has it looked at every few seconds."""

    def labels(self) -> dict[str, Label]:
        """The Label of each setting, in order: first the connector's own, then those that others have too."""
        bases = [each for each in self.settings.__mro__[1:] if issubclass(each, ConnectorSettings)]
        shared = [name for each in bases for name in getattr(each, "__annotations__", {})]
        fields = sorted(
            self.settings.model_fields.items(), key=lambda each: shared.index(each[0]) if each[0] in shared else -1
        )
        return {name: next(each for each in info.metadata if isinstance(each, Label)) for name, info in fields}

    def secret_names(self) -> set[str]:
        """Names of the settings that are secret."""
        return {name for name, label in self.labels().items() if label.secret}


def spooled(blocks: Iterable[bytes], limit: int) -> IO[bytes]:
    """The bytes in a temporary file, rewound. DocumentsError ``too_large`` beyond ``limit`` bytes."""
    folder = str(settings.FILE_UPLOAD_TEMP_DIR)
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=folder)  # noqa: SIM115 - returned open
    size = 0
    try:
        for block in blocks:
            size += len(block)
            if size > limit:
                raise upload_too_large(limit // 2**20)
            file.write(block)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def bad_setting(message: str) -> DocumentsError:
    """A setting that cannot be used, with a sentence that says why."""
    return DocumentsError("invalid_settings", message, 422)
