"""A real worker that is killed while it builds a set: the next one goes on where it was, and uploads come between."""

import io
import time
from pathlib import Path
from typing import Any

import pytest

from documents import services
from documents.embedders import active_set
from documents.models import Status
from documents.services.embeddings import EmbedderChoice, embedding_set_begin, progress_of
from documents.tasks import build_embedding_set, call_workers, ingest_waiting, tend_embedding_sets
from tests.documents.embedding_sets import FACTS, assert_whole
from tests.documents.files import HANDBOOK
from tests.documents.workers import Worker, send_to
from tests.fakes.embeddings import FakeEmbeddings

pytestmark = [pytest.mark.endurance, pytest.mark.django_db(transaction=True)]


def wait_for(condition: Any, what: str, seconds: float = 90) -> None:
    """Wait, doing meanwhile what beat does every few seconds."""
    deadline = time.monotonic() + seconds
    tended = 0.0
    while not condition():
        assert time.monotonic() < deadline, what
        if time.monotonic() > tended + 0.5:
            tended = time.monotonic()
            call_workers()
            tend_embedding_sets.delay()
        time.sleep(0.02)


def test_a_killed_worker_loses_nothing_and_an_upload_does_not_wait_for_the_build(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = f"rebuild-{tmp_path.name}"
    send_to(monkeypatch, queue, ingest_waiting, build_embedding_set, tend_embedding_sets)
    for _ in range(5):
        make_document(cast.library, *FACTS)
    embeddings.delay_s = 0.4
    worker = Worker(queue, tmp_path)
    worker.environment |= {"OUTBOUND_ALLOW_PRIVATE": "127.0.0.1"}
    choice = EmbedderChoice("openai", embeddings.base_url, "fake")
    made = embedding_set_begin(user=cast.root, choice=choice)
    try:
        worker.start()
        for part in (1, 9):
            wait_for(lambda part=part: progress_of(made)[0] >= part, f"nothing was built: {worker.log.read_text()}")
            worker.kill()
            before = progress_of(made)[0]
            assert 0 < before < 300
            assert active_set() != made
            worker.start()
        document = services.document_upload(
            user=cast.ada, file=io.BytesIO(HANDBOOK.encode()), filename="handbook.md", source=cast.library
        )

        def ready() -> bool:
            document.refresh_from_db()
            return document.status == Status.READY

        wait_for(ready, "the upload waited")
        embeddings.delay_s = 0.0
        wait_for(lambda: active_set() == made, f"not built: {progress_of(made)} {worker.log.read_text()}")
    finally:
        worker.kill()
    made.refresh_from_db()
    assert_whole(made)
