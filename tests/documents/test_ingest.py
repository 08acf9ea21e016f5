"""Indexing: from bytes to chunks, once and whole, whatever fails on the way."""

import io
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from documents import services, storage
from documents.ingest import ingest, ingest_next, waiting
from documents.ingest.claims import MAX_ATTEMPTS, Claim, ClaimLost
from documents.ingest.drafts import text_hash
from documents.ingest.swap import swap_in
from documents.models import Chunk, ChunkEdit, Document, DocumentVersion, Status
from documents.retrieval import search
from documents.tasks import call_workers
from live.stream import sync_client
from rag.parsing.sandbox import ParsingSandbox
from tests.documents.files import EMPTY_PDF, HANDBOOK, pdf_with_text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Calls that would go to a worker; the tests call the worker's function themselves."""
    made: list[str] = []
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: made.append("call"))
    return made


def upload(cast: Any, data: bytes, filename: str = "handbook.md", **options: Any) -> Document:
    return services.document_upload(
        user=cast.ada, file=io.BytesIO(data), filename=filename, source=cast.library, **options
    )


def indexed(document: Document) -> Document:
    ingest(document.pk)
    document.refresh_from_db()
    return document


def test_a_document_becomes_searchable_with_true_offsets(cast: Any, calls: list[str]) -> None:
    document = upload(cast, HANDBOOK.encode())
    assert calls == ["call"]
    document = indexed(document)
    assert (document.status, document.kind, document.title) == (Status.READY, "markdown", "Handbook")
    assert document.claim is None
    assert document.chunk_count == document.chunks.count() > 1
    text = document.current_version.text
    for chunk in document.chunks.all():
        assert chunk.text == text[chunk.start : chunk.end]
        assert chunk.source_id == cast.library.pk
    assert search(user=cast.max, query="How many days of leave?").passages[0].heading.endswith("Leave")


def test_blocks_of_the_version_lie_in_its_text(cast: Any) -> None:
    version = indexed(upload(cast, HANDBOOK.encode())).current_version
    assert [version.blocks[0][0], version.blocks[1][0]] == ["heading", "paragraph"]
    assert version.text[slice(*version.blocks[0][1:3])] == "Handbook"


def test_a_pdf_keeps_its_pages_and_where_the_words_stand(cast: Any) -> None:
    document = indexed(upload(cast, pdf_with_text("Budget of the year", "Second page"), "budget.pdf"))
    assert (document.status, document.kind) == (Status.READY, "pdf")
    pages = list(document.current_version.pages.all())
    assert [page.number for page in pages] == [1, 2]
    start, end, x0, y0, x1, y1 = pages[0].boxes[0]
    assert document.current_version.text[start:end] == "Budget"
    assert 0 <= x0 < x1 <= pages[0].width
    assert 0 <= y0 < y1 <= pages[0].height
    assert document.chunks.first().page == 1


