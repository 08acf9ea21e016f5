"""A real Celery worker, killed in the middle of its work and started again."""

import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config import watchdog
from config.celery import app
from documents import services
from documents.models import Document, DocumentVersion, Status
from documents.tasks import call_workers
from tests.documents.files import HANDBOOK
from tests.documents.workers import Worker, own_worker

pytestmark = pytest.mark.django_db(transaction=True)

LONGEST_S = 300.0
"""Bounds a test that hangs; a slow machine is no failure."""

LONG = HANDBOOK + "".join(
    f"\n## Section {n}\n\n"
    + " ".join(f"Sentence {i} of section {n} speaks about topic {i * n % 97}." for i in range(40))
    for n in range(60)
)


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker that the test starts and kills."""
    yield from own_worker(tmp_path, monkeypatch)


def wait(document: Document, condition: Callable[[Document], bool]) -> Document:
    """Wait for a document, doing meanwhile what beat does every few seconds."""
    deadline = time.monotonic() + LONGEST_S
    while not condition(document):
        assert time.monotonic() < deadline, f"{document.status} {document.error_code} {document.progress_done}"
        call_workers()
        time.sleep(0.02)
        document.refresh_from_db()
    return document


@pytest.mark.endurance
def test_killed_while_embedding_it_is_finished_after_the_restart_once_and_whole(cast: Any, worker: Worker) -> None:
    document = services.document_upload(
        user=cast.ada, file=io.BytesIO(LONG.encode()), filename="long.md", source=cast.library
    )
    worker.start()
    for _ in range(2):
        wait(document, lambda each: each.status == Status.EMBEDDING and each.progress_done > 0)
        worker.kill()
        document.refresh_from_db()
        assert document.current_version is None
        assert not document.chunks.exists()
        worker.start()
    document = wait(document, lambda each: each.status == Status.READY)
    assert DocumentVersion.objects.filter(document=document).count() == 1
    ordinals = list(document.chunks.order_by("ordinal").values_list("ordinal", flat=True))
    assert ordinals == list(range(document.chunk_count))
    assert len(ordinals) > 50
    assert document.claim is None


@pytest.mark.endurance
def test_a_worker_that_has_gone_deaf_ends_for_its_supervisor_to_start_another(cast: Any, worker: Worker) -> None:
    document = services.document_upload(user=cast.ada, file=io.BytesIO(b"One."), filename="1.txt", source=cast.library)
    worker.start()
    wait(document, lambda each: each.status == Status.READY)
    app.control.cancel_consumer(worker.queue)
    process = worker.process
    other = services.document_upload(user=cast.ada, file=io.BytesIO(b"Two."), filename="2.txt", source=cast.library)
    deadline = time.monotonic() + LONGEST_S
    while process.poll() is None:
        assert time.monotonic() < deadline
        call_workers()
        time.sleep(0.1)
    assert process.returncode == watchdog.STATUS
    assert "nothing was received while work waited" in worker.log.read_text()
    worker.restart_if_ended()
    wait(other, lambda each: each.status == Status.READY)


def test_a_busy_worker_is_left_to_its_work(monkeypatch: pytest.MonkeyPatch, services: Path) -> None:
    ended: list[bool] = []
    monkeypatch.setattr(watchdog, "_end", lambda: ended.append(True))
    monkeypatch.setattr(watchdog.Watchdog, "_work_waits", lambda self: True)
    here = SimpleNamespace(worker_pid=os.getpid())
    gone = SimpleNamespace(worker_pid=2**22 + 1)
    watched = watchdog.Watchdog(["celery"], processes=1)
    for tasks, heard, ends in (([here], False, False), ([gone], True, False), ([gone], False, True)):
        monkeypatch.setattr("celery.worker.state.active_requests", tasks)
        for _check in range(watchdog.CHECKS):
            if heard:
                watched.heard()
            watched.check()
        assert bool(ended) is ends
