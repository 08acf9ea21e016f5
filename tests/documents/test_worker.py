"""A real Celery worker, killed in the middle of its work and started again."""

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from documents import services
from documents.models import Document, DocumentVersion, Status
from documents.tasks import call_workers
from tests.documents.files import HANDBOOK
from tests.documents.workers import Worker, own_worker

pytestmark = pytest.mark.django_db(transaction=True)

LONG = HANDBOOK + "".join(
    f"\n## Section {n}\n\n"
    + " ".join(f"Sentence {i} of section {n} speaks about topic {i * n % 97}." for i in range(40))
    for n in range(60)
)


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker that the test starts and kills."""
    yield from own_worker(tmp_path, monkeypatch)


def wait(document: Document, condition: Callable[[Document], bool], seconds: float = 60) -> Document:
    """Wait for a document, doing meanwhile what beat does every few seconds."""
    deadline = time.monotonic() + seconds
    while not condition(document):
        assert time.monotonic() < deadline, f"{document.status} {document.error_code} {document.progress_done}"
        call_workers()
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
