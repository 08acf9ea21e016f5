"""The question box in a real browser: prompts, documents and assistants by their signs, and files of a conversation."""

import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from chat.models import Assistant, SavedPrompt
from chat.services.assistants import VersionFields, assistant_create
from documents.models import Document
from tests.browser.conftest import Open
from tests.browser.test_accessibility import violations
from tests.chat.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.journeys]
BOX = "[data-composer-input]"
OPTION = ".completion__option"
PERMIT = "The mooring permit of the yacht Albatross costs forty crowns for each night."
DROP = """([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name, {type: "text/plain"}));
    const event = (kind) => document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true}));
    event("dragenter");
    const isOver = document.querySelector("[data-composer]").hasAttribute("data-over");
    event("drop");
    return isOver;
}"""
PASTE = """([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name, {type: "text/plain"}));
    const event = new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true});
    document.querySelector("[data-composer-input]").dispatchEvent(event);
}"""

ASKED_MS = 300
"""By then the server has been asked what a sign may mean."""
PUT_CARET = f"""(place) => {{
  const box = document.querySelector({BOX!r});
  box.setSelectionRange(place, place);
  box.click();
}}"""


def offers(page: Any, *names: str) -> None:
    """The menu comes to offer these."""
    expect(page.locator("[data-completion]")).to_be_visible()
    expect(page.locator(".completion__name")).to_have_text(list(names))


def write(page: Any, text: str) -> None:
    """Write at the end, as somebody does."""
    page.press(BOX, "Control+End")
    page.locator(BOX).press_sequentially(text)


def chips(page: Any) -> Any:
    return page.locator("[data-composer-chips] .composer-chip__name")


def test_enter_before_the_menu_has_come_takes_what_is_meant_or_asks(library: Cast, open_page: Open) -> None:
    SavedPrompt.objects.create(owner=library.mia, title="Leave", text="How long is paid leave?")
    page = open_page(library.mia, "/")
    page.wait_for_load_state("networkidle")
    held: list[Route] = []
    is_held = threading.Event()
    page.route("**/complete/**", lambda route: held.append(route) if is_held.is_set() else route.continue_())

    def press_enter_meanwhile(text: str) -> None:
        is_held.set()
        write(page, text)
        page.keyboard.press("Enter")
        assert page.input_value(BOX) == text
        is_held.clear()
        while held:
            held.pop().continue_()

    press_enter_meanwhile("/lea")
    expect(page.locator(BOX)).to_have_value("How long is paid leave?")
    page.fill(BOX, "")
    press_enter_meanwhile("How many days? #nothing-is-called-that")
    expect(page.locator(".question__text")).to_contain_text("How many days? #nothing-is-called-that")
    assert page.input_value(BOX) == ""


def test_enter_is_never_kept_for_a_menu_that_was_closed(library: Cast, open_page: Open) -> None:
    page = open_page(library.mia, "/")
    page.wait_for_load_state("networkidle")
    write(page, "/lea #lib")
    offers(page, "Library")
    page.keyboard.press("Escape")
    # To the other sign, of which the server says nothing yet, and back to the one whose menu was closed.
    page.route("**/complete/**", lambda _route: None)
    for place in (2, 8):
        page.evaluate(PUT_CARET, place)
        page.wait_for_timeout(ASKED_MS)
    page.keyboard.press("Enter")
    expect(page.locator(".question__text")).to_contain_text("/lea #lib")


def test_signs_open_what_goes_with_a_question(library: Cast, open_page: Open) -> None:
    """Prompts with blanks, a narrowed question, who answers it, all by the keyboard; a draft keeps it."""
    SavedPrompt.objects.create(owner=library.mia, title="Leave", text="How much {{what}} has {{who}}?")
    model = Assistant.objects.get().published.model
    fields = VersionFields("", model, None, passages=4, threshold=0.3)
    assistant_create(user=library.root, name="Second", description="Another one.", fields=fields)
    page = open_page(library.mia, "/")
    page.wait_for_load_state("networkidle")

    # Only at a word's beginning; Esc leaves the text, and the menu does not come back for it.
    write(page, "and/or")
    assert not page.locator("[data-completion]").is_visible()
    page.fill(BOX, "")
    write(page, "/")
    offers(page, "Leave")
    chosen = page.get_attribute(BOX, "aria-activedescendant")
    assert page.get_attribute(f"#{chosen}", "aria-selected") == "true"
    expect(page.locator("[data-completion-status]")).to_contain_text("Enter takes it")
    page.keyboard.press("Escape")
    write(page, "lea")
    assert page.input_value(BOX) == "/lea"
    assert not page.locator("[data-completion]").is_visible()

    page.fill(BOX, "")
    # Enter is quicker than the answer of the server, and takes what is meant all the same.
    write(page, "/")
    offers(page, "Leave")
    write(page, "lea")
    page.keyboard.press("Enter")
    expect(page.locator(BOX)).to_have_value("How much {{what}} has {{who}}?")
    page.keyboard.type("paid leave")
    page.keyboard.press("Enter")
    expect(page.locator("[data-composer-hint]")).to_contain_text("Fill this in")
    page.keyboard.type("an employee")
    assert page.input_value(BOX) == "How much paid leave has an employee?"

    write(page, " #vault")
    page.wait_for_selector("[data-completion-nothing]:visible")
    page.keyboard.press("Escape")
    for _letter in "#vault":
        page.keyboard.press("Backspace")
    write(page, "#")
    offers(page, "Library", "leave.txt")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    write(page, "@sec")
    offers(page, "Second")
    page.click(OPTION)
    expect(chips(page)).to_have_text(["Second", "leave.txt"])
    page.reload()
    expect(chips(page)).to_have_text(["Second", "leave.txt"])
    write(page, " #lib")
    offers(page, "Library")
    assert violations(page) == []
    page.keyboard.press("Enter")
    page.get_by_label("Do not narrow the question to Library").click()
    expect(chips(page)).to_have_text(["Second", "leave.txt"])

    page.focus(BOX)
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer[data-status=complete]")
    assert chips(page).count() == 0
    assert page.input_value(BOX) == ""
    assert page.locator(".question__scope").inner_text() == "leave.txt"
    page.reload()
    page.wait_for_selector(".chip")
    assert page.get_attribute(".question__scope a", "href") == f"/documents/{library.leave.pk}/"
    page.goto(f"/?document={library.leave.pk}")
    expect(chips(page)).to_have_text(["leave.txt"])


