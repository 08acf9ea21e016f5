"""Rerankers in a real browser: one tried, added, changed, deleted."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import User
from documents.models import Reranker
from tests.browser.conftest import Open
from tests.chat.conftest import Cast
from tests.fakes.rerankers import FakeReranker

pytestmark = [pytest.mark.browser, pytest.mark.journeys]


@pytest.fixture
def reranking() -> Iterator[FakeReranker]:
    with FakeReranker(shape="tei") as fake:
        yield fake


def test_a_reranker_is_tried_added_changed_and_deleted(library: Cast, reranking: FakeReranker, open_page: Open) -> None:
    page = open_page(library.root, "/rerankers/")
    expect(page.locator("main")).to_contain_text("Late interaction")
    page.click("text=New reranker")
    page.click("button:has-text('Try it')")
    expect(page.locator("[name=base_url]")).to_be_focused()
    page.select_option("[name=kind]", "cross_encoder")
    expect(page.locator("[name=base_url]")).to_be_hidden()
    page.select_option("[name=kind]", "remote")
    page.select_option("[name=protocol]", "tei")
    page.fill("[name=base_url]", "http://127.0.0.1:9/v1")
    page.click("button:has-text('Try it')")
    result = page.locator("[data-try-result]")
    expect(result).to_contain_text("cannot be reached")
    page.fill("[name=base_url]", reranking.base_url)
    page.fill("[name=question]", "Which ship?")
    page.fill("[name=first]", "That ship.")
    page.click("button:has-text('Try it')")
    expect(result).to_contain_text("scored the first text 0.500 and the second 0.000")
    page.fill("[name=name]", "Harbour")
    page.click("text=Add the reranker")
    page.wait_for_url("**/rerankers/")
    row = page.locator("[data-reranker=harbour]")
    expect(row).to_contain_text("Ready")

    row.locator("text=Change or try").click()
    expect(page.locator("[name=base_url]")).to_have_value(reranking.base_url)
    page.fill("[name=depth]", "20")
    page.click("main >> text=Save")
    page.wait_for_url("**/rerankers/")
    expect(row).to_contain_text("20")
    row.locator("text=Change or try").click()
    page.click("main >> text=Delete")
    page.keyboard.press("Escape")
    expect(page.locator("#delete-reranker")).to_be_hidden()
    page.click("main >> text=Delete")
    page.click("#delete-reranker >> text=Delete it")
    page.wait_for_url("**/rerankers/")
    expect(page.locator(".toast")).to_contain_text("The reranker is deleted")
    assert not Reranker.objects.exists()


def test_editors_have_no_such_page(library: Cast, open_page: Any) -> None:
    editor = User.objects.create_user("edda@example.com", "x", role="editor")
    page = open_page(editor, "/sources/")
    assert page.locator("nav >> text=Rerankers").count() == 0
