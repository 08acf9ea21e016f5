"""Folder: the files below a folder of the server, as far as FOLDER_ROOTS allows.

Files are told apart by their path and taken for changed when size or times are. Folders that are symbolic links are
not entered; a link to a file is read when its target lies below an allowed folder too.
"""

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from documents.connectors.base import (
    Changes,
    ConnectorBase,
    ConnectorKind,
    Cursor,
    Fetched,
    Gone,
    Item,
    ItemFailed,
    Label,
    Outcome,
    SourceFailed,
)
from documents.connectors.patterns import FileSettings

ENTRIES_PER_STEP = 2000
GLANCE_S = 2.0
"""A folder that takes longer to look through is not watched; a schedule is right for it."""

MAX_DEPTH = 50


class FolderSettings(FileSettings):
    """Where the files lie and which of them are wanted."""

    path: Annotated[
        str,
        Field(min_length=1, max_length=1000),
        Label(
            gettext_lazy("Folder"),
            gettext_lazy("An absolute path on the server. It must lie below a folder that FOLDER_ROOTS allows."),
            placeholder="/srv/documents",
        ),
    ]
    watch: Annotated[
        bool,
        Label(
            gettext_lazy("Watch"),
            gettext_lazy("Look every ten seconds, and sync when something has changed."),
            chooses=True,
        ),
    ] = True


class FolderConnector(ConnectorBase[FolderSettings]):
    """Reads a folder."""

    def check(self) -> str:
        """Count the files, up to a few thousand."""
        base = self._base()
        count = 0
        for _path in self._walk(base, ()):
            count += 1
            if count >= ENTRIES_PER_STEP:
                return _("The folder can be read. It holds %(count)d files or more.") % {"count": count}
        return _("The folder can be read. It holds %(count)d files to take in.") % {"count": count}

    def changes(self, cursor: Cursor) -> Changes:
        """The files behind the path in ``cursor``, in order."""
        base = self._base()
        after = tuple(cursor.get("after", ()))
        seen = str(cursor["seen"]) if after else ""
        items: list[Item] = []
        for parts in self._walk(base, after):
            items.append(_item(base, parts))
            seen = _seen(seen, items[-1])
            if len(items) >= ENTRIES_PER_STEP and "/".join(parts).isprintable():
                # A name that is no text cannot stand in a cursor.
                return Changes(items, {"after": list(parts), "seen": seen}, more=True)
        return Changes(items, {"seen": seen or "nothing"}, full=True)

    def glance(self) -> str:
        """The digest that a listing of the whole folder would end with."""
        base = self._base()
        seen = ""
        enough = time.monotonic() + GLANCE_S
        for parts in self._walk(base, ()):
            seen = _seen(seen, _item(base, parts))
            if time.monotonic() > enough:
                return ""
        return seen or "nothing"

    def fetch(self, item: Item, state: Mapping[str, Any], cursor: Cursor) -> Outcome:
        """The bytes of a file, unless it is gone."""
        base = self._base()
        relative = item.external_id
        if not self._wanted.takes(relative):
            return Gone()
        path = base / relative
        real = Path(os.path.realpath(path))
        if not _allowed(real):
            raise _leads_out()
        try:
            # Not blocking: opening a pipe that was put in the file's place would wait for ever.
            descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return Gone()
        except OSError as error:
            raise _unreadable(error) from error
        file = os.fdopen(descriptor, "rb")
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            file.close()
            return Gone()
        if not _allowed(_opened_path(descriptor, real)):
            file.close()
            raise _leads_out()
        return Fetched(file, filename=path.name, modified_at=datetime.fromtimestamp(found.st_mtime, UTC))

    def _base(self) -> Path:
        """The folder itself; SourceFailed when it is not allowed or not there."""
        if not settings.FOLDER_ROOTS:
            message = _("No folder of the server may be read. Name those that may in the setting FOLDER_ROOTS.")
            raise SourceFailed("folder_not_allowed", message, 422)
        path = Path(self._wanted.path)
        real = Path(os.path.realpath(path))
        if not path.is_absolute() or not _allowed(real):
            message = _("This folder may not be read. It must lie below one that the setting FOLDER_ROOTS names.")
            raise SourceFailed("folder_not_allowed", message, 422)
        if not real.is_dir():
            raise SourceFailed(
                "folder_missing", _("There is no such folder. Check the path, and what is mounted."), 422
            )
        return real

    def _walk(self, folder: Path, after: tuple[str, ...], parts: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        """Paths of the wanted files behind ``after``, by their parts, in order."""
        first = after[0] if after else ""
        for name, is_folder in _entries(folder, at_top=not parts):
            if name < first or name.startswith("."):
                continue
            here = (*parts, name)
            rest = after[1:] if name == first else ()
            if is_folder and len(here) < MAX_DEPTH:
                yield from self._walk(folder / name, rest, here)
            elif not is_folder and name != first and self._wanted.takes("/".join(here)):
                yield here
            elif not is_folder and name == first and len(after) > 1 and self._wanted.takes("/".join(here)):
                # What was a folder at the last step is a file now.
                yield here


def _entries(folder: Path, *, at_top: bool) -> list[tuple[str, bool]]:
    """Names in a folder in order, and whether each is a folder; special files and links to folders are left out."""
    found: list[tuple[str, bool]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    found.append((entry.name, True))
                elif entry.is_file():
                    found.append((entry.name, False))
    except FileNotFoundError:
        if at_top:
            raise SourceFailed("folder_missing", _("The folder went away while it was read."), 502) from None
    except OSError as error:
        # Taken for empty, its documents would be deleted.
        name = folder.name.encode("utf-8", "replace").decode()
        message = _("The folder %(name)s cannot be read: %(reason)s.") % {"name": name, "reason": error.strerror}
        raise SourceFailed("folder_unreadable", message, 502) from error
    return sorted(found)


def _item(base: Path, parts: tuple[str, ...]) -> Item:
    relative = "/".join(parts)
    try:
        found = (base / relative).stat()
    except OSError:
        return Item(relative, name=relative)
    revision = f"{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}"
    modified = datetime.fromtimestamp(found.st_mtime, UTC)
    return Item(relative, name=relative, revision=revision, modified_at=modified)


def _seen(before: str, item: Item) -> str:
    """The digest of the files so far, with one more."""
    facts = f"{before}/{item.external_id}/{item.revision}"
    return hashlib.sha256(facts.encode("utf-8", "surrogateescape")).hexdigest()


def _allowed(real: Path) -> bool:
    """Whether a path without links lies in or below one of the allowed folders."""
    return any(real.is_relative_to(os.path.realpath(root)) for root in settings.FOLDER_ROOTS)


def _opened_path(descriptor: int, otherwise: Path) -> Path:
    """Where an open file lies; a folder on the way may have become a link since the path was checked."""
    try:
        return Path(os.readlink(f"/proc/self/fd/{descriptor}"))
    except OSError:
        return otherwise


def _leads_out() -> ItemFailed:
    return ItemFailed("link_leads_out", _("This is a link to a file outside the folders that may be read."), 422)


def _unreadable(error: OSError) -> ItemFailed:
    message = _("The file cannot be read: %(reason)s.") % {"reason": error.strerror}
    return ItemFailed("file_unreadable", message, 422)


KIND = ConnectorKind(
    kind="folder",
    title=gettext_lazy("Folder"),
    summary=gettext_lazy("Files in a folder of the server, or of a drive that is mounted there."),
    icon="folder",
    settings=FolderSettings,
    open=FolderConnector,
    admins_only=True,
    shortest_minutes=1,
    watches=True,
)