def test_a_question_written_before_the_scripts_came_is_sent_by_the_next_enter(library: Cast, open_page: Open) -> None:
    page = open_page(library.mia, "/documents/")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/chat/composer.js*", hold)
    with page.expect_request("**/chat/composer.js*"):
        page.goto("/", wait_until="commit")
    page.locator(BOX).press_sequentially("How long is parental leave?")
    page.keyboard.press("Enter")
    assert page.locator(BOX).input_value().endswith("\n")
    held.pop().continue_()
    expect(page.locator(BOX)).to_have_value("How long is parental leave?")
    page.keyboard.press("Enter")
    page.locator(".answer").wait_for()


def test_files_of_a_conversation(
    worker: subprocess.Popen[bytes], library: Cast, open_page: Open, tmp_path: Path
) -> None:
    """Chosen, dropped and pasted; refused with a reason; taken out and back; read by this conversation alone."""
    (tmp_path / "permit.txt").write_text(PERMIT)
    (tmp_path / "empty.txt").write_text("")
    page = open_page(library.mia, "/")
    page.wait_for_load_state("networkidle")
    page.set_input_files("[data-composer-picker]", [tmp_path / "permit.txt", tmp_path / "empty.txt"])
    expect(page.locator(".composer-chip--bad")).to_contain_text("The file is empty")
    page.fill(BOX, "What does the mooring permit of the Albatross cost?")
    page.press(BOX, "Enter")
    expect(page.locator("[data-composer-hint]")).to_contain_text("A file could not be used")
    page.get_by_label("Take out empty.txt").click()
    expect(chips(page)).to_have_text(["permit.txt"])
    expect(page.locator(".composer-chip__progress")).to_have_count(0, timeout=30_000)
    page.reload()
    expect(chips(page)).to_have_text(["permit.txt"])

    # Sent while another one is under way, the question waits for it.
    assert page.evaluate(DROP, ["dropped.txt", "The office closes at noon."])
    page.press(BOX, "Enter")
    page.wait_for_selector(".answer[data-status=complete]", timeout=30_000)
    assert "forty crowns" in page.inner_text(".answer__text")
    page.click(".chip")
    assert page.wait_for_selector("[data-drawer-document] [data-span]").inner_text() == PERMIT
    page.keyboard.press("Escape")
    expect(chips(page)).to_have_text(["permit.txt", "dropped.txt"])

    page.evaluate(PASTE, ["pasted.txt", "The quay is long."])
    expect(chips(page)).to_have_text(["permit.txt", "dropped.txt", "pasted.txt"])
    expect(page.locator(".composer-chip__progress")).to_have_count(0, timeout=30_000)
    page.get_by_label("Take out pasted.txt").click()
    expect(chips(page)).to_have_count(2)
    page.click("text=Undo")
    expect(chips(page)).to_have_count(3)
    page.get_by_label("Take out pasted.txt").click()
    # What is taken out is gone before the next question.
    page.fill(BOX, "When does the office close?")
    page.press(BOX, "Enter")
    page.wait_for_selector(".answer[data-status=complete] >> nth=1", timeout=30_000)
    assert not Document.objects.filter(filename="pasted.txt").exists()
    assert Document.objects.filter(filename__in=["permit.txt", "dropped.txt"]).count() == 2

    page.goto("/")
    assert chips(page).count() == 0
    page.fill(BOX, "What does the mooring permit of the Albatross cost?")
    page.press(BOX, "Enter")
    page.wait_for_selector(".answer:not([data-status=running])")
    assert "forty crowns" not in page.inner_text(".answer")


def test_a_prompt_is_deleted_and_taken_back(library: Cast, open_page: Open) -> None:
    for title in ("One", "Two"):
        SavedPrompt.objects.create(owner=library.mia, title=title, text="About {{topic}}", shared=title == "Two")
    page = open_page(library.mia, "/prompts/", width=390, height=844)
    page.get_by_label("Delete One").click()
    expect(page.locator("[data-prompt]:visible h2")).to_have_text(["Two"])
    page.click("text=Undo")
    expect(page.locator("[data-prompt]:visible h2")).to_have_text(["One", "Two"])
    page.get_by_label("Delete One").click()
    page.locator("[data-toast-close]").first.click()
    expect(page.locator("[data-prompt]")).to_have_count(1)
    assert list(SavedPrompt.objects.values_list("title", flat=True)) == ["Two"]
