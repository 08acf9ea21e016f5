"""The REST endpoints of chunks: listed, edited, excluded, cut otherwise."""

import json
import uuid
from typing import Any

import pytest

from documents.models import Document, Status
from documents.retrieval import search
from tests.documents.test_api import Caller, error_of, ready_document

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)
    monkeypatch.setattr("documents.tasks.call_workers.delay", lambda: None)


def patch(caller: Caller, chunk_id: int, body: Any) -> Any:
    return caller.client.patch(
        f"/api/v1/chunks/{chunk_id}", json.dumps(body), content_type="application/json", headers=caller.headers
    )


def test_chunks_come_in_pages_with_true_offsets(cast: Any) -> None:
    ada = Caller(cast.ada)
    key = ready_document(ada, source="research")
    text = ada.get(f"/documents/{key}/text").json()["text"]
    whole = ada.get(f"/documents/{key}/chunks").json()
    assert whole["total"] == len(whole["chunks"]) > 2
    for chunk in whole["chunks"]:
        assert chunk["text"] == text[chunk["start"] : chunk["end"]]
    second = ada.get(f"/documents/{key}/chunks", page=2, page_size=1).json()
    assert second["chunks"] == whole["chunks"][1:2]
    assert error_of(Caller(cast.cleo).get(f"/documents/{key}/chunks")) == "not_found"


def test_a_chunk_is_edited_excluded_and_reset(cast: Any) -> None:
    ada = Caller(cast.ada)
    key = ready_document(ada, source="research")
    (chunk,) = ada.get(f"/documents/{key}/chunks", q="thirty days").json()["chunks"]
    edited = patch(ada, chunk["id"], {"text": "Leave is called Zephyr.", "revision": chunk["revision"]}).json()
    assert (edited["edited_text"], edited["text"]) == ("Leave is called Zephyr.", chunk["text"])
    found = ada.post("/search", {"query": "Zephyr"}).json()["passages"][0]
    assert (found["chunk_id"], found["edited_text"], found["text"]) == (
        chunk["id"],
        edited["edited_text"],
        chunk["text"],
    )
    late = patch(ada, chunk["id"], {"text": "Other.", "revision": chunk["revision"]})
    assert (late.status_code, error_of(late)) == (409, "chunk_changed")
    both = patch(ada, chunk["id"], {"text": "Other.", "excluded": True}).json()
    assert (both["edited_text"], both["excluded"]) == ("Other.", True)
    assert ada.get(f"/documents/{key}/chunks", state="excluded").json()["total"] == 1
    assert not [each for each in search(user=cast.ada, query="Other").passages if each.chunk_id == chunk["id"]]
    assert patch(ada, chunk["id"], {"excluded": False}).json()["excluded"] is False
    assert ada.delete(f"/chunks/{chunk['id']}/edit").json()["edited_text"] is None
    assert error_of(patch(ada, chunk["id"], {})) == "nothing_to_change"
    assert error_of(patch(ada, chunk["id"], {"text": " "})) == "chunk_empty"
    assert error_of(patch(ada, 10**30, {"text": "x"})) == "chunk_not_found"
    assert error_of(patch(Caller(cast.ben), chunk["id"], {"text": "x"})) == "permission_denied"


def test_other_settings_are_previewed_and_applied(cast: Any) -> None:
    ada = Caller(cast.ada)
    key = ready_document(ada, source="research")
    body = {"max_tokens": 32, "overlap_sentences": 0}
    seen = ada.post("/sources/research/chunking/preview", {**body, "document": key}).json()
    assert seen["whole"]
    assert seen["proposed"]["longest"] <= 32
    assert seen["today"]["count"] == len(seen["today"]["chunks"])
    assert Document.objects.get().status == Status.READY
    applied = ada.post("/sources/research/chunking", body)
    assert (applied.status_code, applied.json()) == (202, {"documents": 1})
    assert Document.objects.get().status == Status.RECEIVED
    assert error_of(ada.post("/sources/research/chunking", {**body, "max_tokens": 1000})) == "invalid"
    nowhere = {**body, "document": str(uuid.uuid4())}
    assert error_of(ada.post("/sources/research/chunking/preview", nowhere)) == "not_found"
