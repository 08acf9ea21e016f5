"""Sharing in a real browser: a link made, read by somebody who sees less, asked on, taken away; and files."""

import re
from pathlib import Path
from typing import Any

import pytest

from chat.models import Message
from tests.browser.conftest import Open
from tests.browser.test_accessibility import violations
from tests.chat.conftest import Cast
from tests.chat.conversations import LEAVE_QUOTE, SOUP, make_talk

pytestmark = [pytest.mark.browser, pytest.mark.journeys]


def test_a_conversation_is_shared_read_asked_on_and_taken_back(library: Cast, open_page: Open, tmp_path: Path):
    talk = make_talk(library)
    # A new chat has nothing to share; a conversation is shared by the keyboard.
    page = open_page(library.root, "/")
    assert not page.locator("[data-share-open]").is_visible()
    page.goto(f"/c/{talk.conversation.pk}/")
    page.wait_for_selector(".chip")
    page.focus("[data-share-open]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-share-make]:enabled")
    page.select_option("#share-days", "30")
    page.click("[data-share-make]")
    address = page.wait_for_selector(".share__address").input_value()
    assert re.search(r"/shared/[\w-]{32}/$", address)
    assert "not opened yet" in page.inner_text("[data-share-list]")
    assert violations(page) == []

    reader = open_page(library.mia, address)
    reader.wait_for_selector("a.chip")
    assert "Shared by Root" in reader.inner_text(".shared__about")
    told = reader.inner_text("main")
    assert LEAVE_QUOTE in told
    assert "Part of this answer is not shown" in told
    assert SOUP not in reader.content()
    assert reader.locator(".chip").count() == 2
    assert "A document you may not see" in reader.inner_text(".note:not(:has(a))")
    assert not reader.get_by_role("button", name="Steps").is_visible()
    assert reader.locator(".answer__foot").count() == 0
    reader.click("a.chip")
    assert reader.wait_for_selector("[data-drawer-document] [data-span]").inner_text() == LEAVE_QUOTE
    assert violations(reader) == []
    reader.set_viewport_size({"width": 390, "height": 844})
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")

    reader.keyboard.press("Escape")
    reader.click("text=Ask on in a chat of my own")
    reader.wait_for_url("**/c/*/")
    reader.wait_for_selector(".chip")
    assert SOUP not in reader.content()
    reader.fill("[data-composer-input]", "When does unused leave expire?")
    reader.press("[data-composer-input]", "Enter")
    reader.wait_for_selector(".answer:not([data-status=running]) >> nth=1")
    assert Message.objects.filter(conversation=talk.conversation).count() == 3

    # The list tells of it; revoked, the link leads nowhere.
    page.reload()
    page.wait_for_selector(".chip")
    page.click("[data-share-open]")
    page.wait_for_selector("[data-link]")
    assert "opened 1 time" in page.inner_text("[data-share-list]")
    assert page.locator(".share__address").count() == 0
    page.click("[data-link] .button--danger")
    page.wait_for_selector("[data-link]", state="detached")
    assert page.evaluate("document.activeElement.matches('[data-share-make]')")
    page.keyboard.press("Escape")
    assert leads_nowhere(reader, address)

    # Taken away as a file, and brought back by somebody else.
    page.click("[data-export-open]")
    assert page.locator("#export-menu a").all_inner_texts()[:2] == ["PDF, set for print", "Markdown with footnotes"]
    with page.expect_download() as file:
        page.click("text=JSON, with all branches")
    file.value.save_as(tmp_path / "talk.json")
    reader.goto("/import/")
    reader.set_input_files("input[type=file]", tmp_path / "talk.json")
    reader.click("main button[type=submit]")
    reader.wait_for_url("**/c/*/")
    reader.wait_for_selector("a.chip")
    assert SOUP in reader.inner_text(".answer__text")


def leads_nowhere(reader: Any, address: str) -> bool:
    """Whether the link's page says that it does not work."""
    response = reader.request.get(address)
    return response.status == 404 and "This link does not work" in response.text()
