"""Admins' pages, endpoints and command of sets of embeddings."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from accounts.services import token_create
from documents.embedders import active_set
from documents.models import EmbeddingSet, SetState
from tests.documents.embedding_sets import FACTS, begin, build
from tests.fakes.embeddings import FakeEmbeddings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]
KEY = "sk-page-4711"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def form(server: FakeEmbeddings, **changes: str) -> dict[str, str]:
    return {"kind": "openai", "base_url": server.base_url, "model": "fake", "api_key": KEY, **changes}


def test_a_set_is_tested_begun_watched_and_switched_back_from(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any
) -> None:
    make_document(cast.library, *FACTS)
    embeddings.api_key = KEY
    client = browser(cast.root)
    first = active_set()
    tested = client.post("/embeddings/test", form(embeddings))
    assert "vectors of 64 dimensions" in tested.json()["message"]
    assert not EmbeddingSet.objects.building()
    assert client.post("/embeddings/new/", form(embeddings, query_prefix="query: ")).status_code == 302
    made = EmbeddingSet.objects.get(state=SetState.BUILDING)
    assert made.query_prefix == "query: "
    page = client.get("/embeddings/").content.decode()
    assert "0 of 60 passages" in page
    assert "New set" not in page
    assert KEY not in page
    build()
    page = client.get("/embeddings/").content.decode()
    assert "60 passages" in page
    assert "Kept until" in page
    assert client.post(f"/embeddings/{first.pk}/switch-back").status_code == 302
    first.refresh_from_db()
    assert first.state == SetState.BUILDING
    assert client.post(f"/embeddings/{first.pk}/cancel").status_code == 302
    first.refresh_from_db()
    assert first.state == SetState.RETIRED
    assert "Kept until" in client.get("/embeddings/").content.decode()


def test_what_is_wrong_is_told_and_what_was_typed_stays(cast: Any, embeddings: FakeEmbeddings) -> None:
    client = browser(cast.root)
    embeddings.failure = "not_found"
    tested = client.post("/embeddings/test", form(embeddings))
    assert (tested.status_code, tested.json()["error"]["code"]) == (502, "embedding_model_unknown")
    page = client.post("/embeddings/new/", form(embeddings, name="Mine"))
    assert page.status_code == 422
    assert "knows no model" in page.content.decode()
    assert "Mine" in page.content.decode()
    assert KEY not in page.content.decode()
    assert client.post("/embeddings/test", form(embeddings, kind="magic")).status_code == 422


def test_a_paused_build_and_a_searched_set_without_its_server_say_so(
    cast: Any, embeddings: FakeEmbeddings, make_document: Any
) -> None:
    make_document(cast.library, *FACTS)
    made = begin(cast, embeddings)
    embeddings.failure = "unauthorized"
    build()
    client = browser(cast.root)
    page = client.get("/embeddings/").content.decode()
    assert "refuses the API key" in page
    assert "It goes on by itself at" in page
    embeddings.failure, embeddings.api_key = "", KEY
    answer = client.post(f"/embeddings/{made.pk}/server/", {"base_url": embeddings.base_url, "api_key": "wrong"})
    assert answer.status_code == 422
    assert client.get(f"/embeddings/{made.pk}/server/").status_code == 200
    answer = client.post(f"/embeddings/{made.pk}/server/", {"base_url": embeddings.base_url, "api_key": KEY})
    assert answer.status_code == 302
    build()
    assert active_set() == made
    embeddings.stop()
    headers = {"authorization": f"Bearer {token_create(user=cast.root, name='t', scopes=['read'])[1]}"}
    found = client.post("/api/v1/search", {"query": "quay 4"}, "application/json", headers=headers)
    assert found.json()["passages"]
    page = client.get("/embeddings/").content.decode()
    assert "Searches go by words alone." in page
    assert "cannot be reached" in page


def test_the_api_begins_lists_cancels_and_keeps_the_key(cast: Any, embeddings: FakeEmbeddings) -> None:
    headers = {"authorization": f"Bearer {token_create(user=cast.root, name='t', scopes=['admin', 'write'])[1]}"}
    client = Client()
    body = {"kind": "openai", "base_url": embeddings.base_url, "model": "fake", "api_key": KEY}
    made = client.post("/api/v1/embeddings/sets", body, "application/json", headers=headers)
    assert made.status_code == 201
    assert (made.json()["state"], made.json()["dimensions"], made.json()["has_key"]) == ("building", 64, True)
    listed = client.get("/api/v1/embeddings/sets", headers=headers)
    assert [each["state"] for each in listed.json()["sets"]] == ["active", "building"]
    assert KEY not in listed.content.decode()
    path = f"/api/v1/embeddings/sets/{made.json()['id']}"
    assert client.delete(path, headers=headers).status_code == 204
    assert client.post(f"{path}/switch-back", headers=headers).status_code == 409
    assert client.delete("/api/v1/embeddings/sets/999999", headers=headers).status_code == 404
    wrong = client.post("/api/v1/embeddings/sets", {"kind": "openai"}, "application/json", headers=headers)
    assert wrong.json()["error"]["code"] == "embedding_set_incomplete"


def test_the_command_begins_lists_and_cancels(cast: Any, embeddings: FakeEmbeddings, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY + "\n")
    embeddings.api_key = KEY

    def run(*words: str) -> str:
        out = io.StringIO()
        call_command("reembed", "--user", cast.root.email, *words, stdout=out)
        return out.getvalue()

    assert "is being built" in run("--base-url", embeddings.base_url, "--model", "fake", "--key-file", str(key))
    made = EmbeddingSet.objects.get(state=SetState.BUILDING)
    assert f"{made.pk}  fake  building  0 of 0, 64 dimensions" in run("--list")
    with pytest.raises(CommandError, match="Another set is being built"):
        run("--base-url", embeddings.base_url, "--model", "fake")
    run("--cancel", str(made.pk))
    made.refresh_from_db()
    assert made.state == SetState.RETIRED
    with pytest.raises(CommandError, match="One can only switch back"):
        run("--switch-back", str(made.pk))
