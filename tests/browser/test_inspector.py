"""The inspector in a real browser: both sides tied together, chunks edited, excluded, brought back, settings tried."""

import io
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import User
from documents import services
from documents.models import DataSource, Document
from documents.retrieval import search
from documents.services.chunks import chunk_edit
from tests.browser.conftest import Open
from tests.browser.test_accessibility import violations
from tests.chat.conftest import Cast
from tests.conftest import Server
from tests.documents.workers import finish

pytestmark = [pytest.mark.browser, pytest.mark.journeys]
REPORT = Path(__file__).parents[2] / "demo" / "documents" / "incident-report-2025-07.pdf"
QUAYS = "\n\n".join(
    f"## Quay {n}\n\nQuay {n} has {n + 2} bollards and is lit at night. Ships of line {n} moor there."
    for n in range(90)
)
ROWS = "\n".join(f"| Crane {n} | Quay {n} | {n + 5} tons | built in {1960 + n} by the yard |" for n in range(40))
HARBOUR = f"# Harbour\n\n{QUAYS}\n\n## Cranes\n\n| Crane | Place | Lifts | History |\n|---|---|---|---|\n{ROWS}\n"


@pytest.fixture
def editor(server: Server, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr("documents.tasks.ingest_waiting.delay", lambda: None)
    return User.objects.create_user("edda@example.com", "x", role="editor", name="Edda")


def indexed(editor: User, data: bytes, name: str) -> Document:
    source, _made = DataSource.objects.get_or_create(slug="harbour", defaults={"name": "Harbour", "owner": editor})
    document = services.document_upload(user=editor, file=io.BytesIO(data), filename=name, source=source)
    return finish(document.pk)


@pytest.fixture
def harbour(editor: User) -> Document:
    return indexed(editor, HARBOUR.encode(), "harbour.md")


def is_seen(locator: Any) -> bool:
    return bool(locator.evaluate("""(element) => {
      const box = element.getBoundingClientRect();
      const holder = element.closest("[data-source], [data-list-pane]").getBoundingClientRect();
      return box.bottom > holder.top && box.top < holder.bottom && box.top < innerHeight && box.bottom > 0;
    }"""))  # fmt: skip


def test_what_is_clicked_on_one_side_is_marked_and_seen_on_the_other(
    editor: User, harbour: Document, open_page: Open
) -> None:
    page = open_page(editor, f"/documents/{harbour.pk}/")
    page.click("main .actions >> text=Chunks")
    page.wait_for_url("**/chunks/")
    card = page.locator("[data-chunk]", has_text="Quay 31 has").first
    card.locator(".chunk__text").click()
    lit = page.locator("[data-source] [data-lit]").first
    expect(lit).to_contain_text("Quay 31")
    assert is_seen(lit)
    assert f"chunk={card.get_attribute('data-ordinal')}" in page.url

    words = page.locator("[data-source] .in-chunk", has_text="Quay 83 has").first
    words.scroll_into_view_if_needed()
    words.click()
    chosen = page.locator("[data-chunk][data-chosen]")
    expect(chosen).to_contain_text("Quay 83 has")
    assert is_seen(chosen)
    expect(page.locator("[data-source] [data-lit]").first).to_contain_text("Quay 83")

    page.reload()
    expect(page.locator("[data-chunk][data-chosen]")).to_contain_text("Quay 83 has")
    assert is_seen(page.locator("[data-source] [data-lit]").first)


def test_keys_go_from_chunk_to_chunk_and_the_list_goes_on_as_one_scrolls(
    editor: User, harbour: Document, open_page: Open
) -> None:
    page = open_page(editor, f"/documents/{harbour.pk}/chunks/")
    for key, ordinal in (("j", 0), ("ArrowDown", 1), ("j", 2), ("k", 1), ("ArrowUp", 0)):
        page.keyboard.press(key)
        expect(page.locator("[data-chunk][data-chosen]")).to_have_attribute("data-ordinal", str(ordinal))
    page.keyboard.press("Enter")
    field = page.locator(".chunk__editor textarea")
    expect(field).to_be_focused()
    page.keyboard.type("j")
    expect(page.locator("[data-chunk][data-chosen]")).to_have_attribute("data-ordinal", "0")
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    page.click(".toast >> text=Bring them back")
    expect(field).to_be_focused()
    assert field.input_value().endswith("j")

    cards = page.locator("[data-chunk]")
    expect(cards).to_have_count(50)
    for _ in range(6):
        page.locator("[data-list-pane]").evaluate("(list) => (list.scrollTop = list.scrollHeight)")
        page.wait_for_timeout(300)
    expect(cards).to_have_count(harbour.chunk_count)
    ordinals = cards.evaluate_all("(cards) => cards.map((card) => Number(card.dataset.ordinal))")
    assert ordinals == list(range(harbour.chunk_count))
    context = page.locator(".chunk__context").first
    expect(context).to_contain_text("| Crane | Place | Lifts | History |")


def test_an_edit_and_an_exclusion_are_searched_and_undone(editor: User, harbour: Document, open_page: Open) -> None:
    page = open_page(editor, f"/documents/{harbour.pk}/chunks/")
    card = page.locator("[data-chunk]", has_text="Quay 7 has").first
    card.locator("[data-edit]").click()
    page.fill(".chunk__editor textarea", "  ")
    page.click(".chunk__editor [type=submit]")
    expect(page.locator(".chunk__editor [data-field-error]")).to_contain_text("There is no text")
    page.fill(".chunk__editor textarea", "The big crane Zephyr stands here.")
    page.click(".chunk__editor [type=submit]")
    edited = page.locator("[data-chunk][data-edited]")
    expect(edited).to_contain_text("Zephyr stands here")
    expect(edited.locator(".badge")).to_have_text("edited")
    assert search(user=editor, query="Where is Zephyr?").passages[0].edited_text == "The big crane Zephyr stands here."

    page.fill("[data-chunk-filter] [name=q]", "zephyr")
    expect(page.locator("[data-chunk]")).to_have_count(1)
    page.fill("[data-chunk-filter] [name=q]", "")
    page.select_option("[data-chunk-filter] [name=state]", "edited")
    expect(page.locator("[data-chunk]")).to_have_count(1)
    page.click(".toast >> text=Undo")
    expect(page.locator("[data-chunk][data-edited]")).to_have_count(0)
    assert search(user=editor, query="Zephyr").passages[0].edited_text is None

    page.select_option("[data-chunk-filter] [name=state]", "")
    card = page.locator("[data-chunk]", has_text="Quay 5 has").first
    card.locator("text=Exclude").click()
    expect(page.locator("[data-chunk][data-excluded]")).to_contain_text("Quay 5 has")
    excluded = harbour.chunks.get(excluded=True)
    assert excluded.pk not in {each.chunk_id for each in search(user=editor, query="Quay 5 bollards").passages}
    page.click(".toast >> text=Undo")
    expect(page.locator("[data-chunk][data-excluded]")).to_have_count(0)
    assert not harbour.chunks.filter(excluded=True).exists()


def test_a_list_that_was_asked_for_before_a_change_shows_the_change(
    editor: User, harbour: Document, open_page: Open
) -> None:
    page = open_page(editor, f"/documents/{harbour.pk}/chunks/")
    held: list[tuple[Any, Any]] = []

    def hold_first(route: Any) -> None:
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    page.route("**/chunks/list?*", hold_first)
    with page.expect_request("**/chunks/list?*"):
        page.fill("[data-chunk-filter] [name=q]", "Quay 7")
    page.locator("[data-chunk]", has_text="Quay 7 has").first.locator("[data-act=exclude]").click()
    expect(page.locator("[data-excluded]")).to_have_count(1)
    route, answer = held[0]
    route.fulfill(response=answer)
    expect(page.locator("[data-total][role=status]")).not_to_have_text(str(harbour.chunk_count))
    expect(page.locator("[data-excluded]")).to_have_count(1)


def test_the_second_of_two_writers_sees_the_text_of_the_first(editor: User, harbour: Document, open_page: Open) -> None:
    page = open_page(editor, f"/documents/{harbour.pk}/chunks/")
    card = page.locator("[data-chunk]", has_text="Quay 3 has").first
    card.locator("[data-edit]").click()
    chunk_edit(user=editor, chunk_id=int(card.get_attribute("data-chunk") or 0), text="Somebody else was here.")
    page.fill(".chunk__editor textarea", "I was here.")
    page.click(".chunk__editor [type=submit]")
    expect(page.locator("[data-theirs-text]")).to_have_text("Somebody else was here.")
    assert page.input_value(".chunk__editor textarea") == "I was here."
    page.click(".chunk__editor [type=submit]")
    expect(page.locator("[data-chunk][data-edited] [data-chunk-text]")).to_have_text("I was here.")


def test_a_chunk_of_a_document_that_was_read_again_meanwhile_can_be_changed(
    editor: User, harbour: Document, open_page: Open
) -> None:
    page = open_page(editor, f"/documents/{harbour.pk}/chunks/")
    Document.objects.update(status="received")
    finish(harbour.pk)
    card = page.locator("[data-chunk]", has_text="Quay 4 has").first
    card.locator("text=Exclude").click()
    expect(page.locator("[data-chunk][data-excluded]")).to_contain_text("Quay 4 has")
    assert "Quay 4 has" in Document.objects.get().chunks.get(excluded=True).text


def test_an_answer_from_an_edited_chunk_says_so(library: Cast, open_page: Open) -> None:
    chunk = library.leave.chunks.get()
    chunk_edit(user=library.root, chunk_id=chunk.pk, text="Every employee has forty days of paid leave a year.")
    page = open_page(library.mia, "/")
    page.fill("[data-composer-input]", "How many days of paid leave does an employee have?")
    page.press("[data-composer-input]", "Enter")
    expect(page.locator(".answer__text")).to_contain_text("forty days")
    expect(page.locator(".note").first).to_contain_text("edited")
    expect(page.locator(".note").first).to_contain_text("thirty days")
    # A scroll puts the card away, and the answer's end may cause one.
    page.locator("[data-status=complete] .chip").first.wait_for()
    page.hover(".chip")
    expect(page.locator(".card-hover:popover-open")).to_contain_text("edited")


def test_a_pdf_shows_the_page_and_the_boxes_of_a_chunk(editor: User, open_page: Open) -> None:
    document = indexed(editor, REPORT.read_bytes(), REPORT.name)
    page = open_page(editor, f"/documents/{document.pk}/chunks/")
    page.wait_for_selector(".pdf__pages canvas")
    last = document.chunks.order_by("-ordinal").first()
    assert last is not None
    assert last.page is not None
    page.locator(f"#chunk-{last.ordinal} .chunk__text").click()
    mark = page.locator(".pdf__mark").first
    mark.wait_for()
    assert is_seen(mark)
    assert int(page.locator(".pdf__page:has(.pdf__mark)").first.get_attribute("data-page") or 0) >= last.page > 1
    first = page.locator(".pdf__page").first
    first.scroll_into_view_if_needed()
    page.locator("[data-source]").evaluate("(pane) => (pane.scrollTop = 0)")
    start = document.chunks.order_by("ordinal").first()
    box = document.current_version.pages.first().boxes[0]
    size = first.bounding_box()
    scale = size["width"] / document.current_version.pages.first().width
    first.click(position={"x": (box[2] + 3) * scale, "y": (box[3] + 3) * scale})
    expect(page.locator("[data-chunk][data-chosen]")).to_have_attribute("data-ordinal", str(start.ordinal))


def test_a_phone_has_two_panes_and_shows_the_source_of_a_chunk(
    editor: User, harbour: Document, open_page: Open
) -> None:
    page = open_page(editor, f"/documents/{harbour.pk}/chunks/", width=390, height=844)
    source = page.locator("[data-source]")
    expect(source).to_be_hidden()
    card = page.locator("[data-chunk]", has_text="Quay 9 has").first
    card.locator("[data-show]").click()
    expect(source).to_be_visible()
    lit = page.locator("[data-source] [data-lit]").first
    expect(lit).to_contain_text("Quay 9")
    assert is_seen(lit)
    page.locator("[data-source] .in-chunk", has_text="Quay 11 has").first.click()
    chosen = page.locator("[data-chunk][data-chosen]")
    expect(chosen).to_be_visible()
    expect(chosen).to_contain_text("Quay 11 has")


def test_a_reader_looks_and_changes_nothing(editor: User, harbour: Document, open_page: Open) -> None:
    reader = User.objects.create_user("rita@example.com", "x", name="Rita")
    page = open_page(reader, f"/documents/{harbour.pk}/chunks/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("[data-chunk][data-chosen]")).to_have_count(1)
    assert page.locator("[data-edit], [data-act], .chunk__editor").count() == 0


def test_settings_are_tried_on_a_document_before_they_hold(editor: User, harbour: Document, open_page: Open) -> None:
    page = open_page(editor, "/sources/harbour/")
    page.click("main nav >> text=Chunks")
    page.fill("[name=max_tokens]", "32")
    page.fill("[name=overlap_sentences]", "0")
    page.click("text=Preview")
    proposed = page.locator("[data-proposed] td")
    expect(proposed.first).to_be_visible()
    assert int(proposed.first.inner_text()) > 90
    assert int(proposed.last.inner_text()) <= 32
    page.click("text=Apply to all documents")
    expect(page.locator(".toast")).to_contain_text("1 document is cut again")
    source = DataSource.objects.get(slug="harbour")
    assert source.chunking == {"max_tokens": 32, "overlap_sentences": 0}


@pytest.mark.pages
def test_the_pages_pass_axe_and_fit_the_screen(editor: User, harbour: Document, open_page: Open) -> None:
    chunks = list(harbour.chunks.order_by("ordinal")[:2])
    chunk_edit(user=editor, chunk_id=chunks[0].pk, text="A text that somebody wrote.")
    services_path = f"/sources/harbour/chunking/?max_tokens=64&overlap_sentences=1&document={harbour.pk}"
    problems = []
    page = open_page(editor, "/documents/", height=844)
    for path in (f"/documents/{harbour.pk}/chunks/?chunk=1", services_path):
        page.goto(path)
        if "chunks" in path:
            page.locator("[data-act=exclude]").nth(2).click()
            page.wait_for_selector("[data-excluded]")
            page.locator("[data-edit]").nth(1).click()
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 844})
            problems += violations(page, dark=width == 390)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                problems.append(f"{path} scrolls sideways at {width}")
    assert problems == []
