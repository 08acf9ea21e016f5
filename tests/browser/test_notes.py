"""The notes in the margin: beside their sentences, apart from each other, and left alone by a scroll."""

from typing import Any

import pytest
from playwright.sync_api import expect

from chat.models import Conversation, Message
from chat.services.sharing import link_create
from tests.browser.conftest import Open
from tests.chat.conftest import Cast
from tests.chat.conversations import LEAVE_QUOTE, cite, make_talk

pytestmark = [pytest.mark.browser, pytest.mark.pages]
SHORT = "Thirty days are paid."
LONG = f"{'Words go before. ' * 40}\n\n{SHORT}\n\n{'And words follow. ' * 40}"
# Notes that touch the one above, and those that stand higher than the list or end below what holds it.
AMISS = """() => {
  const boxes = [...document.querySelectorAll(".note[data-placed]")].map((note) => note.getBoundingClientRect());
  boxes.sort((a, b) => a.top - b.top);
  const room = document.querySelector("[data-thread-body]").getBoundingClientRect();
  return [
    boxes.length,
    boxes.filter((box, index) => index && box.top < boxes[index - 1].bottom + 13).length,
    boxes.filter((box) => box.top < room.top || box.bottom > room.bottom).length,
  ];
}"""
# How far the first note of an answer stands from its chip.
APART = """(answer) => {
  const top = (selector) => answer.querySelector(selector).getBoundingClientRect().top;
  return Math.abs(top(".note") - top(".chip"));
}"""
WATCH = """() => {
  window.moved = 0;
  const notes = (changes) => changes.filter(({target}) => target.matches(".note")).length;
  new MutationObserver((changes) => (window.moved += notes(changes)))
    .observe(document.querySelector("[data-messages]"), {subtree: true, attributes: true, attributeFilter: ["style"]});
}"""
SCROLL = """async (to) => {
  for (let top = scrollY; Math.abs(top - to) > 1; ) {
    top = to > top ? Math.min(to, top + 400) : Math.max(to, top - 400);
    scrollTo({top, behavior: "instant"});
    await new Promise(requestAnimationFrame);
  }
}"""


def make_conversation(cast: Cast, exchanges: int, text: str, notes: int) -> Conversation:
    """Root has asked so often; each answer's sentence ``SHORT`` has so many notes."""
    conversation = Conversation.objects.create(user=cast.root, assistant=cast.assistant, title="Notes")
    before = None
    for number in range(exchanges):
        asked = Message.objects.create(
            conversation=conversation, role="user", text=f"{number}?", asked_by=cast.root, in_reply_to=before
        )
        before = Message.objects.create(
            conversation=conversation, role="assistant", text=text, asked_by=cast.root, in_reply_to=asked, ms=400
        )
        for note in range(notes):
            cite(before, cast.leave, note + 1, SHORT, LEAVE_QUOTE)
    conversation.leaf = before
    conversation.save()
    return conversation


@pytest.fixture
def crowded(library: Cast, open_page: Open) -> Any:
    """Three answers of one line with four notes each, which go on below the line."""
    found = open_page(library.root, f"/c/{make_conversation(library, 3, SHORT, 4).pk}/")
    expect(found.locator(".note[data-placed]")).to_have_count(12)
    return found


def settled(page: Any) -> None:
    """Wait until what has just changed has been drawn."""
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


def test_notes_of_short_answers_go_on_below_them_without_touching(crowded: Any) -> None:
    assert crowded.evaluate(AMISS) == [12, 0, 0]
    # A question that is written anew takes more room, and gives it back.
    crowded.locator(".question").nth(1).hover()
    crowded.locator(".question").nth(1).get_by_label("Ask in other words").click()
    settled(crowded)
    assert crowded.evaluate(AMISS) == [12, 0, 0]
    crowded.keyboard.press("Escape")
    settled(crowded)
    assert crowded.evaluate(AMISS) == [12, 0, 0]


