"""Running a sync to its end in this process, as the worker would."""

import itertools
import time
from typing import Any

from documents import services
from documents.models import DataSource, Document, SourceItem, SyncRun
from documents.syncing import step

MAX_STEPS = 300
LONGEST_S = 60


class Syncing:
    """Syncs sources; ``queued`` are the documents that were given to the indexing, ``pauses`` what steps asked for.

    Pauses are not waited for, unless what is ``beside`` the steps needs the time: then for the shortest while.
    """

    def __init__(self) -> None:
        self.beside = False
        self.queued: list[Any] = []
        self.pauses: list[float] = []

    def go_on(self, run: SyncRun) -> SyncRun:
        """Step until the run has ended."""
        deadline = time.monotonic() + LONGEST_S
        for number in itertools.count():
            wait = step(run.pk, self.queued.append)
            if wait is None:
                run.refresh_from_db()
                return run
            self.pauses.append(wait)
            if self.beside:
                time.sleep(0.02)
            if time.monotonic() > deadline or (number > MAX_STEPS and not self.beside):
                break
        raise AssertionError("The sync does not end.")

    def __call__(self, source: DataSource, user: Any) -> SyncRun:
        """Start a sync and go on until it has ended."""
        return self.go_on(services.sync_start(user=user, source=source))


def counts(run: SyncRun) -> tuple[int, int, int, int, int]:
    """New, changed, unchanged, deleted, failed."""
    return run.new, run.changed, run.unchanged, run.deleted, run.failed


def names(source: DataSource) -> list[str]:
    """File names of the source's documents, in order."""
    return sorted(Document.objects.filter(source=source).values_list("filename", flat=True))


def failures(source: DataSource) -> dict[str, str]:
    """The items that failed, with their codes."""
    return dict(SourceItem.objects.filter(source=source, status="failed").values_list("external_id", "error_code"))
