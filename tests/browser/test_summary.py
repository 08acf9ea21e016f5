"""A document's summary in a real browser: at a click, by the keyboard, and from a sentence to its place."""

import pytest

from tests.browser.conftest import Open
from tests.browser.test_accessibility import violations
from tests.chat.conftest import LEAVE, Cast

pytestmark = [pytest.mark.browser, pytest.mark.journeys]


def test_a_summary_opens_at_a_click_and_leads_to_the_words(library: Cast, open_page: Open):
    page = open_page(library.mia, f"/documents/{library.leave.pk}/")
    button = page.get_by_role("button", name="Summary")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".summary__sentences a")
    assert button.get_attribute("aria-expanded") == "true"
    assert page.evaluate("document.activeElement.textContent") == "Summary"
    assert violations(page) == []
    first = page.locator(".summary__sentences a").first
    words = first.inner_text()
    assert words == LEAVE.split(". ")[0] + "."
    first.click()
    assert page.wait_for_selector("[data-text] [data-span]").inner_text() == words
    page.get_by_role("button", name="Summary").click()
    page.wait_for_selector(".summary__sentences a")
    page.get_by_role("button", name="Summary").click()
    assert not page.locator("#summary").is_visible()
