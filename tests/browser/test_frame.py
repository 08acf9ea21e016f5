"""The frame of every page: theme, sidebar, shortcuts, toasts, forms."""

import pytest

from tests.browser.conftest import Open
from tests.chat.conftest import Cast

pytestmark = pytest.mark.browser


def test_theme_and_sidebar_are_remembered_by_the_server(library: Cast, open_page: Open):
    page = open_page(library.mia, "/documents/")
    page.click(".user-button")
    page.click("[data-theme-choice=dark]")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+S")
    page.reload()
    html = page.locator("html")
    assert html.get_attribute("data-theme") == "dark"
    assert html.get_attribute("data-sidebar") == "closed"
    assert not page.locator("#sidebar").is_visible()
    page.click(".topbar [data-sidebar-toggle]")
    assert page.locator("#sidebar").is_visible()


def test_shortcuts_open_their_list_a_new_chat_and_the_question_box(library: Cast, open_page: Open):
    page = open_page(library.mia, "/documents/")
    page.keyboard.press("?")
    assert page.locator("#shortcuts").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#shortcuts").is_visible()
    page.keyboard.press("Control+Shift+O")
    page.wait_for_selector("footnote-thread")
    page.locator(".nav__link").first.focus()
    page.keyboard.press("Shift+Escape")
    assert page.evaluate("document.activeElement.id") == "question"


def test_the_sidebar_lies_over_a_narrow_page_and_shows_what_the_role_allows(library: Cast, open_page: Open):
    page = open_page(library.mia, "/", width=390, height=844)
    page.click(".topbar [data-sidebar-toggle]")
    page.wait_for_selector("#sidebar >> text=Documents")
    assert page.locator("#sidebar >> text=Playground").count() == 0
    page.keyboard.press("Escape")
    assert page.evaluate("document.getElementById('sidebar').hasAttribute('data-open')") is False


def test_a_form_points_to_its_first_error_and_keeps_what_was_typed(library: Cast, open_page: Open):
    page = open_page(library.root, "/models/new/")
    page.fill("[name=name]", "A server")
    page.fill("[name=base_url]", "not an address")
    page.click("main button[type=submit]")
    page.wait_for_selector("[name=base_url][aria-invalid=true]")
    assert page.evaluate("document.activeElement.name") == "base_url"
    assert page.input_value("[name=name]") == "A server"


def test_a_new_token_is_shown_once_and_can_be_revoked(library: Cast, open_page: Open):
    page = open_page(library.mia, "/account/tokens/")
    page.fill("[name=name]", "nightly report")
    page.click("text=Make the token")
    token = page.inner_text("#new-token")
    assert len(token) > 30
    page.goto("/account/tokens/")
    assert page.locator("#new-token").count() == 0
    page.click("td button")
    page.wait_for_selector(".badge >> text=revoked")
    assert page.locator(".toast").is_visible()