@pytest.mark.parametrize(
    ("data", "filename", "code"),
    [
        (b"\x00" * 5000, "zeros.txt", "unsupported_type"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "report.pdf", "corrupt"),
        (b"%PDF-1.7\nnothing of a PDF follows", "broken.pdf", "corrupt"),
        (EMPTY_PDF, "scan.pdf", "no_text"),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_a_reason(cast: Any, data: bytes, filename: str, code: str) -> None:
    document = indexed(upload(cast, data, filename))
    assert (document.status, document.error_code) == (Status.FAILED, code)
    assert document.error_message.endswith(".")
    assert document.claim is None
    assert not Chunk.objects.exists()
    assert not DocumentVersion.objects.exists()


def test_a_retry_after_a_failure_starts_over(cast: Any, calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.ingest.swap_in", lambda *_: 1 / 0)
    document = indexed(upload(cast, HANDBOOK.encode()))
    assert (document.status, document.error_code) == (Status.FAILED, "internal_error")
    monkeypatch.undo()
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: calls.append("call"))
    services.document_retry(user=cast.ada, document_id=document.pk)
    assert len(calls) == 2
    document = indexed(document)
    assert (document.status, document.error_code) == (Status.READY, "")


def test_bytes_that_are_gone_are_told(cast: Any) -> None:
    document = upload(cast, HANDBOOK.encode())
    Path(default_storage.path(storage.name_of(document.sha256))).unlink()
    assert indexed(document).error_code == "bytes_missing"


def test_a_document_is_indexed_once_however_often_it_is_queued(cast: Any) -> None:
    document = upload(cast, HANDBOOK.encode())
    for _ in range(3):
        ingest(document.pk)
    assert document.versions.count() == 1
    ingest(uuid.uuid4())


def test_a_living_claim_keeps_others_out(cast: Any) -> None:
    document = upload(cast, HANDBOOK.encode())
    assert Claim.take(document.pk) is not None
    assert Claim.take(document.pk) is None
    assert Claim.take_next() is None
    assert waiting() == 0


def test_a_claim_that_ran_out_is_freed_and_its_worker_can_write_no_more(
    cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("documents.ingest.claims.TELL_EVERY_S", 0)
    document = upload(cast, HANDBOOK.encode())
    frozen = Claim.take(document.pk)
    assert frozen is not None
    Document.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert waiting() == 1
    assert ingest_next()
    assert waiting() == 0
    document.refresh_from_db()
    assert document.status == Status.READY
    with pytest.raises(ClaimLost):
        frozen.progress(Status.EMBEDDING, 1, 2)
    frozen.fail("late", "Too late.")
    document.refresh_from_db()
    assert document.status == Status.READY


def test_a_call_that_was_lost_is_made_again_and_none_too_many(
    cast: Any, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(cast, b"One.", "one.txt")
    upload(cast, b"Two.", "two.txt")
    calls.clear()
    monkeypatch.setattr("documents.tasks._calls_queued", lambda: 1)
    call_workers()
    assert calls == ["call"]


def test_lanes_take_turns_so_that_a_single_file_does_not_wait_for_thousands(cast: Any) -> None:
    many = [upload(cast, f"Ada's file number {n}.".encode(), f"{n}.txt") for n in range(12)]
    single = services.document_upload(
        user=cast.ben, file=io.BytesIO(b"Ben's only file."), filename="ben.txt", source=cast.library
    )
    order = []
    while claim := Claim.take_next():
        order.append(claim.document.pk)
        claim.fail("test", "Done.")
    assert single.pk in order[:2]
    assert [each for each in order if each != single.pk] == [each.pk for each in many]


def test_a_document_that_takes_every_worker_down_is_given_up(cast: Any) -> None:
    document = upload(cast, HANDBOOK.encode())
    Document.objects.update(attempts=MAX_ATTEMPTS)
    assert indexed(document).error_code == "ingest_crashed"


def test_deleting_while_it_is_indexed_leaves_nothing(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    document = upload(cast, HANDBOOK.encode())

    def delete_first(claim: Claim, result: Any) -> bool:
        services.document_delete(user=cast.root, document_id=document.pk)
        return swap_in(claim, result)

    monkeypatch.setattr("documents.ingest.swap_in", delete_first)
    ingest(document.pk)
    assert not Document.objects.exists()
    assert not Chunk.objects.exists()
    assert not DocumentVersion.objects.exists()
    assert not default_storage.exists(storage.name_of(document.sha256))


def test_a_new_version_replaces_the_old_one_at_once(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    document = indexed(upload(cast, HANDBOOK.encode()))
    before = set(Chunk.objects.values_list("pk", flat=True))
    seen: list[set[int]] = []

    def look_first(claim: Claim, result: Any) -> bool:
        seen.append({each.chunk_id for each in search(user=cast.max, query="leave", limit=100).passages})
        return swap_in(claim, result)

    monkeypatch.setattr("documents.ingest.swap_in", look_first)
    Document.objects.update(status=Status.RECEIVED)
    document = indexed(document)
    assert seen == [before]
    assert [each.number for each in document.versions.all()] == [2]
    after = set(Chunk.objects.values_list("pk", flat=True))
    assert len(after) == len(before)
    assert not after & before


def test_deleting_a_document_breaks_off_the_reading_of_it(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = ParsingSandbox(parser="tests.rag.hostile_parsers:misbehave")
    monkeypatch.setattr("documents.ingest._sandbox", lambda: endless)
    monkeypatch.setattr("documents.ingest.claims.RENEW_EVERY_S", 0.2)
    document = upload(cast, b"sleep")

    def work() -> None:
        try:
            ingest(document.pk)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    while not Document.objects.filter(status=Status.PARSING).exists():
        time.sleep(0.02)
    services.document_delete(user=cast.root, document_id=document.pk)
    worker.join(timeout=20)
    assert not worker.is_alive()
    assert not Document.objects.exists()


SECTIONS = [f"## Part {n}\n\nThe crane number {n} lifts {n + 3} tons and stands on quay {n}." for n in range(12)]


def changed_bytes(document: Document, data: bytes) -> Document:
    """Give the document other bytes, as a new version of its origin does."""
    with storage.receive(io.BytesIO(data)) as received, transaction.atomic():
        received.keep()
        Document.objects.filter(pk=document.pk).update(
            sha256=received.sha256, size=received.size, status=Status.RECEIVED
        )
    return indexed(document)


def test_what_did_not_change_in_a_document_is_not_embedded_again(cast: Any, embedded_texts: list[str]) -> None:
    document = indexed(upload(cast, "\n\n".join(["# Cranes", *SECTIONS]).encode()))
    before = dict(document.chunks.values_list("text", "embeddings__vector"))
    embedded_texts.clear()
    sections = [*SECTIONS[:5], "## New\n\nA new crane stands on quay 99.", *SECTIONS[5:]]
    document = changed_bytes(document, "\n\n".join(["# Cranes", *sections]).encode())
    assert len(embedded_texts) == 1
    assert "quay 99" in embedded_texts[0]
    after = dict(document.chunks.values_list("text", "embeddings__vector"))
    assert len(after) == len(before) + 1
    assert all(after[text] == vector for text, vector in before.items())


def test_edits_outlive_a_new_version_where_the_words_are_the_same(cast: Any) -> None:
    document = indexed(upload(cast, "\n\n".join(["# Cranes", *SECTIONS]).encode()))
    for chunk, changes in (
        (document.chunks.get(text__contains="number 3 "), {"text": "Crane three is called Zephyr."}),
        (document.chunks.get(text__contains="number 7 "), {"excluded": True}),
    ):
        ChunkEdit.objects.create(document=document, text_hash=text_hash(chunk.text), **changes)
    document = changed_bytes(document, "\n\n".join(["# Cranes", "Preface.", *SECTIONS[1:]]).encode())
    edited = document.chunks.get(edited_text__isnull=False)
    assert "number 3 " in edited.text == document.current_version.text[edited.start : edited.end]
    found = search(user=cast.max, query="Zephyr").passages[0]
    assert (found.chunk_id, found.edited_text) == (edited.pk, "Crane three is called Zephyr.")
    left_out = document.chunks.get(excluded=True)
    assert "number 7 " in left_out.text
    assert not left_out.embeddings.exists()
    everything = search(user=cast.max, query="crane number 7 lifts 10 tons on quay 7", limit=100).passages
    assert left_out.pk not in {each.chunk_id for each in everything}
    assert len(everything) == document.chunk_count - 1


@pytest.mark.parametrize(
    ("moment", "heard"),
    [(0, ["received", "parsing", "chunking", "embedding", "ready"]), (3600, ["received", "parsing", "ready"])],
)
def test_the_uploader_hears_of_every_step_that_takes_longer_than_a_moment(
    cast: Any, monkeypatch: pytest.MonkeyPatch, moment: float, heard: list[str]
) -> None:
    monkeypatch.setattr("documents.ingest.claims.TELL_EVERY_S", moment)
    sync_client().delete(f"documents:{cast.ada.pk}")
    indexed(upload(cast, HANDBOOK.encode()))
    events = [entry[1][b"e"].decode() for entry in sync_client().xrange(f"documents:{cast.ada.pk}")]
    steps = [status for status in Status.values if any(f'"status":"{status}"' in event for event in events)]
    assert steps == heard
