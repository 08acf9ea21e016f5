"""A document is given another file: the new version takes the old one's place, whole, and only then."""

import io
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import AsyncClient, Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import AuditEntry
from documents import services, storage
from documents.errors import DocumentsError
from documents.ingest import ingest
from documents.ingest.claims import Claim
from documents.ingest.swap import swap_in
from documents.models import Chunk, Document, DocumentVersion, Status
from documents.retrieval import search
from documents.services.chunks import chunk_edit
from rag.parsing.sandbox import ParsingSandbox
from tests.documents.files import HANDBOOK, pdf_with_text
from tests.documents.test_api import Caller, error_of

pytestmark = pytest.mark.django_db(transaction=True)
CRANE = b"# Cranes\n\nThe big crane is called Zephyr."
SHIP = b"# Ships\n\nThe big ship is called Fulmar."


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)


def indexed(cast: Any, data: bytes = CRANE, filename: str = "cranes.md") -> Document:
    document = services.document_upload(user=cast.ada, file=io.BytesIO(data), filename=filename, source=cast.research)
    return again(document)


def again(document: Document) -> Document:
    ingest(document.pk)
    return Document.objects.get(pk=document.pk)


def replace(user: Any, document: Document, data: bytes, filename: str = "cranes.md") -> services.Replaced:
    return services.document_replace(user=user, document_id=document.pk, file=io.BytesIO(data), filename=filename)


def stored(settings: Any) -> set[str]:
    return {path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def put(caller: Caller, document: Document, data: bytes, filename: str = "cranes.md") -> Any:
    body = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile(filename, data)})
    path = f"/api/v1/documents/{document.pk}/file"
    return caller.client.put(path, body, content_type=MULTIPART_CONTENT, headers=caller.headers)


def test_the_old_version_is_searched_until_the_new_one_is_there(cast: Any, settings: Any) -> None:
    document = indexed(cast)
    before = document.sha256
    response = put(Caller(cast.ada), document, SHIP, "ships.md")
    assert (response.status_code, response.json()) == (202, {"id": str(document.pk), "status": "received"})
    document.refresh_from_db()
    assert (document.filename, document.size) == ("ships.md", len(SHIP))
    assert "Zephyr" in search(user=cast.max, query="What is the big crane called?").passages[0].text
    assert stored(settings) == {before, document.sha256}
    document = again(document)
    assert (document.status, document.title, document.versions.count()) == (Status.READY, "Ships", 1)
    texts = [each.text for each in search(user=cast.max, query="What is the big crane called?").passages]
    assert not [text for text in texts if "Zephyr" in text]
    assert any("Fulmar" in text for text in texts)
    assert stored(settings) == {document.sha256}


def test_the_audit_log_tells_who_gave_which_document_another_file(cast: Any) -> None:
    document = indexed(cast)
    replace(cast.root, document, SHIP, "ships.md")
    entry = AuditEntry.objects.filter(action="document.upload").latest("pk")
    assert (entry.actor, entry.target_id, entry.detail) == (
        cast.root,
        str(document.pk),
        {"source": "Research", "replaces": "cranes.md"},
    )


def test_the_same_file_is_nothing_to_do_and_says_so(cast: Any) -> None:
    document = indexed(cast)
    response = put(Caller(cast.ada), document, CRANE)
    assert response.status_code == 200
    assert response.json()["status"] == "ready"
    assert "Nothing was changed" in response.json()["message"]
    assert AuditEntry.objects.filter(action="document.upload").count() == 1


def test_the_same_bytes_under_another_name_take_the_name_and_are_read_by_it(cast: Any) -> None:
    document = indexed(cast)
    assert put(Caller(cast.ada), document, CRANE, "cranes.txt").status_code == 202
    document = again(document)
    assert (document.filename, document.kind, document.status) == ("cranes.txt", "text", Status.READY)


def test_the_same_file_takes_a_failed_document_up_again(cast: Any) -> None:
    document = indexed(cast)
    Document.objects.filter(pk=document.pk).update(status=Status.FAILED, error_code="x")
    assert put(Caller(cast.ada), document, CRANE).status_code == 202
    assert again(document).status == Status.READY


def test_who_may_give_a_document_another_file(cast: Any) -> None:
    document = indexed(cast)
    for name, status, code in (
        ("cleo", 404, "not_found"),
        ("ben", 403, "permission_denied"),
        ("max", 403, "permission_denied"),
    ):
        response = put(Caller(getattr(cast, name)), document, SHIP)
        assert (response.status_code, error_of(response)) == (status, code), name
        client = Client()
        client.force_login(getattr(cast, name))
        if name != "max":
            page = client.post(f"/documents/{document.pk}/file", {"file": SimpleUploadedFile("a.md", SHIP)})
            assert (page.status_code, error_of(page)) == (status, code), name
        shown = client.get(f"/documents/{document.pk}/").content.decode()
        assert "Upload a new version" not in shown
    document.refresh_from_db()
    assert document.status == Status.READY
    for user in (cast.ada, cast.root):
        client = Client()
        client.force_login(user)
        assert "Upload a new version" in client.get(f"/documents/{document.pk}/").content.decode()
    assert put(Caller(cast.root), document, SHIP).status_code == 202


