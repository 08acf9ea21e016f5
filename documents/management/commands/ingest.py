"""``manage.py ingest PATH...``: take in files and folders, and wait for them with ``--wait``."""

import sys
import time
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.models import User
from documents.errors import DocumentsError
from documents.management.people import acting_user, add_user_argument
from documents.models import DataSource, Document, Status
from documents.services import document_upload, source_create

POLL_S = 0.25
BATCH = 1000


class Command(BaseCommand):
    """Take in files; the running worker indexes them."""

    help = "Take in files and all files below folders. Exit status 1 when one was refused or, with --wait, failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--source", metavar="NAME", help="data source by name or slug; made when there is none")
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
        taken, refused = self._take_in(user, source, files)
        failed = self._wait(taken, options["timeout"]) if options["wait"] else {}
        for name, reason in [*refused.items(), *failed.items()]:
            self.stderr.write(f"{name}: {reason}")
        done = "indexed" if options["wait"] else "taken in"
        self.stdout.write(f"{len(taken) - len(failed)} of {len(files)} {_documents(len(files))} {done}")
        if refused or failed:
            sys.exit(1)

    def _take_in(
        self, user: User, source: DataSource | None, files: list[Path]
    ) -> tuple[dict[uuid.UUID, Path], dict[Path, str]]:
        """Ids of the documents with their paths, and why others were refused."""
        taken: dict[uuid.UUID, Path] = {}
        refused: dict[Path, str] = {}
        for path in self._bar(files, "taking in"):
            try:
                with path.open("rb") as file:
                    document = document_upload(user=user, file=file, filename=path.name, source=source)
            except DocumentsError as error:
                refused[path] = str(error.message)
            except OSError as error:
                refused[path] = error.strerror or str(error)
            else:
                taken[document.pk] = path
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


def _source(user: User, name: str | None) -> DataSource | None:
    if name is None:
        return None
    source = DataSource.objects.visible_to(user).named(name)
    return source or source_create(user=user, name=name)


def _documents(count: int) -> str:
    return "document" if count == 1 else "documents"
