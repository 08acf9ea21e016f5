"""The REST endpoints: shapes, errors, and who sees what."""

import hashlib
import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Scope, User
from accounts.services import default_scopes, token_create
from documents.ingest import ingest
from documents.models import DataSource, Document, Status
from tests.documents.files import HANDBOOK
from tests.rag.pdf_files import PdfPage, lines, make_pdf

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)


class Caller:
    """Calls the API with a token of its own."""

    def __init__(self, user: User, scopes: list[str] | None = None) -> None:
        self.client = Client(raise_request_exception=False)
        token = token_create(user=user, name="test", scopes=scopes or default_scopes(user))[1]
        self.headers = {"authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", query, headers=self.headers)

    def post(self, path: str, body: Any) -> Any:
        return self.client.post(
            f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=self.headers
        )

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/v1{path}", headers=self.headers)

    def upload(self, data: bytes, name: str = "handbook.md", **fields: str) -> Any:
        file = SimpleUploadedFile(name, data, content_type="application/octet-stream")
        return self.client.post("/api/v1/documents", {"file": file, **fields}, headers=self.headers)


def error_of(response: Any) -> str:
    """The error's code, after a look at its shape."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) >= {"code", "message"}
    assert body["error"]["message"]
    return str(body["error"]["code"])


def ready_document(caller: Caller, **fields: str) -> str:
    """Upload and index the handbook; its id."""
    response = caller.upload(HANDBOOK.encode(), **fields)
    assert response.status_code == 202, response.content
    ingest(uuid.UUID(response.json()["id"]))
    return str(response.json()["id"])


def test_the_whole_way_of_a_document(cast: Any) -> None:
    ben = Caller(cast.ben)
    response = ben.upload(HANDBOOK.encode(), source="research")
    assert response.status_code == 202
    assert response.json() == {"id": response.json()["id"], "status": "received"}
    key = response.json()["id"]
    assert ben.get(f"/documents/{key}").json()["status"] == "received"
    assert error_of(ben.get(f"/documents/{key}/text")) == "not_ready"
    ingest(uuid.UUID(key))
    shown = ben.get(f"/documents/{key}").json()
    assert (shown["filename"], shown["title"], shown["status"], shown["error"]) == (
        "handbook.md",
        "Handbook",
        "ready",
        None,
    )
    assert shown["chunks"] > 0
    assert shown["source"]["slug"] == "research"
    text = ben.get(f"/documents/{key}/text").json()["text"]
    found = ben.post("/search", {"query": "How many days of leave?", "k": 2, "source": "Research"}).json()
    assert found["ms"] > 0
    assert len(found["passages"]) == 2
    for passage in found["passages"]:
        assert passage["text"] == text[passage["start"] : passage["end"]]
        assert passage["document_id"] == key
    assert ben.delete(f"/documents/{key}").status_code == 204
    assert error_of(ben.get(f"/documents/{key}")) == "not_found"
    assert ben.post("/search", {"query": "leave"}).json()["passages"] == []


def test_an_encrypted_pdf_fails_with_what_to_do_and_its_neighbours_do_not(cast: Any) -> None:
    locked = make_pdf([PdfPage(lines(["The ferry leaves at seven."]))], encrypted=True)
    ada = Caller(cast.ada)
    good, bad = ready_document(ada), str(ada.upload(locked, "locked.pdf").json()["id"])
    ingest(uuid.UUID(bad))
    shown = ada.get(f"/documents/{bad}").json()
    assert (shown["status"], shown["error"]["code"]) == ("failed", "encrypted")
    assert "password" in shown["error"]["message"]
    ada.client.force_login(cast.ada)
    page = ada.client.get(f"/documents/{bad}/").content.decode()
    assert shown["error"]["message"] in page
    assert "Try again" in page
    assert ada.get(f"/documents/{good}").json()["status"] == "ready"
    assert Document.objects.get(pk=bad).sha256 == hashlib.sha256(locked).hexdigest()


def test_without_a_source_a_file_goes_to_uploads_which_everyone_sees(cast: Any) -> None:
    key = ready_document(Caller(cast.ada))
    document = Document.objects.get(pk=key)
    assert document.source.slug == "uploads"
    assert Caller(cast.max).get(f"/documents/{key}").status_code == 200


def test_the_same_file_twice_in_a_source_is_one_document(cast: Any) -> None:
    ada = Caller(cast.ada)
    key = ready_document(ada, source="research")
    again = ada.upload(HANDBOOK.encode(), name="other-name.md", source="research")
    assert again.status_code == 202
    assert again.json() == {"id": key, "status": "ready"}
    elsewhere = ada.upload(HANDBOOK.encode(), source="library").json()["id"]
    assert elsewhere != key
    assert ada.delete(f"/documents/{key}").status_code == 204
    ingest(uuid.UUID(elsewhere))
    assert Document.objects.get().status == Status.READY


def test_who_sees_and_changes_a_document_of_a_restricted_source(cast: Any) -> None:
    key = ready_document(Caller(cast.ada), source="research")
    expected = {"ada": 200, "ben": 200, "max": 200, "root": 200, "cleo": 404}
    for name, status in expected.items():
        caller = Caller(getattr(cast, name))
        assert caller.get(f"/documents/{key}").status_code == status, name
        assert caller.get(f"/documents/{key}/text").status_code == status, name
        assert (caller.get("/documents").json()["total"] == 1) == (status == 200), name
        assert bool(caller.post("/search", {"query": "leave"}).json()["passages"]) == (status == 200), name
    assert error_of(Caller(cast.cleo).delete(f"/documents/{key}")) == "not_found"
    assert error_of(Caller(cast.cleo).get("/documents", source="research")) == "source_not_found"
    assert error_of(Caller(cast.cleo).post("/search", {"query": "x", "source": "research"})) == "source_not_found"
    assert error_of(Caller(cast.cleo).upload(b"# Hello", source="research")) == "source_not_found"
    assert Caller(cast.ben).delete(f"/documents/{key}").status_code == 403
    assert Caller(cast.max).delete(f"/documents/{key}").status_code == 403
    assert Caller(cast.max).upload(b"# Hello").status_code == 403
    assert Caller(cast.root).delete(f"/documents/{key}").status_code == 204


def test_a_token_does_no_more_than_its_scopes(cast: Any) -> None:
    reader = Caller(cast.root, [Scope.READ])
    assert reader.upload(b"# Hello").status_code == 403
    assert reader.post("/sources", {"name": "New"}).status_code == 403
    assert reader.get("/sources").status_code == 200
    assert Client().get("/api/v1/documents").status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"query": ""}, 422),
        ({"query": "   "}, 422),
        ({"query": "x" * 100_000}, 422),
        ({"query": "leave", "k": 0}, 422),
        ({"query": "leave", "k": 10_000}, 422),
        ({"query": "leave", "unknown": 1}, 422),
        ({}, 422),
        ({"query": "leave", "source": "nowhere"}, 404),
        ({"query": "nul \x00 byte"}, 200),
    ],
)
def test_odd_searches_get_a_clear_answer(cast: Any, body: Any, status: int) -> None:
    response = Caller(cast.max).post("/search", body)
    assert response.status_code == status
    if status != 200:
        error_of(response)


def test_an_empty_file_is_refused_and_leaves_nothing(cast: Any, settings: Any) -> None:
    response = Caller(cast.ada).upload(b"", name="empty.txt")
    assert (response.status_code, error_of(response)) == (422, "empty_file")
    assert not Document.objects.exists()
    assert not list(settings.FILE_UPLOAD_TEMP_DIR.iterdir())


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(cast: Any, settings: Any) -> None:
    settings.MAX_UPLOAD_MB, settings.MAX_UPLOAD_BYTES = 1, 2**20
    response = Caller(cast.ada).upload(b"\x00" * (2**20 + 1), name="zeros.bin")
    assert (response.status_code, error_of(response)) == (413, "too_large")
    assert not Document.objects.exists()
    assert not list(settings.FILE_UPLOAD_TEMP_DIR.iterdir())


def test_a_request_without_a_file_is_told_so(cast: Any) -> None:
    caller = Caller(cast.ada)
    response = caller.client.post("/api/v1/documents", {"source": "library"}, headers=caller.headers)
    assert response.status_code == 422
    error_of(response)


@pytest.mark.parametrize("key", ["00000000-0000-0000-0000-000000000000", "not-an-id", "%00"])
def test_an_unknown_id_is_told_in_the_one_shape(cast: Any, key: str) -> None:
    for path in (f"/documents/{key}", f"/documents/{key}/text"):
        response = Caller(cast.ada).get(path)
        assert response.status_code in {404, 422}
        error_of(response)


def test_the_list_filters_and_pages(cast: Any, make_document: Any) -> None:
    for number in range(5):
        make_document(cast.library, f"Text {number}")
    make_document(cast.research, "Other")
    ada = Caller(cast.ada)
    page = ada.get("/documents", page_size=2, page=2, source="library").json()
    assert (page["total"], page["page"], len(page["documents"])) == (5, 2, 2)
    assert ada.get("/documents", q="DOCUMENT-5").json()["total"] == 1
    assert ada.get("/documents", status="failed").json()["total"] == 0
    assert ada.get("/documents", status="nonsense").status_code == 422


def test_sources_are_listed_to_readers_and_made_by_admins(cast: Any) -> None:
    root = Caller(cast.root)
    body = {"name": "Board", "visibility": "restricted", "groups": ["Lab"], "users": ["MAX@example.com"]}
    made = root.post("/sources", body)
    assert made.status_code == 201
    assert made.json() | {"id": ""} == {
        "id": "", "slug": "board", "name": "Board", "description": "", "visibility": "restricted", "documents": 0,
        "groups": ["Lab"], "users": ["max@example.com"], "kind": "upload", "settings": {},
        "sync_minutes": None, "sync_state": "", "synced_at": None,
    }  # fmt: skip
    listed = {each["slug"]: each for each in Caller(cast.max).get("/sources").json()["sources"]}
    assert set(listed) == {"board", "library", "research"}
    assert listed["board"]["groups"] is None
    assert {each["slug"] for each in Caller(cast.cleo).get("/sources").json()["sources"]} == {"library"}
    assert error_of(root.post("/sources", {"name": "X", "groups": ["Nobody"]})) == "unknown_reader"
    assert root.post("/sources", {"name": " "}).status_code == 422
    assert root.post("/sources", {"name": "Board"}).json()["slug"] == "board-2"
    assert DataSource.objects.count() == 4