def test_what_cannot_be_taken_says_why_and_leaves_all_as_it_was(cast: Any, settings: Any) -> None:
    document, other = indexed(cast), indexed(cast, SHIP, "ships.md")
    settings.MAX_UPLOAD_MB, settings.MAX_UPLOAD_BYTES = 1, 2**20
    ada = Caller(cast.ada)
    kept = stored(settings)
    for data, status, code in (
        (b"", 422, "empty_file"),
        (b"\x00" * (2**20 + 1), 413, "too_large"),
        (SHIP, 409, "same_as_another"),
    ):
        response = put(ada, document, data)
        assert (response.status_code, error_of(response)) == (status, code)
    assert other.filename in response.json()["error"]["message"]
    path = f"/api/v1/documents/{document.pk}/file"
    assert error_of(ada.client.put(path, b"", content_type=MULTIPART_CONTENT, headers=ada.headers)) == "invalid"
    damaged = ada.client.put(path, b"x", content_type="multipart/form-data", headers=ada.headers)
    assert (damaged.status_code, error_of(damaged)) == (400, "bad_request")
    document.refresh_from_db()
    assert document.status == Status.READY
    assert stored(settings) == kept
    assert not list(settings.FILE_UPLOAD_TEMP_DIR.iterdir())


def test_a_document_that_a_connector_brought_is_its_sources_matter(cast: Any, source: Any, syncing: Any) -> None:
    syncing(source, cast.root)
    document = source.documents.first()
    with pytest.raises(DocumentsError) as refused:
        replace(cast.root, document, SHIP)
    assert (refused.value.code, refused.value.status) == ("source_syncs", 409)
    assert source.name in refused.value.message
    client = Client()
    client.force_login(cast.root)
    assert "Upload a new version" not in client.get(f"/documents/{document.pk}/").content.decode()


def test_a_file_that_cannot_be_read_leaves_the_version_before_searchable(cast: Any, settings: Any) -> None:
    document = indexed(cast)
    before = document.sha256
    replace(cast.ada, document, b"%PDF-1.7\nno", "cranes.pdf")
    document = again(document)
    assert (document.status, document.error_code) == (Status.FAILED, "corrupt")
    assert "Zephyr" in search(user=cast.max, query="crane").passages[0].text
    assert stored(settings) == {before, document.sha256}
    replace(cast.ada, document, CRANE)
    assert again(document).status == Status.READY
    assert stored(settings) == {before}


def test_a_deleted_document_takes_the_bytes_of_both_versions_with_it(cast: Any, settings: Any) -> None:
    document = indexed(cast)
    replace(cast.ada, document, SHIP)
    assert len(stored(settings)) == 2
    assert storage.sweep() == 0
    services.document_delete(user=cast.ada, document_id=document.pk)
    assert stored(settings) == set()


def test_bytes_that_another_document_has_stay(cast: Any, settings: Any) -> None:
    document = indexed(cast)
    services.document_upload(user=cast.ada, file=io.BytesIO(CRANE), filename="a.md", source=cast.library)
    replace(cast.ada, document, SHIP)
    document = again(document)
    assert len(stored(settings)) == 2


def test_unchanged_words_keep_their_edits_and_vectors(cast: Any) -> None:
    document = indexed(cast, HANDBOOK.encode(), "handbook.md")
    chunk = document.chunks.get(text__contains="thirty days")
    chunk_edit(user=cast.ada, chunk_id=chunk.pk, text="Leave is called Zephyr.")
    replace(cast.ada, document, HANDBOOK.replace("second class", "third class").encode(), "handbook.md")
    document = again(document)
    assert document.chunks.get(text__contains="thirty days").edited_text == "Leave is called Zephyr."
    assert "third class" in document.current_version.text


@pytest.mark.parametrize("moment", ["before the swap", "while embedding"])
def test_a_file_that_comes_while_the_former_one_is_indexed_overtakes_it(
    cast: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, moment: str
) -> None:
    document = services.document_upload(
        user=cast.ada, file=io.BytesIO(CRANE), filename="cranes.md", source=cast.research
    )
    came: list[bool] = []

    def come() -> None:
        if not came:
            came.append(replace(cast.ada, document, SHIP, "ships.md").changed)

    def swap_late(claim: Claim, result: Any) -> bool:
        come()
        return swap_in(claim, result)

    real = Claim.progress

    def progress_late(claim: Claim, status: Status, *counts: int) -> None:
        if status == Status.EMBEDDING:
            come()
        real(claim, status, *counts)

    if moment == "before the swap":
        monkeypatch.setattr("documents.ingest.swap_in", swap_late)
    else:
        monkeypatch.setattr(Claim, "progress", progress_late)
    ingest(document.pk)
    document.refresh_from_db()
    assert (came, document.status, document.filename) == ([True], Status.RECEIVED, "ships.md")
    assert not DocumentVersion.objects.exists()
    assert not Chunk.objects.exists()
    assert stored(settings) == {document.sha256}
    document = again(document)
    assert (document.status, document.title) == (Status.READY, "Ships")
    assert "Fulmar" in document.current_version.text
    assert document.current_version.sha256 == document.sha256
    assert not document.chunks.filter(text__contains="Zephyr").exists()


