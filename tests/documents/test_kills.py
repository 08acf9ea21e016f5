"""A mixed ingest whose worker is killed at a hundred random moments: every document ends ready once, and whole."""

import io
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db.models import Count

from documents import services, storage
from documents.ingest.drafts import text_hash
from documents.models import Chunk, ChunkEdit, ChunkEmbedding, Document, DocumentPage, DocumentVersion, Status
from documents.storage import name_of
from documents.tasks import call_workers
from rag.chunking import chunk
from rag.embeddings import shipped_embedder
from rag.parsing import parse
from tests.documents.files import HANDBOOK, pdf_with_text
from tests.documents.workers import Worker, own_worker
from tests.rag.docx_files import make_docx, p

pytestmark = [pytest.mark.endurance, pytest.mark.django_db(transaction=True)]

KILLS = 50
WHOLE_WORKER_EVERY = 25
LONGEST_WAIT_S = 0.3
KILLS_S = 600
FINISH_S = 120
SEEDS = (20, 21)
"""Two ingests, so that two of xdist's workers share the hundred kills."""


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker that the test starts and kills."""
    yield from own_worker(tmp_path, monkeypatch)


def prose(number: int, sections: int) -> str:
    """Markdown that no other number gives."""
    parts = [f"# Document {number}"]
    for section in range(sections):
        lines = [f"Line {line} of section {section} names crane {number * 100 + line}." for line in range(25)]
        parts += [f"## Section {section}", " ".join(lines)]
    return "\n\n".join(parts)


def made_file(number: int) -> tuple[str, bytes]:
    """A file of a kind that goes round, of a size that goes up and down."""
    text = prose(number, 1 + number % 7)
    kind = number % 6
    if kind == 0:
        return f"{number}.pdf", pdf_with_text(*(f"Page {n} of report {number}" for n in range(1 + number % 5)))
    if kind == 1:
        return f"{number}.docx", make_docx("".join(p(line) for line in text.split("\n\n")))
    if kind == 2:
        body = "".join(f"<p>{line}</p>" for line in text.split("\n\n"))
        return f"{number}.html", f"<html><body><h1>Site {number}</h1>{body}</body></html>".encode()
    if kind == 3:
        return f"{number}.txt", text.encode("utf-16")
    if kind == 4:
        return f"{number}.pdf", b"%PDF-1.7\nbroken " + str(number).encode()
    return f"{number}.md", (HANDBOOK + text).encode()


class Ingest:
    """What people do meanwhile: upload, replace, delete, leave a chunk out."""

    def __init__(self, cast: Any, chance: random.Random) -> None:
        self.cast = cast
        self.chance = chance
        self.files: dict[Any, tuple[str, bytes]] = {}
        self.number = 0

    def claims(self) -> set[Any]:
        """The claims there are, those of killed workers for a while too."""
        return set(Document.objects.filter(claim__isnull=False).values_list("claim", flat=True))

    def upload(self) -> None:
        name, data = made_file(self.number)
        self.number += 1
        user = self.chance.choice((self.cast.ada, self.cast.ben))
        document = services.document_upload(user=user, file=io.BytesIO(data), filename=name, source=self.cast.library)
        self.files[document.pk] = (name, data)

    def delete(self) -> None:
        key = self.chance.choice(list(self.files))
        services.document_delete(user=self.cast.root, document_id=key)
        del self.files[key]

    def retry(self) -> None:
        for key in Document.objects.filter(status=Status.FAILED).values_list("pk", flat=True):
            services.document_retry(user=self.cast.root, document_id=key)

    def leave_out(self) -> None:
        first = Chunk.objects.filter(document__in=self.files, ordinal=0).order_by("?").first()
        if first is not None:
            ChunkEdit.objects.get_or_create(
                document_id=first.document_id, text_hash=text_hash(first.text), defaults={"excluded": True}
            )
            Document.objects.filter(pk=first.document_id, status=Status.READY).update(status=Status.RECEIVED)


@pytest.mark.parametrize("seed", SEEDS)
def test_kills_lose_nothing_and_leave_nothing_behind(cast: Any, worker: Worker, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    people = Ingest(cast, chance)
    for _ in range(18):
        people.upload()
    worker.start(processes=3)
    kills = 0
    dead: set[Any] = set()
    deadline = time.monotonic() + KILLS_S
    while kills < KILLS:
        assert time.monotonic() < deadline, f"only {kills} kills"
        if not people.claims() - dead:
            worker.restart_if_ended()
            call_workers()
            time.sleep(0.05)
            continue
        time.sleep(chance.uniform(0, LONGEST_WAIT_S))
        if kills % WHOLE_WORKER_EVERY == WHOLE_WORKER_EVERY - 1:
            worker.kill()
            worker.start(processes=3)
            kills += 1
        else:
            kills += worker.kill_child(chance)
        dead = people.claims()
        chance.choice((people.upload, people.upload, people.delete, people.retry, people.leave_out))()
        while Document.objects.unfinished().count() < 3:
            people.upload()
    worker.kill()
    worker.start(processes=3)
    deadline = time.monotonic() + FINISH_S
    while Document.objects.unfinished().exists():
        assert time.monotonic() < deadline, list(Document.objects.unfinished().values("filename", "status", "attempts"))
        call_workers()
        time.sleep(0.2)
    check_everything(people, tmp_path)


def check_everything(people: Ingest, tmp_path: Path) -> None:
    """Every document ready once with the chunks that its file gives, and not a row nor a byte more."""
    documents = {each.pk: each for each in Document.objects.select_related("current_version")}
    assert documents.keys() == people.files.keys()
    ready = 0
    for key, (name, data) in people.files.items():
        document = documents[key]
        if data.startswith(b"%PDF-1.7"):
            assert (document.status, document.error_code) == (Status.FAILED, "corrupt")
            continue
        assert document.status == Status.READY, (name, document.error_code, document.error_message)
        ready += 1
        (tmp_path / name).write_bytes(data)
        wanted = [each.text for each in chunk(parse(tmp_path / name, name), shipped_embedder())]
        rows = list(document.chunks.order_by("ordinal"))
        assert [row.text for row in rows] == wanted
        text = document.current_version.text
        assert all(row.text == text[row.start : row.end] for row in rows)
        assert document.claim is None
    assert ready > 10
    current = {each.current_version_id for each in documents.values()} - {None}
    assert set(DocumentVersion.objects.values_list("pk", flat=True)) == current
    assert not DocumentPage.objects.exclude(version_id__in=current).exists()
    assert not Chunk.objects.exclude(version_id__in=current).exists()
    counted = Chunk.objects.annotate(vectors=Count("embeddings")).values_list("excluded", "vectors")
    assert set(counted) <= {(False, 1), (True, 0)}
    assert ChunkEmbedding.objects.count() == Chunk.objects.filter(excluded=False).count()
    assert all(default_storage.exists(name_of(each.sha256)) for each in documents.values())
    assert storage.sweep() == 0
