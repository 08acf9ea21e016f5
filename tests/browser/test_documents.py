"""The list of documents and the page of one, in a browser: deleting with a while to undo, new versions, retries."""

import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from accounts.models import User
from documents import services
from documents.models import ChunkEdit, DataSource, Document, Status
from documents.services.chunks import chunk_edit, chunk_exclude
from tests.browser.conftest import Open
from tests.browser.test_accessibility import violations
from tests.conftest import Server
from tests.documents.workers import finish

pytestmark = pytest.mark.browser
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenverordnung-" * 3 + ".md"
WHOLE_WHILE_MS = 9000
HEADS = ("driver", "registration", "vehicle inspection", "Hafenordnung", "remarks")
TABLE = "\n".join((
    f"|{'|'.join(HEADS)}|", "|---" * len(HEADS) + "|",
    f"|Margarethe Wagenführ|HH-FN 4471|September 2026|Kapitänsmützenverordnung|{'A sentence of many words. ' * 9}|",
))  # fmt: skip
BROKEN_WORDS = r"""[...document.querySelectorAll(".document-text :is(td, th)")].flatMap((cell) => {
    const range = document.createRange();
    const text = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT).nextNode();
    return [...text.data.matchAll(/\S+/g)].filter((word) => {
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        return new Set([...range.getClientRects()].map((each) => each.top)).size > 1;
    }).map((word) => `the table breaks ${word[0]}`);
})"""
"""The words of a table that stand on more than one line."""


@pytest.fixture
def editor(server: Server, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)
    return User.objects.create_user("edda@example.com", "x", role="editor", name="Edda")


def made(editor: User, name: str, text: str = "", *, read: bool = True) -> Document:
    source, _made = DataSource.objects.get_or_create(slug="harbour", defaults={"name": "Harbour", "owner": editor})
    data = (text or f"# {name}\n\nThe ship of {name} is called Fulmar.").encode()
    document = services.document_upload(user=editor, file=io.BytesIO(data), filename=name, source=source)
    return finish(document.pk) if read else document


@pytest.fixture
def three(editor: User) -> list[Document]:
    return [made(editor, name) for name in ("one.md", "two.md", "three.md")]


def row(page: Any, name: str) -> Any:
    return page.locator("tr[data-document]", has_text=name)


def delete_chosen(page: Any, *names: str) -> None:
    for name in names:
        row(page, name).locator("input").check()
    page.locator("[data-selection-bar] >> text=Delete").click()
    page.locator("#delete-chosen .button--danger").click()


def exists(document: Document) -> bool:
    return Document.objects.filter(pk=document.pk).exists()


def wait_until_gone(page: Any, *documents: Document) -> None:
    for _ in range(100):
        if not any(map(exists, documents)):
            return
        page.wait_for_timeout(50)
    raise AssertionError("still there")


def test_files_that_are_here_already_are_told_of_once_and_what_failed_stands_first(
    editor: User, three: list[Document], tmp_path: Path, open_page: Open
) -> None:
    page = open_page(editor, "/documents/?source=harbour")
    again = [tmp_path / name for name in ("one.md", "two.md", "three.md")]
    for path in again:
        path.write_text(f"# {path.name}\n\nThe ship of {path.name} is called Fulmar.")
    page.set_input_files("#upload-files", again)
    expect(page.locator(".toast")).to_have_text("3 files are here already.")
    (tmp_path / "empty.md").write_text("")
    (tmp_path / "four.md").write_text("# Four")
    page.set_input_files("#upload-files", [tmp_path / "empty.md", tmp_path / "four.md"])
    items = page.locator("[data-uploads-list] li")
    expect(items).to_have_count(2)
    expect(items.first).to_contain_text("The file is empty.")
    # What was ready before is folded away.
    ready = page.locator("[data-uploads-ready]")
    expect(ready.locator("li")).to_have_count(3)
    expect(ready.locator("li").first).to_be_hidden()
    ready.locator("summary").click()
    expect(ready.locator("li").first).to_be_visible()


