"""Data sources in a real browser: made, tried, synced and watched without a reload, mended, deleted."""

import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import User
from documents import services
from documents.models import DataSource, SourceItem, SyncRun
from documents.syncing import step
from tests.browser.conftest import Open
from tests.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.journeys]
SLOW_MS = 30_000


@pytest.fixture
def root(server: Server) -> User:
    return User.objects.create_user("root@example.com", "x", role="admin", name="Root")


@pytest.fixture
def folder(settings: Any) -> Path:
    """A folder that this process and the application may read, with two files and one that cannot be taken."""
    settings.FOLDER_ROOTS = [settings.DATA_DIR / "folders"]
    made: Path = settings.FOLDER_ROOTS[0] / uuid.uuid4().hex
    made.mkdir(parents=True)
    (made / "one.md").write_text("# One\n\nThe first ship is called Fulmar.")
    (made / "two.md").write_text("# Two\n\nThe second ship is called Petrel.")
    (made / "empty.txt").write_text("")
    return made


@pytest.fixture
def ships(root: User, folder: Path, monkeypatch: pytest.MonkeyPatch) -> DataSource:
    """A source of that folder; its syncs go on when the test says so."""
    monkeypatch.setattr("documents.tasks.sync_step.delay", lambda *_key: None)
    return services.source_create(user=root, name="Ships", kind="folder", settings={"path": str(folder)})


def stay(page: Any) -> None:
    """Mark the page, to see later that it was not loaded anew."""
    page.evaluate("window.stayed = true")


def stayed(page: Any) -> bool:
    return bool(page.evaluate("window.stayed === true"))


def go_on(run: SyncRun) -> None:
    while step(run.pk, lambda _document: None) is not None:
        pass


def test_a_folder_is_chosen_tried_made_and_synced_and_what_failed_is_mended(
    worker: subprocess.Popen[bytes], root: User, folder: Path, open_page: Open
) -> None:
    page = open_page(root, "/sources/")
    expect(page.locator(".empty")).to_contain_text("Make the first one")
    page.click(".empty >> text=New data source")
    page.click("main >> text=Files in a folder of the server")
    page.fill("[name=connector-path]", "/etc")
    page.click("text=Test the connection")
    result = page.locator("[data-connection-result]")
    expect(result).to_contain_text("This folder may not be read")
    page.fill("[name=connector-path]", str(folder))
    expect(result).to_be_empty()
    page.click("text=Test the connection")
    expect(result).to_contain_text("It holds 3 files")
    page.fill("[name=name]", "Ships")
    page.click("text=Create and sync")

    page.wait_for_url("**/sources/ships/syncs/")
    stay(page)
    runs = page.locator("[data-run]")
    expect(runs).to_have_count(1)
    expect(runs.first).to_contain_text("Done", timeout=SLOW_MS)
    assert page.locator("[data-run] td").all_inner_texts()[2:] == ["2", "0", "0", "0", "1"]
    expect(page.locator(".failed-item")).to_contain_text("empty.txt")
    expect(page.locator(".failed-item")).to_contain_text("It is empty.")
    facts = page.locator("[data-part=facts]")
    expect(facts).not_to_contain_text("being read", timeout=SLOW_MS)
    expect(facts).to_contain_text("In sync")
    assert stayed(page)

    (folder / "empty.txt").write_text("No longer.")
    page.click("text=Try again")
    stay(page)
    expect(page.locator("#sync-button")).to_have_text("Sync now", timeout=SLOW_MS)
    expect(page.locator(".failed-item")).to_have_count(0)
    (folder / "one.md").unlink()
    page.click("#sync-button")
    stay(page)
    expect(runs).to_have_count(3)
    expect(runs.first).to_contain_text("Done", timeout=SLOW_MS)
    assert page.locator("[data-run] >> nth=0 >> td").all_inner_texts()[2:] == ["0", "0", "2", "1", "0"]
    assert stayed(page)


def test_a_run_is_seen_from_its_turn_to_its_end_and_the_focus_stays(
    root: User, ships: DataSource, open_page: Open
) -> None:
    run = services.sync_start(user=root, source=ships)
    page = open_page(root, "/sources/ships/syncs/")
    stay(page)
    running = page.locator("[data-part=running]")
    expect(running).to_contain_text("Waiting for its turn")
    page.focus("text=Stop")
    go_on(run)
    expect(page.locator("#sync-button")).to_have_text("Sync now")
    expect(page.locator("#sync-button")).to_be_focused()
    expect(running).to_have_text("")
    expect(page.locator("[data-live]")).to_have_text("In sync")
    expect(page.locator("[data-part=facts]")).to_contain_text("2 being read")
    assert stayed(page)


