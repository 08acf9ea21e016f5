"""A real Celery worker, killed in the middle of its work and started again."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from documents import services
from documents.models import Document, DocumentVersion, Status
from documents.tasks import ingest_document, queue_stuck
from tests.documents.files import HANDBOOK

pytestmark = pytest.mark.django_db(transaction=True)

WORKER = """
from datetime import timedelta
import django
django.setup()
from documents.ingest import claims
claims.LEASE, claims.RENEW_EVERY_S = timedelta(seconds=1.5), 0.3
from config.celery import app
app.conf.task_default_queue = "{queue}"
app.worker_main(["worker", "--without-gossip", "--without-mingle", "--loglevel=WARNING", "-Q", "{queue}"])
"""

LONG = HANDBOOK + "".join(
    f"\n## Section {n}\n\n"
    + " ".join(f"Sentence {i} of section {n} speaks about topic {i * n % 97}." for i in range(40))
    for n in range(60)
)


SESSIONS = "killed-worker"


class Worker:
    """A worker process group on the test's own queue, database and files."""

    def __init__(self, queue: str, data_dir: Path) -> None:
        self.queue = queue
        database = connection.settings_dict
        who = f"{database['USER']}:{quote(database.get('PASSWORD', ''), safe='')}"
        url = f"postgresql://{who}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
        url += f"&application_name={SESSIONS}"
        self.environment = {
            **os.environ,
            "DATABASE_URL": url,
            "REDIS_URL": settings.REDIS_URL,
            "DATA_DIR": str(data_dir),
        }
        self.log = data_dir / "worker.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WORKER.format(queue=self.queue)],
                env=self.environment,
                cwd=settings.BASE_DIR,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Kill the whole group, as the kernel would, and wait for the end."""
        if self.process:
            os.killpg(self.process.pid, number)
            self.process.wait(timeout=20)
            self.process = None
            end_sessions()


def end_sessions() -> None:
    """End what PostgreSQL still does for a worker that is gone: it notices late, and holds the database till then."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s", [SESSIONS]
            )
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.05)


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker that the test starts; jobs go to its queue alone."""
    queue = f"test-{tmp_path.name}-{os.getpid()}"
    monkeypatch.setattr(ingest_document, "delay", lambda key: ingest_document.apply_async((key,), queue=queue))
    made = Worker(queue, tmp_path)
    yield made
    made.kill()


def wait(document: Document, condition: Callable[[Document], bool], seconds: float = 60) -> Document:
    """Wait for a document, doing meanwhile what beat does every few seconds."""
    deadline = time.monotonic() + seconds
    while not condition(document):
        assert time.monotonic() < deadline, f"{document.status} {document.progress_done}/{document.progress_total}"
        queue_stuck()
        time.sleep(0.02)
        document.refresh_from_db()
    return document


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
