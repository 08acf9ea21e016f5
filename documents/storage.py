"""The bytes of documents: stored once under their hash, streamed in, and removed when no row names them.

A document names the bytes it was given last, its version those that it was read from. While a new version is indexed
these differ, and the pages of the one before can still be shown.

A name in Django's default storage is ``bytes/ab/cd/<sha256>``. Who stores or removes bytes holds a lock on the hash
until the end of its transaction, so that no upload can lean on bytes that a sweep is about to remove.
"""

import contextlib
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction

from documents.errors import DocumentsError, upload_too_large
from documents.models import Document, DocumentVersion

BLOCK = 1 << 20
FOLDER = "bytes"
STALE_UPLOAD_S = 24 * 3600
"""A temporary file that is older than this belongs to an upload that died."""

SHA256 = re.compile(r"[0-9a-f]{64}")


class Readable(Protocol):
    """A file or an upload: anything that is read block by block."""

    def read(self, size: int = ..., /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that have arrived but are not kept yet: a temporary file, its hash and size."""

    path: Path
    sha256: str
    size: int

    def keep(self) -> None:
        """Move the bytes to their name, unless they are there; call it in a transaction that holds the hash's lock."""
        lock(self.sha256)
        name = name_of(self.sha256)
        if default_storage.exists(name):
            return
        with _MovableFile(self.path) as file:
            saved = default_storage.save(name, file)
        if saved != name:
            default_storage.delete(saved)
            raise DocumentsError("storage_failed", f"The storage refused the name {name}.", 500)


class _MovableFile(File[bytes]):
    """A file that the file system storage may move into place, which is atomic, instead of copying it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), name=path.name)
        self._path = path

    def temporary_file_path(self) -> str:
        """Where the storage finds the file to move."""
        return str(self._path)


def name_of(sha256: str) -> str:
    """The storage name of the bytes with this hash."""
    return f"{FOLDER}/{sha256[:2]}/{sha256[2:4]}/{sha256}"


@contextlib.contextmanager
def receive(file: Readable) -> Iterator[Received]:
    """Copy a stream to a temporary file while hashing it; the file is removed at the end, unless it was kept.

    Raises DocumentsError ``too_large`` as soon as more than MAX_UPLOAD_BYTES have come.
    """
    digest = hashlib.sha256()
    size = 0
    descriptor, raw_path = tempfile.mkstemp(prefix="received-", dir=settings.FILE_UPLOAD_TEMP_DIR)
    path = Path(raw_path)
    try:
        with os.fdopen(descriptor, "wb") as target:
            while block := file.read(BLOCK):
                size += len(block)
                if size > settings.MAX_UPLOAD_BYTES:
                    raise upload_too_large(settings.MAX_UPLOAD_MB)
                digest.update(block)
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
        yield Received(path, digest.hexdigest(), size)
    finally:
        path.unlink(missing_ok=True)


def lock(sha256: str) -> None:
    """Wait for the lock on these bytes; it is released at the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bytes:{sha256}"])


def open_bytes(sha256: str) -> IO[Any]:
    """The bytes, open for reading. FileNotFoundError when they are gone."""
    return default_storage.open(name_of(sha256), "rb")


@contextlib.contextmanager
def local_path(sha256: str) -> Iterator[Path]:
    """A path where the bytes can be read: their own on a disk, a temporary copy of those kept elsewhere."""
    name = name_of(sha256)
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:  # how a storage says that its files lie on no disk of this machine
        pass
    else:
        yield path
        return
    with (
        default_storage.open(name, "rb") as source,
        tempfile.NamedTemporaryFile(prefix="copy-", dir=settings.FILE_UPLOAD_TEMP_DIR) as copy,
    ):
        for block in source.chunks(BLOCK):
            copy.write(block)
        copy.flush()
        yield Path(copy.name)


def discard_unnamed(sha256: str) -> bool:
    """Remove these bytes if no document and no version names them; whether they were removed."""
    with transaction.atomic():
        lock(sha256)
        if _named(Document, {sha256}) or _named(DocumentVersion, {sha256}):
            return False
        default_storage.delete(name_of(sha256))
        return True


def sweep() -> int:
    """Remove all bytes that no row names and what dead uploads left; the number of files removed."""
    removed = sum(discard_unnamed(sha256) for sha256 in _unnamed())
    oldest = time.time() - STALE_UPLOAD_S
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed


def _unnamed() -> Iterator[str]:
    """Hashes in the storage that no row names at the moment; folder by folder, so that memory stays small."""
    for first in _folders(FOLDER):
        for second in _folders(f"{FOLDER}/{first}"):
            stored = {
                name for name in default_storage.listdir(f"{FOLDER}/{first}/{second}")[1] if SHA256.fullmatch(name)
            }
            left = stored - _named(Document, stored)
            yield from sorted(left - _named(DocumentVersion, left))


def _named(rows: type[Document | DocumentVersion], hashes: set[str]) -> set[str]:
    """Those of the hashes that a row names. Costs nothing for none."""
    if not hashes:
        return set()
    return set(rows._default_manager.filter(sha256__in=hashes).values_list("sha256", flat=True))


def _folders(name: str) -> list[str]:
    try:
        return sorted(default_storage.listdir(name)[0])
    except FileNotFoundError:
        return []
