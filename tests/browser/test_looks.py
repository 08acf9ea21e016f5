"""How an answer is set: its numbers in narrow lines, on paper, beside the drawer; and the head of a shared page."""

import time
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from chat.services.sharing import link_create
from tests.browser.conftest import Open
from tests.chat.conftest import Cast
from tests.chat.conversations import make_talk

pytestmark = [pytest.mark.browser, pytest.mark.pages]
# Chips that do not stand on the line of the character before them.
APART = """[...document.querySelectorAll(".answer__text .chip")].filter((chip) => {
  const walker = document.createTreeWalker(chip.closest(".answer__text"), NodeFilter.SHOW_TEXT);
  walker.currentNode = chip;
  const text = walker.previousNode();
  const before = new Range();
  before.setStart(text, text.length - 1);
  before.setEnd(text, text.length);
  return chip.getBoundingClientRect().top > before.getBoundingClientRect().bottom;
}).length"""


def edges(page: Any, selector: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the first element."""
    box = page.locator(selector).first.bounding_box()
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


@pytest.fixture
def page(library: Cast, open_page: Open) -> Any:
    """A conversation with an answer of two notes."""
    found = open_page(library.root, f"/c/{make_talk(library).conversation.pk}/")
    found.wait_for_selector(".note[data-placed]")
    return found


def test_notes_are_placed_however_late_the_markdown_library_comes(library: Cast, open_page: Open) -> None:
    page = open_page(library.root, "/documents/")

    def late(route: Route) -> None:
        time.sleep(1.5)
        route.continue_()

    page.route("**/chat/rendering.js*", late)
    page.goto(f"/c/{make_talk(library).conversation.pk}/")
    expect(page.locator(".note[data-placed]")).to_have_count(2)


def test_no_line_begins_with_the_number_of_a_note(page: Any):
    for width in range(320, 440, 3):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate(APART) == 0


def test_paper_is_light_has_no_buttons_and_whole_notes(page: Any):
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 33, 37)"
    for hidden in (".sidebar", ".thread__head", "[data-composer-input]", ".answer .button"):
        assert not page.locator(hidden).first.is_visible()
    answer, note = edges(page, ".answer__text"), edges(page, ".note")
    assert note[1] > answer[3]
    assert page.evaluate(
        "[...document.querySelectorAll('.note__quote')].every((e) => e.scrollHeight <= e.clientHeight)"
    )
    page.emulate_media(media="screen", color_scheme="light")


def test_the_drawer_leaves_the_answer_free_and_covers_no_half_of_a_note(page: Any):
    page.set_viewport_size({"width": 1200, "height": 900})
    page.click(".chip")
    page.wait_for_selector("[data-drawer-document] [data-span]")
    assert edges(page, ".answer__text")[2] < edges(page, "[data-drawer]")[0]
    assert not page.locator(".note").first.is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".note").first.is_visible()


@pytest.mark.parametrize("width", [360, 820, 1440])
def test_the_head_of_a_shared_page_has_room(library: Cast, open_page: Open, width: int):
    talk = make_talk(library)
    talk.conversation.title = "What of leave and soup, and who decides about it when nobody is there"
    talk.conversation.save()
    _link, token = link_create(user=library.root, conversation_id=talk.conversation.pk)
    page = open_page(library.mia, f"/shared/{token}/", width=width)
    page.wait_for_selector(".chip")
    above = edges(page, ".topbar")[3] if page.locator(".topbar").is_visible() else 0
    title, about, question = (edges(page, selector) for selector in (".shared__title", ".shared__about", ".question"))
    assert above <= title[1] < title[3] <= about[1] < about[3] < question[1]
