"""Syncs whose worker is killed at random moments, and a slow repository beside what others want."""

import io
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count

from documents import services
from documents.models import DataSource, DocumentVersion, RunState, SourceItem, Status, SyncRun
from documents.tasks import call_workers, queue_due_syncs
from tests.documents.workers import Worker, own_worker
from tests.fakes.git import TOKEN, GitServer, Repository
from tests.fakes.website import Site, serving

pytestmark = [pytest.mark.endurance, pytest.mark.django_db(transaction=True)]

FILES = 200
KILLS = 4
LONGEST_WAIT_S = 0.4
LONGEST_S = 120
SEED = 7


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker that the test starts and kills."""
    (tmp_path / "docs").mkdir()
    yield from own_worker(tmp_path, monkeypatch)


def until(condition: Callable[[], Any]) -> None:
    """Wait, doing meanwhile what beat does every few seconds."""
    deadline = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < deadline, list(SyncRun.objects.values("state", "phase", "new", "error_code"))
        queue_due_syncs()
        call_workers()
        time.sleep(0.02)


def folder_source(cast: Any, folder: Path, files: int) -> DataSource:
    for number in range(files):
        (folder / f"{number:03}.md").write_text(f"# Note {number}\n\nIt says {number * 7}.")
    return services.source_create(user=cast.root, name="Notes", kind="folder", settings={"path": str(folder)})


def ended(run: SyncRun) -> bool:
    run.refresh_from_db()
    return run.is_final


def test_a_sync_killed_at_random_moments_brings_every_document_once(cast: Any, worker: Worker, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    source = folder_source(cast, tmp_path / "docs", FILES)
    run = services.sync_start(user=cast.root, source=source)
    killed: set[Any] = {None}
    for _ in range(KILLS):
        worker.start()
        until(lambda: not {SyncRun.objects.get(pk=run.pk).claim} <= killed or ended(run))
        time.sleep(chance.uniform(0, LONGEST_WAIT_S))
        worker.kill()
        killed.add(SyncRun.objects.get(pk=run.pk).claim)
    worker.start()
    until(lambda: ended(run))
    assert (run.state, run.new, run.changed, run.unchanged, run.failed) == (RunState.DONE, FILES, 0, 0, 0)
    names = [f"{number:03}.md" for number in range(FILES)]
    assert list(source.documents.order_by("external_id").values_list("external_id", flat=True)) == names
    assert SourceItem.objects.filter(source=source, status="done").count() == FILES
    versions = DocumentVersion.objects.filter(document__source=source)
    assert not versions.values("document").annotate(many=Count("pk")).exclude(many=1).exists()
    assert list(source.documents.filter(status=Status.FAILED).values_list("external_id", "error_code")) == []


def test_a_slow_repository_holds_up_nobody_and_a_killed_worker_loses_nothing_of_it(
    cast: Any, worker: Worker, tmp_path: Path, settings: Any
) -> None:
    repository = Repository(tmp_path / "papers", leaves_out=False)
    repository.commit(one_md="# One", docs__two_md="# Two")
    worker.environment |= {"OUTBOUND_ALLOW_PRIVATE": "127.0.0.1", "ENCRYPTION_KEY": settings.ENCRYPTION_KEY}
    with serving(Site()) as site:
        server = GitServer(site, tmp_path)
        server.slow = lambda _asked: True
        values = {"url": f"{site.url}/papers/.git", "token": TOKEN}
        papers = services.source_create(user=cast.ada, name="Papers", kind="git", settings=values)
        slow = services.sync_start(user=cast.ada, source=papers)
        worker.start()
        until(server.waiting.is_set)
        notes = folder_source(cast, tmp_path / "docs", 3)
        quick = services.sync_start(user=cast.root, source=notes)
        upload = services.document_upload(
            user=cast.ada, file=io.BytesIO(b"# Upload\n\nWords."), filename="upload.md", source=cast.library
        )
        until(lambda: ended(quick))
        until(lambda: cast.library.documents.filter(pk=upload.pk, status=Status.READY).exists())
        assert not ended(slow)
        worker.kill()
        worker.start()
        server.gate.set()
        until(lambda: ended(slow))
    assert (slow.state, slow.new, slow.failed) == (RunState.DONE, 2, 0)
    paths = papers.documents.order_by("external_id").values_list("external_id", flat=True)
    assert list(paths) == ["docs/two.md", "one.md"]
    assert len(server.fetches()) == 1
