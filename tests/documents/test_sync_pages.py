"""Pages, API and command of data sources that sync; and that a secret is nowhere but in its sealed column."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry
from documents import services
from documents.connectors import CONNECTORS
from documents.forms import ConnectorForm
from documents.models import DataSource, SourceItem, SyncRun
from documents.syncing import step
from tests.documents.test_api import Caller
from tests.documents.test_pages import browser

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "s3cr3t-that-nobody-sees"


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    made = tmp_path / "root" / "docs"
    made.mkdir(parents=True)
    (made / "one.md").write_text("# One")
    (made / "<b>empty.md").write_text("")
    settings.FOLDER_ROOTS = [tmp_path / "root"]
    return made


def form(kind: str, **connector: Any) -> dict[str, Any]:
    return {"name": f"My {kind}", "visibility": "everyone"} | {f"connector-{k}": v for k, v in connector.items()}


def test_kinds_are_offered_to_those_who_may_make_them(cast: Any) -> None:
    page = browser(cast.ada).get("/sources/new/").content.decode()
    assert "?kind=website" in page
    assert "?kind=folder" not in page
    assert "?kind=postgres" not in page
    page = browser(cast.root).get("/sources/new/").content.decode()
    assert all(f"?kind={kind}" in page for kind in CONNECTORS)
    for kind in CONNECTORS:
        assert browser(cast.root).get(f"/sources/new/?kind={kind}").status_code == 200
    refused = browser(cast.ada).get("/sources/new/?kind=folder")
    assert refused.status_code == 403
    assert "Only admins make data sources of this kind." in refused.content.decode()
    assert "<title>Not for you" in " ".join(refused.content.decode().split())
    assert browser(cast.ada).get("/sources/new/?kind=carrier-pigeon").status_code == 422


def test_every_setting_has_a_label_and_a_default_that_fits() -> None:
    for kind in CONNECTORS.values():
        assert set(kind.labels()) == set(kind.settings.model_fields)
        assert "max_items" in kind.settings.model_fields
        for name in kind.secret_names():
            assert not kind.settings.model_fields[name].is_required()


def test_a_folder_is_made_watched_and_changed_on_the_pages(cast: Any, folder: Path, syncing: Any) -> None:
    root = browser(cast.root)
    given = form("folder", path=str(folder), max_items=100, sync_minutes="1")
    response = root.post("/sources/new/?kind=folder", given)
    assert (response.status_code, response["Location"]) == (302, "/sources/my-folder/syncs/")
    source = DataSource.objects.get(slug="my-folder")
    assert (source.sync_minutes, source.settings["path"]) == (1, str(folder))
    page = root.get("/sources/my-folder/syncs/").content.decode()
    assert "Stop" in page
    assert "data-busy" in page
    assert "Every minute" in page
    syncing.go_on(source.sync_runs.get())
    page = root.get("/sources/my-folder/syncs/").content.decode()
    assert "Sync now" in page
    # The sync has ended; its document is still to be read.
    assert "data-busy" in page
    assert "1 being read" in page
    assert "&lt;b&gt;empty.md" in page
    assert "1 not fetched" in root.get("/sources/").content.decode()
    assert "<b>empty" not in page
    item = SourceItem.objects.get(status="failed")
    assert root.post("/sources/my-folder/syncs/retry", {"item": item.pk}).status_code == 302
    assert root.post("/sources/my-folder/syncs/retry", {"item": "x"}).status_code == 302
    assert root.post("/sources/my-folder/syncs/stop").status_code == 302
    assert root.post("/sources/my-folder/syncs/stop").status_code == 302
    assert root.post("/sources/my-folder/syncs/start").status_code == 302
    assert SyncRun.objects.count() == 3
    bad = root.post("/sources/my-folder/", form("folder", path="", max_items="many", sync_minutes="7"))
    assert bad.status_code == 422
    good = form("folder", path=str(folder), include="*.pdf", max_items=5)
    assert root.post("/sources/my-folder/", good).status_code == 302
    source.refresh_from_db()
    assert (source.settings["include"], source.settings["max_items"], source.sync_minutes) == ("*.pdf", 5, None)
    assert b"Folder" in root.get("/sources/").content
    assert b"one.md" in root.get(f"/documents/{source.documents.get().pk}/").content
    assert root.get("/sources/library/syncs/").status_code == 302


def test_a_wrong_field_keeps_what_was_typed_and_says_what_is_wrong(cast: Any) -> None:
    given = form("website", start_url="ftp://example.com/", depth=99, delay="1", max_items=10)
    page = browser(cast.ada).post("/sources/new/?kind=website", given)
    text = page.content.decode()
    assert page.status_code == 422
    assert "Write a web address such as" in text
    assert "Choose 20 or less." in text
    assert "ftp://example.com/" in text
    assert not DataSource.objects.filter(kind="website").exists()


def test_a_secret_without_which_nothing_works_is_asked_for_once(cast: Any) -> None:
    ada = browser(cast.ada)
    given = form("notion", max_items=10)
    page = ada.post("/sources/new/?kind=notion", given)
    assert page.status_code == 422
    assert page.context["connection"].errors == {"token": ["Fill this in."]}
    assert ada.post("/sources/new/?kind=notion", given | {"connector-token": SECRET}).status_code == 302
    assert ada.post("/sources/my-notion/", given | {"name": "Notes"}).status_code == 302
    assert DataSource.objects.get(slug="my-notion").name == "Notes"


def test_a_sync_that_finds_nothing_says_what_to_do(cast: Any, folder: Path, syncing: Any) -> None:
    for file in folder.iterdir():
        file.unlink()
    root = browser(cast.root)
    root.post("/sources/new/?kind=folder", form("folder", path=str(folder), max_items=100))
    syncing.go_on(SyncRun.objects.get())
    page = root.get("/sources/my-folder/syncs/").content.decode()
    assert "The last sync found nothing to take." in page
    assert "all-documents" not in page


def test_a_name_with_wrong_letters_is_refused_in_words_and_with_its_field(cast: Any) -> None:
    given = form("s3", bucket="a b", region="us-east-1", max_items=10)
    page = browser(cast.root).post("/sources/new/?kind=s3", given).content.decode()
    assert "This cannot be a name there." in page
    assert "pattern" not in page.split("connector-bucket")[1].split("connector-access_key")[0]
    told = browser(cast.root).post("/sources/new/s3/check", given).json()["error"]["message"]
    assert told.startswith("Bucket: This cannot be")


def test_every_setting_stands_in_one_part_of_the_form() -> None:
    for kind in CONNECTORS.values():
        connection = ConnectorForm(kind=kind)
        parts = [field.name for field in (*connection.place_fields(), *connection.choice_fields())]
        assert sorted(parts) == sorted(kind.labels())
        assert connection.place_fields()


def test_runs_beyond_the_first_are_on_the_next_page(cast: Any, folder: Path, syncing: Any) -> None:
    source = services.source_create(user=cast.root, name="Docs", kind="folder", settings={"path": str(folder)})
    for _ in range(11):
        syncing(source, cast.root)
    first, second = (browser(cast.root).get(f"/sources/docs/syncs/?runs={n}").content.decode() for n in (1, 2))
    assert (first.count("data-run="), second.count("data-run=")) == (10, 1)
    # A folder is watched unless it is told otherwise.
    assert "When something changes" in first


def test_the_connection_can_be_tried_from_the_form(cast: Any, folder: Path) -> None:
    root = browser(cast.root)
    given = form("folder", path=str(folder), max_items=100)
    assert "2 files" in root.post("/sources/new/folder/check", given).json()["message"]
    response = root.post("/sources/new/folder/check", form("folder", path="/etc", max_items=100))
    assert (response.status_code, response.json()["error"]["code"]) == (422, "folder_not_allowed")
    response = root.post(
        "/sources/new/website/check", form("website", start_url="http://127.0.0.1:1/", depth=1, delay=0, max_items=1)
    )
    assert response.json()["error"]["code"] == "outbound_private"
    assert browser(cast.ada).post("/sources/new/folder/check", given).status_code == 403
    assert browser(cast.max).post("/sources/new/folder/check", given).status_code == 403
    assert Client().post("/sources/new/folder/check", given).status_code == 401


SECRETS: dict[str, tuple[dict[str, Any], str]] = {
    "git": ({"url": "https://git.example.com/a.git"}, "token"),
    "s3": ({"bucket": "papers", "access_key": "AKIA"}, "secret_key"),
    "postgres": (
        {"host": "db.example.com", "database": "d", "user": "u", "query": "SELECT 1 AS id", "key_column": "id"},
        "password",
    ),
    "notion": ({}, "token"),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_written_and_never_shown(cast: Any, syncing: Any, kind: str, caplog: Any) -> None:
    settings, secret = SECRETS[kind]
    caller, root = Caller(cast.root), browser(cast.root)
    body = {"name": "Closed", "kind": kind, "settings": {**settings, secret: SECRET}, "sync_minutes": 60}
    made = caller.post("/sources", body)
    assert made.status_code == 201
    assert made.json()["settings"].get(secret) is None
    assert made.json()["sync_minutes"] == 60
    source = DataSource.objects.get(slug="closed")
    assert json.loads(source.secrets) == {secret: SECRET}
    run = services.sync_start(user=cast.root, source=source)
    step(run.pk, syncing.queued.append)
    bodies = [
        made.content,
        caller.get("/sources").content,
        caller.get("/sources/closed/runs").content,
        *(root.get(f"/{path}").content for path in ("sources/", "sources/closed/", "sources/closed/syncs/")),
        root.get(f"/admin/documents/datasource/{source.pk}/change/").content,
        root.get(f"/admin/documents/syncrun/{run.pk}/change/").content,
        json.dumps(list(AuditEntry.objects.values_list("detail", flat=True))).encode(),
        caplog.text.encode(),
    ]  # fmt: skip
    assert not [place for place, body in enumerate(bodies) if SECRET.encode() in body]
    assert [secret] in [each.get("secrets") for each in AuditEntry.objects.values_list("detail", flat=True)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(s)::text FROM documents_datasource s")
        assert not [row for row in cursor.fetchall() if SECRET in row[0]]
        cursor.execute("SELECT row_to_json(r)::text FROM documents_syncrun r")
        assert not [row for row in cursor.fetchall() if SECRET in row[0]]


def test_a_secret_stays_when_left_empty_and_does_not_move_to_another_server(cast: Any, syncing: Any) -> None:
    root = browser(cast.root)
    given = form("git", url="https://git.example.com/a.git", token=SECRET, max_items=10)
    assert root.post("/sources/new/?kind=git", given).status_code == 302
    again = form("git", url="https://git.example.com/b.git", token="", max_items=10)
    assert root.post("/sources/my-git/", again).status_code == 302
    assert json.loads(DataSource.objects.get(slug="my-git").secrets) == {"token": SECRET}
    moved = form("git", url="https://evil.example.com/b.git", token="", max_items=10)
    assert root.post("/sources/my-git/", moved).status_code == 302
    assert DataSource.objects.get(slug="my-git").secrets == ""


def test_syncs_through_the_api(cast: Any, folder: Path, syncing: Any) -> None:
    root, ada = Caller(cast.root), Caller(cast.ada)
    body = {"name": "Docs", "kind": "folder", "settings": {"path": str(folder)}}
    assert root.post("/sources", body).json()["kind"] == "folder"
    for change, status in (
        ({"settings": {}}, 422), ({"settings": {"path": "x", "odd": 1}}, 422), ({"kind": "odd"}, 422),
        ({"sync_minutes": 0}, 422), ({"kind": "upload"}, 422),
        ({"kind": "upload", "settings": None, "sync_minutes": 9}, 422),
    ):  # fmt: skip
        assert root.post("/sources", {**body, "name": "No", **change}).status_code == status, change
    run = root.post("/sources/docs/sync", {})
    assert (run.status_code, run.json()["state"]) == (202, "waiting")
    assert root.post("/sources/docs/sync", {}).json()["id"] == run.json()["id"]
    syncing.go_on(SyncRun.objects.get())
    told = root.get("/sources/docs/runs").json()
    assert (told["runs"][0]["state"], told["runs"][0]["new"], told["runs"][0]["failed"]) == ("done", 1, 1)
    assert told["failed_items"][0]["error"]["code"] == "empty_file"
    document = root.get("/documents", source="docs").json()["documents"][0]
    assert (document["external_id"], document["address"]) == ("one.md", "")
    assert ada.get("/sources/docs/runs").status_code == 403
    assert ada.post("/sources/docs/sync", {}).status_code == 403
    assert [each["settings"] for each in ada.get("/sources").json()["sources"] if each["slug"] == "docs"] == [None]
    assert root.post("/sources/library/sync", {}).status_code == 409
    assert root.upload(b"# x", source="docs").status_code == 409


def test_a_sync_from_the_command_line(
    cast: Any, folder: Path, syncing: Any, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    services.source_create(user=cast.root, name="Docs", kind="folder", settings={"path": str(folder)})
    call_command("sync", "docs")
    assert "queued" in capsys.readouterr().out
    syncing.go_on(SyncRun.objects.get())
    (folder / "<b>empty.md").unlink()
    monkeypatch.setattr("documents.tasks.sync_step.delay", lambda key: syncing.go_on(SyncRun.objects.get(pk=key)))
    call_command("sync", "docs", "--wait")
    assert "Docs: done, 0 new, 0 changed, 1 unchanged, 0 deleted, 0 failed" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no data source"):
        call_command("sync", "nowhere")
    with pytest.raises(CommandError, match="by upload"):
        call_command("sync", "library")


def test_uploads_are_offered_only_where_they_go(cast: Any, folder: Path) -> None:
    services.source_create(user=cast.root, name="Docs", kind="folder", settings={"path": str(folder)})
    page = browser(cast.root).get("/documents/").content.decode()
    assert 'value="docs"' not in page.split('id="upload-source"')[1].split("</select>")[0]


def test_readers_of_a_source_see_its_documents_as_ever(cast: Any, folder: Path, syncing: Any) -> None:
    source = services.source_create(
        user=cast.root, name="Docs", kind="folder", settings={"path": str(folder)}, visibility="restricted",
        groups=[Group.objects.get(name="Lab")],
    )  # fmt: skip
    syncing(source, cast.root)
    document = source.documents.get()
    for user, status in ((cast.max, 200), (cast.cleo, 404)):
        assert browser(user).get(f"/documents/{document.pk}/").status_code == status