def test_the_page_goes_on_to_the_end_of_the_last_note_where_there_is_a_margin(library: Cast, open_page: Open) -> None:
    page = open_page(library.root, f"/c/{make_conversation(library, 1, SHORT, 9).pk}/")
    expect(page.locator(".note[data-placed]")).to_have_count(9)
    settled(page)
    assert page.evaluate(AMISS) == [9, 0, 0]
    height = page.evaluate("document.querySelector('[data-messages]').offsetHeight")
    page.set_viewport_size({"width": 1199, "height": 900})
    settled(page)
    assert page.evaluate("document.querySelector('[data-messages]').offsetHeight") < height - 100
    page.set_viewport_size({"width": 1440, "height": 900})
    settled(page)
    assert page.evaluate(AMISS) == [9, 0, 0]


def test_notes_follow_the_layout(library: Cast, open_page: Open) -> None:
    page = open_page(library.root, f"/c/{make_conversation(library, 3, SHORT, 1).pk}/")
    expect(page.locator(".note[data-placed]")).to_have_count(3)
    page.set_viewport_size({"width": 1199, "height": 900})
    assert not page.locator(".note").first.is_visible()
    # What was done for an answer stands above its text and moves it, below the last answer into room that is there.
    for opened, line in enumerate((page.locator(".done__line").first, page.locator(".done__line").last), start=1):
        line.click()
        page.set_viewport_size({"width": 1440, "height": 900})
        # What comes moves the next line: who presses it meanwhile may miss it.
        expect(page.locator(".done__body:has-text('No steps were recorded')")).to_have_count(opened)
    settled(page)
    assert [answer.evaluate(APART) < 4 for answer in page.locator(".answer").all()] == [True] * 3
    page.evaluate("document.documentElement.style.fontSize = '130%'")
    settled(page)
    assert [answer.evaluate(APART) < 4 for answer in page.locator(".answer").all()] == [True] * 3
    assert page.evaluate(AMISS) == [3, 0, 0]


def test_notes_stand_at_the_end_of_the_line(crowded: Any) -> None:
    note, text = crowded.locator(".note").first, crowded.locator(".answer__text").first
    assert note.bounding_box()["x"] > text.bounding_box()["x"] + text.bounding_box()["width"]
    crowded.evaluate("document.documentElement.dir = 'rtl'")
    settled(crowded)
    assert note.bounding_box()["x"] + note.bounding_box()["width"] < text.bounding_box()["x"]
    assert note.bounding_box()["x"] >= 0
    crowded.evaluate("document.documentElement.dir = 'ltr'")


def test_a_scroll_through_a_long_conversation_moves_no_note_twice(library: Cast, open_page: Open) -> None:
    page = open_page(library.root, f"/c/{make_conversation(library, 24, LONG, 1).pk}/")
    page.wait_for_function("() => document.querySelectorAll('.chip').length === 24")
    page.evaluate(SCROLL, 0)
    page.wait_for_function("() => document.querySelectorAll('.note[data-placed]').length === 24")
    assert all(answer.evaluate(APART) < 40 for answer in page.locator(".answer").all())
    assert page.evaluate(AMISS) == [24, 0, 0]
    page.evaluate(WATCH)
    page.evaluate(SCROLL, 100_000)
    page.evaluate(SCROLL, 0)
    assert page.evaluate("window.moved") == 0
    # Of an answer that the browser skips nothing is cut once it is seen: the note can be pointed at.
    page.locator(".note__quote").nth(12).scroll_into_view_if_needed()
    page.locator(".note__quote").nth(12).hover()
    expect(page.locator(".chip[data-lit]")).to_have_count(1)
    # Narrower, the text is longer: what is skipped now is placed when it is seen.
    page.set_viewport_size({"width": 1200, "height": 900})
    page.evaluate(SCROLL, 0)
    page.evaluate(SCROLL, 100_000)
    settled(page)
    assert all(answer.evaluate(APART) < 40 for answer in page.locator(".answer").all())
    assert page.evaluate(AMISS) == [24, 0, 0]


def test_the_notes_of_a_shared_conversation_are_placed(library: Cast, open_page: Open) -> None:
    _link, token = link_create(user=library.root, conversation_id=make_talk(library).conversation.pk)
    page = open_page(library.mia, f"/shared/{token}/")
    expect(page.locator(".note[data-placed]")).to_have_count(2)
    assert page.evaluate(AMISS) == [2, 0, 0]
