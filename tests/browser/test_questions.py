"""Questions in a real browser: at the end of the line, headings to go by, folded when they are long."""

import os
from typing import Any

import pytest

from chat.models import Message
from chat.services.sharing import link_create
from tests.browser.conftest import Open
from tests.browser.test_accessibility import violations
from tests.chat.conftest import Cast
from tests.chat.conversations import Talk, make_talk

pytestmark = [pytest.mark.browser, pytest.mark.journeys]
LONG = "\n".join(["This is what happened on the quay, and it went on for a while."] * 30)


def box(page: Any, selector: str) -> dict[str, float]:
    found: dict[str, float] = page.locator(selector).first.bounding_box()
    return found


def picture(page: Any, name: str) -> None:
    """Keep a picture to look at when a folder for them is named."""
    if folder := os.environ.get("LOOK"):
        page.screenshot(path=f"{folder}/{name}.png")


def make_long_talk(library: Cast) -> Talk:
    """A conversation of Root's whose second question is long, and narrowed to a document."""
    talk = make_talk(library)
    fields: dict[str, Any] = {"conversation": talk.conversation, "asked_by": library.root}
    scope = {"documents": [str(library.leave.pk)], "sources": [str(library.leave.source_id)]}
    said = {**fields, "role": "assistant", "ms": 5, "version": library.assistant.published}
    asked = Message.objects.create(**fields, role="user", text=LONG, in_reply_to=talk.answer, scope=scope)
    answer = Message.objects.create(**said, text="So it was.", in_reply_to=asked)
    short = Message.objects.create(**fields, role="user", text="كم يومًا؟", in_reply_to=answer)
    talk.conversation.leaf = Message.objects.create(**said, text="Thirty.", in_reply_to=short)
    talk.conversation.save()
    return talk


def test_questions_stand_at_the_end_of_the_line_and_long_ones_fold(library: Cast, open_page: Open) -> None:
    talk = make_long_talk(library)
    page = open_page(library.root, f"/c/{talk.conversation.pk}/")
    page.wait_for_selector(".chip")
    column, said = box(page, "[data-messages]"), box(page, ".question__text")
    assert abs(said["x"] + said["width"] - column["x"] - column["width"]) < 1
    assert said["width"] < column["width"] / 2
    assert abs(box(page, ".answer__text")["x"] - column["x"]) < 1
    long = page.locator(".question").nth(1)
    assert 0.7 < box(page, ".question >> nth=1 >> .question__text")["width"] / column["width"] < 0.851
    assert page.get_by_role("heading", name="You asked: What of leave").count() == 1
    assert long.locator(".question__scope").inner_text().split() == ["leave.txt", "Library"]
    page.evaluate("scrollTo(0, 0)")
    picture(page, "light")
    # Folded: all of it is there for a screen reader and the browser's search; on paper too.
    folded = box(page, ".question >> nth=1 >> .question__text")["height"]
    assert folded < 300
    assert long.get_by_role("heading").inner_text().strip().endswith("for a while.")
    page.emulate_media(media="print")
    assert box(page, ".question >> nth=1 >> .question__text")["height"] > folded + 100
    assert not page.locator(".question__tools").first.is_visible()
    page.emulate_media(media="screen")
    button = long.get_by_role("button", name="Show all of the question")
    assert button.get_attribute("aria-expanded") == "false"
    button.press("Enter")
    assert box(page, ".question >> nth=1 >> .question__text")["height"] > folded + 100
    long.get_by_role("button", name="Show less of the question").press("Enter")
    assert box(page, ".question >> nth=1 >> .question__text")["height"] == folded

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    long.get_by_label("Copy the question").press("Enter")
    page.wait_for_selector(".toast:has-text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == LONG
    # As high as all of it: at other heights the button to the newest may cover one of the foot's.
    page.set_viewport_size({"width": 1440, "height": 1700})
    assert violations(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="dark")
    picture(page, "dark")
    page.emulate_media(color_scheme="light")

    # In a language that is written from the right, it stands at the left; its own words keep their direction.
    page.evaluate("document.documentElement.dir = 'rtl'")
    said = box(page, ".question__text")
    assert abs(said["x"] - box(page, "[data-messages]")["x"]) < 1
    picture(page, "rtl")
    page.evaluate("document.documentElement.dir = 'ltr'")

    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, "phone")
    long.scroll_into_view_if_needed()
    long.hover()
    long.get_by_label("Ask in other words").click()
    form = box(page, ".question__form")
    assert abs(form["width"] - box(page, "[data-messages]")["width"]) < 1
    picture(page, "editing")
    page.set_viewport_size({"width": 390, "height": 2000})
    assert violations(page) == []


def test_a_shared_conversation_has_its_questions_there_too(library: Cast, open_page: Open) -> None:
    talk = make_long_talk(library)
    _link, token = link_create(user=library.root, conversation_id=talk.conversation.pk)
    page = open_page(library.mia, f"/shared/{token}/", width=390, height=844)
    page.wait_for_selector(".chip")
    column, said = box(page, "[data-messages]"), box(page, ".question__text")
    assert abs(said["x"] + said["width"] - column["x"] - column["width"]) < 1
    assert page.get_by_role("button", name="Show all of the question").count() == 1
    assert page.locator(".question__tools").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    page.locator(".question").nth(1).scroll_into_view_if_needed()
    picture(page, "shared")