def test_progress_has_numbers_and_a_stop_is_told(root: User, ships: DataSource, open_page: Open) -> None:
    run = services.sync_start(user=root, source=ships)
    page = open_page(root, "/sources/ships/syncs/")
    SyncRun.objects.update(state="running", phase="fetching", new=3, claim=uuid.uuid4())
    SourceItem.objects.bulk_create(SourceItem(source=ships, external_id=f"{n}.md", name=f"{n}.md") for n in range(5))
    running = page.locator("[data-part=running]")
    expect(running).to_contain_text("3 done, 5 to go")
    assert running.locator("progress").get_attribute("value") == "3"
    page.click("text=Stop")
    expect(page.locator("#sync-button")).to_be_disabled()
    expect(running).to_contain_text("Stopping after the item at hand")
    SyncRun.objects.filter(pk=run.pk).update(state="failed", error_message="The folder went away while it was read.")
    expect(page.locator(".notice--bad")).to_contain_text("The folder went away")


def test_a_cut_connection_is_told_until_it_is_back(root: User, ships: DataSource, open_page: Open) -> None:
    services.sync_start(user=root, source=ships)
    page = open_page(root, "/sources/ships/syncs/")
    trouble = page.locator("[data-live-trouble]")
    page.context.set_offline(True)
    expect(trouble).to_be_visible()
    page.context.set_offline(False)
    expect(trouble).to_be_hidden()


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(root: User, open_page: Open) -> None:
    page = open_page(root, "/sources/new/?kind=postgres")
    page.click("text=Test the connection")
    expect(page.locator("[name=connector-host]")).to_be_focused()
    expect(page.locator("[data-field-error]:visible")).to_have_count(5)
    for name, value in (
        ("host", "db"),
        ("database", "d"),
        ("user", "u"),
        ("query", "DROP TABLE x"),
        ("key_column", "id"),
    ):
        page.fill(f"[name=connector-{name}]", value)
    page.fill("[name=name]", "Customers")
    page.click("text=Create and sync")
    expect(page.locator("[name=connector-query]")).to_be_focused()
    expect(page.locator("[data-field-error]:visible")).to_have_text("Write one SELECT statement.")
    assert page.input_value("[name=connector-query]") == "DROP TABLE x"
    assert not DataSource.objects.exists()


def test_deleting_a_source_asks_first(root: User, ships: DataSource, open_page: Open) -> None:
    go_on(services.sync_start(user=root, source=ships))
    page = open_page(root, "/sources/ships/")
    page.focus("main >> text=Delete")
    page.keyboard.press("Enter")
    dialog = page.locator("#delete-source")
    expect(dialog).to_contain_text("Its 2 documents go too")
    expect(dialog.locator("text=Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("main .actions >> text=Delete")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.locator("[type=submit]").click()
    page.wait_for_url("**/sources/")
    expect(page.locator(".toast")).to_contain_text("Ships was deleted")
    assert not DataSource.objects.exists()


def test_the_list_is_searched_and_sorted_and_the_address_keeps_both(
    root: User, ships: DataSource, open_page: Open
) -> None:
    for n in range(8):
        DataSource.objects.create(name=f"Harbour {n}", slug=f"harbour-{n}", owner=root)
    page = open_page(root, "/sources/")
    names = page.locator("tbody th a")
    expect(names).to_have_count(9)
    page.click("thead >> text=Name")
    expect(names.first).to_have_text("Ships")
    page.fill("[name=q]", "harbour")
    page.keyboard.press("Enter")
    expect(names).to_have_count(8)
    expect(names.first).to_have_text("Harbour 7")
    page.reload()
    expect(names.first).to_have_text("Harbour 7")
    page.fill("[name=q]", "lighthouse")
    page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_contain_text("No data source of that name")


def test_the_list_shows_a_sync_that_goes_on(root: User, ships: DataSource, open_page: Open) -> None:
    run = services.sync_start(user=root, source=ships)
    page = open_page(root, "/sources/")
    stay(page)
    row = page.locator("tbody tr")
    expect(row).to_contain_text("Syncing")
    go_on(run)
    expect(row).to_contain_text("In sync")
    assert stayed(page)