def test_a_file_that_comes_while_the_former_one_is_read_breaks_the_reading_off(
    cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = ParsingSandbox(parser="tests.rag.hostile_parsers:misbehave")
    document = services.document_upload(
        user=cast.ada, file=io.BytesIO(b"sleep"), filename="cranes.md", source=cast.research
    )
    with monkeypatch.context() as patched:
        patched.setattr("documents.ingest._sandbox", lambda: endless)
        patched.setattr("documents.ingest.claims.RENEW_EVERY_S", 0.2)

        def work() -> None:
            try:
                ingest(document.pk)
            finally:
                connection.close()

        worker = threading.Thread(target=work)
        worker.start()
        while not Document.objects.filter(status=Status.PARSING).exists():
            time.sleep(0.02)
        replace(cast.ada, document, SHIP)
        worker.join(timeout=20)
        assert not worker.is_alive()
    assert Document.objects.get().status == Status.RECEIVED
    document = again(document)
    assert (document.status, document.title) == (Status.READY, "Ships")


def test_files_that_come_at_once_end_as_one_whole_version(cast: Any, settings: Any) -> None:
    document = indexed(cast)
    files = [f"# Ship {n}\n\nThe ship number {n} is called Fulmar {n}.".encode() for n in range(5)]
    problems: list[BaseException] = []

    def give(data: bytes) -> None:
        try:
            replace(cast.ada, document, data)
            ingest(document.pk)
        except BaseException as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=give, args=(data,)) for data in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    document = again(document)
    assert document.status == Status.READY
    with storage.open_bytes(document.sha256) as file:
        last = file.read()
    assert last in files
    assert document.current_version.sha256 == document.sha256
    assert last.decode().split("\n\n")[1] in document.current_version.text
    assert {each.text in document.current_version.text for each in document.chunks.all()} == {True}
    assert stored(settings) == {document.sha256}


async def body_of(response: Any) -> bytes:
    return b"".join([block async for block in response.streaming_content])


async def test_the_pages_of_the_old_version_are_shown_until_the_new_one_is_there(cast: Any) -> None:
    old, new = pdf_with_text("Budget of the year"), pdf_with_text("Another page")
    document = await sync_to_async(indexed)(cast, old, "budget.pdf")
    client = AsyncClient()
    await client.aforce_login(cast.max)
    page = (await client.get(f"/documents/{document.pk}/")).content.decode()
    shown = page.split('data-file="')[1].split('"')[0]
    assert await body_of(await client.get(shown)) == old
    await sync_to_async(replace)(cast.ada, document, new, "budget.pdf")
    assert await body_of(await client.get(shown)) == old
    ranged = await client.get(shown, headers={"range": "bytes=0-3"})
    assert (ranged["Content-Range"], await body_of(ranged)) == (f"bytes 0-3/{len(old)}", old[:4])
    assert await body_of(await client.get(f"/documents/{document.pk}/original")) == new
    page = (await client.get(f"/documents/{document.pk}/")).content.decode()
    assert "A new version is being indexed" in page
    await sync_to_async(again)(document)
    assert (await client.get(shown)).status_code == 410
    assert (await client.get(f"/documents/{document.pk}/original?version=x")).status_code == 410
    assert not default_storage.exists(storage.name_of(document.sha256))
    assert await body_of(await client.get(shown.replace("version=1", "version=2"))) == new


def test_the_page_takes_a_new_version(cast: Any) -> None:
    document = indexed(cast)
    ada = Client()
    ada.force_login(cast.ada)
    same = ada.post(f"/documents/{document.pk}/file", {"file": SimpleUploadedFile("cranes.md", CRANE)})
    assert (same.status_code, "Nothing was changed" in same.json()["message"]) == (200, True)
    other = ada.post(f"/documents/{document.pk}/file", {"file": SimpleUploadedFile("ships.md", SHIP)})
    assert (other.status_code, other.json()["document"]["filename"]) == (202, "ships.md")
    assert error_of(ada.post(f"/documents/{document.pk}/file")) == "no_file"
    assert error_of(Client().post(f"/documents/{document.pk}/file")) == "unauthorized"
