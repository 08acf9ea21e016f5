"""Admins' pages of rerankers, and the services behind them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from documents.errors import DocumentsError
from documents.models import Reranker
from documents.rerankers import RerankerModel, reranker_uses
from documents.services.rerankers import reranker_change, reranker_create, reranker_delete, reranker_try
from tests.fakes.onnx_models import write_cross_encoder
from tests.fakes.rerankers import FakeReranker

pytestmark = pytest.mark.django_db
KEY = "rk-page-4711"


@pytest.fixture
def server(settings: Any) -> Iterator[FakeReranker]:
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]
    with FakeReranker(api_key=KEY) as fake:
        yield fake


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def form(server: FakeReranker, **changes: str) -> dict[str, str]:
    given = {"kind": "remote", "protocol": server.shape, "base_url": server.base_url, "model_name": "fake"}
    return {**given, "api_key": KEY, "depth": "30", **changes}


def test_a_server_is_tried_added_changed_and_deleted(cast: Any, server: FakeReranker) -> None:
    client = browser(cast.root)
    tried = client.post("/rerankers/test", form(server, question="Which ship?", first="That ship.", second="None."))
    assert "scored the first text 0.500 and the second 0.000" in tried.json()["message"]
    assert not Reranker.objects.exists()
    assert client.post("/rerankers/new/", form(server, name="Far away")).status_code == 302
    row = Reranker.objects.get()
    assert (row.slug, row.depth, row.protocol) == ("far-away", 30, "cohere")
    assert KEY.encode() not in bytes(row.api_key_encrypted)
    for path in ("/rerankers/", "/rerankers/far-away/"):
        page = client.get(path).content.decode()
        assert "Far away" in page
        assert KEY not in page
    change = {"base_url": server.base_url, "api_key": "", "name": "Near", "depth": "20"}
    assert "It answered in" in client.post("/rerankers/far-away/try", change).json()["message"]
    assert client.post("/rerankers/far-away/", change).status_code == 302
    row.refresh_from_db()
    assert (row.slug, row.name, row.depth) == ("far-away", "Near", 20)
    assert client.post("/rerankers/far-away/delete").status_code == 302
    assert not Reranker.objects.exists()
    entries = AuditEntry.objects.filter(action__startswith="reranker.").order_by("pk")
    assert [each.action for each in entries] == ["reranker.create", "reranker.change", "reranker.delete"]
    assert KEY not in str([each.detail for each in entries])


def test_a_folder_is_added(cast: Any, settings: Any, tmp_path: Path) -> None:
    settings.RERANKERS_DIR = tmp_path
    write_cross_encoder(tmp_path / "tiny")
    given = {"kind": "cross_encoder", "protocol": "cohere", "model_name": "tiny", "depth": "50"}
    client = browser(cast.root)
    assert client.post("/rerankers/new/", given).status_code == 302
    row = Reranker.objects.get()
    assert (row.slug, row.name, row.base_url, bytes(row.api_key_encrypted)) == ("tiny", "tiny", "", b"")
    assert client.post("/rerankers/tiny/", {"name": "Tiny one", "depth": "10"}).status_code == 302
    missing = client.post("/rerankers/test", {**given, "model_name": "missing"})
    assert (missing.status_code, missing.json()["error"]["code"]) == (502, "reranking_folder")


@pytest.mark.parametrize("shape", ["cohere", "tei"])
def test_what_is_wrong_is_told_and_what_was_typed_stays(cast: Any, server: FakeReranker, shape: Any) -> None:
    server.shape = shape
    client = browser(cast.root)
    page = client.post("/rerankers/new/", form(server, api_key="wrong", name="Mine"))
    assert page.status_code == 422
    assert "refuses the API key" in page.content.decode()
    assert "Mine" in page.content.decode()
    assert client.post("/rerankers/test", form(server, kind="magic")).status_code == 422
    assert client.post("/rerankers/test", form(server, depth="101")).status_code == 422
    without_model = client.post("/rerankers/test", form(server, model_name=""))
    assert without_model.status_code == (422 if shape == "cohere" else 200)
    assert not Reranker.objects.exists()


def test_a_key_goes_to_no_other_address_than_it_was_entered_for(cast: Any, server: FakeReranker) -> None:
    model = RerankerModel("remote", "cohere", server.base_url, "fake")
    with pytest.raises(DocumentsError):
        reranker_create(user=cast.root, model=model)
    assert browser(cast.root).post("/rerankers/new/", form(server)).status_code == 302
    with FakeReranker() as other:
        answer = browser(cast.root).post("/rerankers/fake/", {"base_url": other.base_url, "name": "x", "depth": "5"})
        assert answer.status_code == 302
        assert len(other.requests) == 1
    row = Reranker.objects.get()
    assert (row.base_url, bytes(row.api_key_encrypted)) == (other.base_url, b"")


def test_slugs_are_of_their_own(cast: Any, server: FakeReranker) -> None:
    client = browser(cast.root)
    for name in ("None", "Late_interaction", "New", "Test", "Far", "Far", "港"):
        assert client.post("/rerankers/new/", form(server, name=name)).status_code == 302
    made = list(Reranker.objects.order_by("pk").values_list("slug", flat=True))
    assert made == ["none-2", "late_interaction-2", "new-2", "test-2", "far", "far-2", "reranker"]


def test_a_reranker_that_an_assistant_uses_stays(cast: Any, server: FakeReranker) -> None:
    browser(cast.root).post("/rerankers/new/", form(server, name="Far"))

    def uses(slug: str, **_more: Any) -> list[str]:
        return ["Library"] if slug == "far" else []

    reranker_uses.connect(uses)
    try:
        page = browser(cast.root).post("/rerankers/far/delete", follow=True).content.decode()
        assert "It is used by Library." in page
        assert Reranker.objects.exists()
    finally:
        reranker_uses.disconnect(uses)
    reranker_delete(user=cast.root, slug="far")
    with pytest.raises(DocumentsError) as caught:
        reranker_delete(user=cast.root, slug="far")
    assert caught.value.code == "reranker_not_found"


def test_a_failure_is_shown_until_the_reranker_is_changed(cast: Any, server: FakeReranker) -> None:
    client = browser(cast.root)
    client.post("/rerankers/new/", form(server, name="Far"))
    Reranker.objects.update(error_code="reranking_timeout", error="It took too long.")
    assert "It took too long." in client.get("/rerankers/").content.decode()
    client.post("/rerankers/far/", {"base_url": server.base_url, "api_key": KEY, "name": "Far", "depth": "50"})
    assert "It took too long." not in client.get("/rerankers/").content.decode()


def test_only_admins_may(cast: Any, server: FakeReranker) -> None:
    model = RerankerModel("remote", "cohere", server.base_url, "fake")
    for act in (
        lambda: reranker_try(user=cast.ada, model=model),
        lambda: reranker_create(user=cast.ada, model=model),
        lambda: reranker_change(user=cast.ada, slug="far", name="x", depth=1),
        lambda: reranker_delete(user=cast.ada, slug="far"),
    ):
        with pytest.raises(DocumentsError) as caught:
            act()
        assert caught.value.code == "permission_denied"
    assert not server.requests