def test_what_is_deleted_in_the_list_goes_at_once_and_comes_back_by_undo_by_key_or_when_refused(
    editor: User, three: list[Document], open_page: Open
) -> None:
    page = open_page(editor, "/documents/")
    row(page, "one.md").locator("input").check()
    row(page, "two.md").locator("input").check()
    page.locator("[data-selection-bar] >> text=Delete").click()
    dialog = page.locator("#delete-chosen")
    expect(dialog.locator("h2")).to_have_text("Delete 2 documents?")
    expect(dialog.locator("[data-delete-names] li")).to_have_text(["two.md", "one.md"])
    expect(dialog).to_contain_text("Their files and the 2 passages found in them go too.")
    dialog.locator(".button--danger").click()
    expect(row(page, "one.md")).to_be_hidden()
    expect(page.locator("[data-uploads-list] li", has_text="one.md")).to_be_hidden()
    expect(row(page, "three.md")).to_be_visible()
    toast = page.locator(".toast", has_text="2 documents are deleted.")
    toast.locator("text=Undo").click()
    expect(row(page, "one.md")).to_be_visible()
    expect(row(page, "two.md")).to_be_visible()
    expect(page.locator("[data-selection-bar]")).to_be_hidden()
    assert all(map(exists, three))

    # The same with the keys alone.
    row(page, "one.md").locator("input").focus()
    page.keyboard.press("Space")
    page.locator("[data-selection-bar] >> text=Delete").focus()
    page.keyboard.press("Enter")
    page.locator("#delete-chosen .button--danger").focus()
    page.keyboard.press("Enter")
    expect(row(page, "one.md")).to_be_hidden()
    expect(page.locator("#main")).to_be_focused()
    region = page.locator("[data-toasts]")
    expect(region).to_have_attribute("aria-live", "polite")
    expect(region.locator("button", has_text="Undo")).to_have_attribute("aria-keyshortcuts", "Control+Z Meta+Z")
    page.keyboard.press("Control+z")
    expect(row(page, "one.md")).to_be_visible()
    expect(region.locator(".toast")).to_have_count(0)
    assert exists(three[0])

    page.route("**/documents/delete", lambda route: route.abort())
    delete_chosen(page, "one.md")
    page.locator(".toast [data-toast-close]").click()
    expect(page.locator(".toast--bad")).to_contain_text("did not answer")
    expect(row(page, "one.md")).to_be_visible()


def test_the_server_hears_of_a_deletion_when_the_time_to_undo_is_over(
    editor: User, three: list[Document], open_page: Open
) -> None:
    page = open_page(editor, "/documents/")
    page.clock.install()
    page.reload()
    delete_chosen(page, "one.md")
    expect(page.locator(".toast")).to_contain_text("one.md is deleted.")
    assert exists(three[0])
    with page.expect_response("**/documents/delete"):
        page.clock.run_for(WHOLE_WHILE_MS)
    assert not exists(three[0])
    expect(page.locator(".toast")).to_have_count(0)
    assert exists(three[1])


def test_who_leaves_the_page_has_deleted(editor: User, three: list[Document], open_page: Open) -> None:
    page = open_page(editor, f"/documents/{three[0].pk}/")
    page.locator(".document-head >> text=Delete").click()
    dialog = page.locator("#delete-document")
    expect(dialog.locator("h2")).to_have_text("Delete “one.md”?")
    expect(dialog).to_contain_text("the 1 passage found in it")
    dialog.locator(".button--danger").click()
    expect(page.locator(".toast")).to_contain_text("one.md is deleted.")
    expect(page.locator("#main")).to_have_attribute("inert", "")
    page.click("nav >> text=Documents")
    page.wait_for_url("**/documents/")
    expect(row(page, "two.md")).to_be_visible()
    expect(row(page, "one.md")).to_be_hidden()
    wait_until_gone(page, three[0])
    expect(row(page, "one.md")).to_have_count(0)


