"""``manage.py ingest PATH...``: take in files and folders, and wait for them with ``--wait``.

Two files of one name may be two documents, so a file never takes another's place unasked: with ``--replace`` it does
where it is clear which one.
"""

import sys
import time
import uuid
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.models import User
from documents.errors import DocumentsError
from documents.management.people import acting_user, add_user_argument
from documents.models import DataSource, Document, Status
from documents.services import (
    clean_filename,
    default_source,
    document_replace,
    document_upload,
    source_create,
)

POLL_S = 0.25
BATCH = 1000


class Command(BaseCommand):
    """Take in files; the running worker indexes them."""

    help = "Take in files and all files below folders. Exit status 1 when one was refused or, with --wait, failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--source", metavar="NAME", help="data source by name or slug; made when there is none")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="let a changed file become the new version of the document of its name",
        )
        parser.add_argument("--wait", action="store_true", help="wait until all of them are ready or failed")
        parser.add_argument("--timeout", type=float, default=3600, metavar="SECONDS", help="how long to wait; 3600")
        add_user_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Take in, wait, report."""
        user = acting_user(options["user"])
        files = list(_files(options["paths"]))
        try:
            source = _source(user, options["source"])
        except DocumentsError as error:
            raise CommandError(error.message) from error
        taken, refused = self._take_in(_Intake(user, source, files, replaces=options["replace"]), files)
        failed = self._wait(taken, options["timeout"]) if options["wait"] else {}
        for name, reason in [*refused.items(), *failed.items()]:
            self.stderr.write(f"{name}: {reason}")
        done = "indexed" if options["wait"] else "taken in"
        self.stdout.write(f"{len(taken) - len(failed)} of {len(files)} {_documents(len(files))} {done}")
        if refused or failed:
            sys.exit(1)

    def _take_in(self, intake: "_Intake", files: list[Path]) -> tuple[dict[uuid.UUID, Path], dict[Path, str]]:
        """Ids of the documents with their paths, and why others were refused."""
        taken: dict[uuid.UUID, Path] = {}
        refused: dict[Path, str] = {}
        for path in self._bar(files, "taking in"):
            try:
                document, note = intake.take(path)
            except DocumentsError as error:
                refused[path] = str(error.message)
            except OSError as error:
                refused[path] = error.strerror or str(error)
            else:
                taken[document.pk] = path
                if note:
                    self.stdout.write(f"{path}: {note}")
        return taken, refused

    def _wait(self, taken: dict[uuid.UUID, Path], timeout_s: float) -> dict[Path, str]:
        """Wait for the documents; why those that failed did. CommandError when the time is up."""
        deadline = time.monotonic() + timeout_s
        left = list(taken)
        failed: dict[Path, str] = {}
        options: dict[str, Any] = {"desc": "indexing", "unit": "file", "file": self.stderr}
        with tqdm(total=len(taken), disable=not self._shows_bars, **options) as bar:
            while left:
                ends = _ends(left)
                failed |= {taken[pk]: reason for pk, reason in ends.items() if reason}
                bar.update(len(ends))
                left = [pk for pk in left if pk not in ends]
                if left and time.monotonic() > deadline:
                    raise CommandError(f"{len(left)} {_documents(len(left))} not indexed yet. Is make up running?")
                if left:
                    time.sleep(POLL_S)
        return failed

    def _bar(self, files: list[Path], what: str) -> "tqdm[Path]":
        return tqdm(files, desc=what, unit="file", file=self.stderr, disable=not self._shows_bars)

    @property
    def _shows_bars(self) -> bool:
        return self.stderr.isatty()


class _Intake:
    """Takes in the files of one run: each as a document of its own, or as a new version of the one of its name."""

    def __init__(self, user: User, source: DataSource, files: list[Path], *, replaces: bool) -> None:
        self._user, self._source, self._replaces = user, source, replaces
        self._names = Counter(clean_filename(path.name) for path in files)
        self._taken: set[uuid.UUID] = set()

    def take(self, path: Path) -> tuple[Document, str]:
        """The document that the file is now, and what to say of it. Raises DocumentsError and OSError."""
        name = clean_filename(path.name)
        namesakes = Document.objects.filter(source=self._source, filename=name, external_id__isnull=True)
        before = list(namesakes.exclude(pk__in=self._taken).order_by("created_at")[:2])
        with path.open("rb") as file:
            if self._replaces and len(before) == 1 and self._names[name] == 1:
                given = document_replace(user=self._user, document_id=before[0].pk, file=file, filename=name)
                document, note = given.document, "It is a new version of its document." if given.changed else ""
            else:
                document = document_upload(user=self._user, file=file, filename=name, source=self._source)
                is_new = document.pk not in {each.pk for each in before}
                note = self._namesake_note() if before and is_new else ""
        self._taken.add(document.pk)
        return document, note

    def _namesake_note(self) -> str:
        if self._replaces:
            return "Several files or documents have this name, so it is a document of its own."
        return "Another document has this name; both are kept. With --replace it becomes the new version."


def _ends(ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Those of the documents that have come to an end, each with the reason why it failed, empty when it is ready."""
    ends: dict[uuid.UUID, str] = {}
    for begin in range(0, len(ids), BATCH):
        batch = ids[begin : begin + BATCH]
        states = {row.pk: row for row in Document.objects.filter(pk__in=batch).only("status", "error_message")}
        for pk in batch:
            state = states.get(pk)
            if state is None:
                ends[pk] = "It was deleted meanwhile."
            elif state.is_final:
                ends[pk] = state.error_message if state.status == Status.FAILED else ""
    return ends


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
        elif path.is_file():
            yield path
        else:
            raise CommandError(f"{path} is no file and no folder.")


def _source(user: User, name: str | None) -> DataSource:
    if name is None:
        return default_source(user=user)
    source = DataSource.objects.visible_to(user).named(name)
    return source or source_create(user=user, name=name)


def _documents(count: int) -> str:
    return "document" if count == 1 else "documents"
