"""A real Celery worker for tests: on a queue of its own, quick to notice a lost one, and easy to kill."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from django.conf import settings
from django.db import connection

from documents.ingest import ingest
from documents.models import Document, Status
from documents.tasks import ingest_waiting, sync_step

WORKER = """
from datetime import timedelta
import django
django.setup()
from documents.ingest import claims, rebuilding
rebuilding.LEASE = timedelta(seconds=2)
from documents.syncing import claims as sync_claims
for each in (claims, sync_claims):
    each.LEASE, each.RENEW_EVERY_S = timedelta(seconds=1), 0.2
from config import watchdog
watchdog.CHECK_EVERY_S, watchdog.CHECKS = 1, 5
from config.celery import app
app.conf.task_default_queue = "{queue}"
app.conf.task_routes = {{}}
alone = ["--without-gossip", "--without-mingle", "--loglevel=WARNING"]
app.worker_main(["worker", *alone, "-c", "{processes}", "-Q", "{queue}"])
"""

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
            "FOLDER_ROOTS": str(data_dir / "docs"),
        }
        self.log = data_dir / "worker.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.processes = 1

    def start(self, processes: int = 1) -> None:
        """Start it with so many processes that do the work."""
        self.processes = processes
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WORKER.format(queue=self.queue, processes=processes)],
                env=self.environment,
                cwd=settings.BASE_DIR,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def restart_if_ended(self) -> None:
        """Do what a supervisor does."""
        if self.process and self.process.poll() is not None:
            self.start(self.processes)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Kill the whole group, as the kernel would, and wait for the end."""
        if self.process:
            os.killpg(self.process.pid, number)
            self.process.wait(timeout=20)
            self.process = None
            end_sessions()

    def kill_child(self, chance: random.Random) -> bool:
        """Kill a process that does the work, as the kernel does when memory is short; whether there was one."""
        assert self.process is not None
        try:
            chance.choice(psutil.Process(self.process.pid).children()).kill()
        except (psutil.NoSuchProcess, IndexError):
            return False
        return True


def finish(document_id: uuid.UUID) -> Document:
    """Index a document here, unless a worker that runs for other tests was faster: then wait for it."""
    ingest(document_id)
    deadline = time.monotonic() + 60
    while (document := Document.objects.get(pk=document_id)).status not in (Status.READY, Status.FAILED):
        assert time.monotonic() < deadline, document.status
        time.sleep(0.05)
    return document


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


def own_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """Give a worker that the test starts; jobs go to its queue alone, and it is gone at the end."""
    queue = f"test-{tmp_path.name}-{os.getpid()}"
    send_to(monkeypatch, queue, ingest_waiting)
    monkeypatch.setattr(sync_step, "delay", lambda *given: sync_step.apply_async(given, queue=queue))
    made = Worker(queue, tmp_path)
    yield made
    made.kill()


def send_to(monkeypatch: pytest.MonkeyPatch, queue: str, *tasks: Any) -> None:
    """Send the calls of these tasks to a queue of the test's own, also when one was called before."""
    for task in tasks:
        monkeypatch.setattr(task, "queue", queue, raising=False)
        # What a task was first called with is remembered by Celery.
        monkeypatch.setattr(task, "_exec_options", None, raising=False)