def test_a_document_is_deleted_from_its_page_or_taken_back(
    editor: User, three: list[Document], open_page: Open
) -> None:
    page = open_page(editor, f"/documents/{three[0].pk}/")
    page.locator(".document-head >> text=Delete").click()
    page.locator("#delete-document .button--danger").click()
    page.locator(".toast >> text=Undo").click()
    expect(page.locator("#main[inert]")).to_have_count(0)
    assert exists(three[0])
    page.locator(".document-head >> text=Delete").click()
    page.locator("#delete-document .button--danger").click()
    page.locator(".toast [data-toast-close]").click()
    page.wait_for_url("**/documents/")
    assert not exists(three[0])
    expect(row(page, "one.md")).to_have_count(0)


def test_failed_ones_among_the_chosen_are_tried_again(editor: User, three: list[Document], open_page: Open) -> None:
    Document.objects.filter(pk__in=[three[0].pk, three[1].pk]).update(status=Status.FAILED, error_message="No.")
    page = open_page(editor, "/documents/")
    row(page, "three.md").locator("input").check()
    again = page.locator("[data-retry-chosen]")
    expect(again).to_be_hidden()
    page.locator("[data-select-all]").check()
    expect(again).to_contain_text("Try 2 failed ones again")
    again.click()
    expect(page.locator(".toast")).to_contain_text("2 documents are tried again.")
    assert not Document.objects.filter(status=Status.FAILED).exists()


def test_a_new_version_is_sent_followed_and_shown(
    worker: subprocess.Popen[bytes], server: Server, open_page: Open, tmp_path: Path
) -> None:
    editor = User.objects.create_user("edda@example.com", "x", role="editor", name="Edda")
    document = made(editor, "one.md")
    (tmp_path / "next.md").write_text("# Next\n\nThe next ship is called Gannet.")
    (tmp_path / "empty.md").write_text("")
    page = open_page(editor, f"/documents/{document.pk}/")
    page.locator(".document-head >> text=Upload a new version").click()
    page.set_input_files("#new-version-file", tmp_path / "empty.md")
    expect(page.locator("#new-version [role=alert]")).to_contain_text("The file is empty")
    (tmp_path / "one.md").write_bytes(b"# one.md\n\nThe ship of one.md is called Fulmar.")
    page.set_input_files("#new-version-file", tmp_path / "one.md")
    expect(page.locator(".toast")).to_contain_text("Nothing was changed")
    expect(page.locator("#new-version")).to_be_hidden()
    page.locator(".document-head >> text=Upload a new version").click()
    page.set_input_files("#new-version-file", tmp_path / "next.md")
    expect(page.locator("h1")).to_have_text("Next", timeout=30_000)
    expect(page.locator("[data-text]")).to_contain_text("Gannet")
    expect(page.locator(".document-head__facts")).to_contain_text("next.md")
    assert Document.objects.get().status == Status.READY


def test_a_new_version_that_is_refused_or_stopped_leaves_the_dialog_open(
    editor: User, three: list[Document], open_page: Open, tmp_path: Path
) -> None:
    page = open_page(editor, f"/documents/{three[0].pk}/")
    (tmp_path / "two.md").write_bytes(b"# two.md\n\nThe ship of two.md is called Fulmar.")
    page.locator(".document-head >> text=Upload a new version").click()
    page.set_input_files("#new-version-file", tmp_path / "two.md")
    problem = page.locator("#new-version [role=alert]")
    expect(problem).to_contain_text("two.md is this very file already")
    page.route(f"**/documents/{three[0].pk}/file", lambda _route: None)
    page.set_input_files("#new-version-file", tmp_path / "two.md")
    stop = page.locator("[data-stop]")
    expect(stop).to_be_focused()
    expect(problem).to_be_hidden()
    stop.click()
    expect(page.locator("#new-version-file")).to_be_focused()
    expect(problem).to_be_hidden()
    assert Document.objects.get(pk=three[0].pk).status == Status.READY


@pytest.fixture
def waiting(editor: User) -> Document:
    """A document with two edits that no longer fit."""
    text = "\n\n".join(f"# Quay {n}\n\nQuay {n} has {n + 2} bollards and is lit at night." for n in range(4))
    document = made(editor, "quays.md", text)
    chunk_edit(user=editor, chunk_id=document.chunks.get(text__contains="Quay 1 has").pk, text="Zephyr stands here.")
    chunk_exclude(user=editor, chunk_id=document.chunks.get(text__contains="Quay 2 has").pk)
    services.document_replace(
        user=editor, document_id=document.pk, file=io.BytesIO(b"# Quays\n\nAll of them are gone."), filename="quays.md"
    )
    return finish(document.pk)


def test_edits_that_no_longer_fit_are_shown_discarded_and_taken_back(
    editor: User, waiting: Document, open_page: Open
) -> None:
    page = open_page(editor, f"/documents/{waiting.pk}/")
    page.click("text=Look at them")
    page.wait_for_url("**/chunks/#waiting-edits")
    items = page.locator("[data-waiting-edit]")
    expect(items).to_have_count(2)
    item = page.locator("[data-waiting-edit]", has_text="Zephyr")
    expect(item).to_contain_text("Quay 1 has 3 bollards")
    expect(item).to_contain_text("Edda")
    item.locator("text=Discard").click()
    expect(item).to_be_hidden()
    page.locator(".toast >> text=Undo").click()
    expect(item).to_be_visible()
    item.locator("text=Discard").click()
    with page.expect_response("**/discard"):
        page.locator(".toast [data-toast-close]").click()
    assert ChunkEdit.objects.get().excluded
    page.reload()
    expect(items).to_have_count(1)


def long_list(editor: User) -> list[Document]:
    """Documents in every state, with names that are hard to place."""
    documents = [made(editor, name, read=False) for name in (LONG, "قائمة السفن.md", "plan.md", "a.md", "b.md")]
    states = (Status.FAILED, Status.READY, Status.EMBEDDING, Status.RECEIVED, Status.PARSING)
    for document, status in zip(documents, states, strict=True):
        Document.objects.filter(pk=document.pk).update(
            status=status, progress_done=12, progress_total=80 if status == Status.EMBEDDING else 0,
            error_message="The file is damaged. Open it in its own program, save it anew and upload it again.",
        )  # fmt: skip
    return documents


@pytest.mark.pages
def test_the_pages_pass_axe_and_fit_the_screen(editor: User, waiting: Document, open_page: Open) -> None:
    failed = long_list(editor)[0]
    table = made(editor, "drivers.md", TABLE)
    User.objects.create_user("someone@example.com", "x", name="Lastschifftransportbezeichnungen " * 4)
    Group.objects.create(name=LONG[:150])
    problems = []
    page = open_page(editor, "/documents/")

    def look(what: str, height: int = 900) -> None:
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": height})
            problems.extend(violations(page, dark=width == 390))
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                problems.append(f"{what} scrolls sideways at {width}")

    page.locator("[data-select-all]").check()
    # High enough that the bar of the selection covers half of no row.
    look("the list with chosen documents", height=4000)
    page.locator("[data-selection-bar] >> text=Delete").click()
    look("the question before deleting")
    page.goto(f"/documents/?q=nothing-like-that&tag={LONG[:60]}&from=soon")
    expect(page.locator(".filter__chips li")).to_have_count(3)
    expect(page.locator("[data-filter-more] [data-field-error]:visible")).to_contain_text("is no date")
    look("a list of nothing, with a wrong filter")
    page.goto(f"/documents/{failed.pk}/")
    look("a failed document")
    page.locator(".document-head >> text=Upload a new version").click()
    look("the dialog of a new version")
    page.goto(f"/documents/{waiting.pk}/")
    look("a document with edits that wait")
    page.locator(".document-head >> text=Who can see this").click()
    look("the dialog of who sees it")
    page.locator("#sharing [value=restricted]").check()
    look("the groups and people to choose from")
    page.keyboard.press("Escape")
    page.locator(".document-head >> text=Details").click()
    look("the dialog of details")
    page.keyboard.press("Escape")
    page.goto(f"/documents/{table.pk}/")
    look("a document with a wide table")
    problems += page.evaluate(BROKEN_WORDS)
    page.goto(f"/documents/{waiting.pk}/chunks/")
    page.locator("#waiting-edits").scroll_into_view_if_needed()
    look("edits that wait")
    assert problems == []
