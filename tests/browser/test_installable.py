"""The service worker in a real browser: static files are kept, pages are not, and without a network a page says so."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.browser.test_accessibility import violations
from tests.chat.conftest import Cast
from tests.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.journeys]

KEPT = """caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((one) => one.keys()))))
    .then((lists) => lists.flat().map((request) => new URL(request.url).pathname))"""


@pytest.fixture
def page(browser: Any, server: Server, library: Cast) -> Iterator[Any]:
    """A page of somebody signed in, in a browser that runs the worker."""
    client = Client()
    client.force_login(library.mia)
    context = browser.new_context(base_url=server.url, service_workers="allow", reduced_motion="reduce")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server.url}])
    yield context.new_page()
    context.close()


def test_without_a_network_a_page_says_so_and_nothing_with_data_was_kept(page: Any):
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.goto("/documents/")
    page.wait_for_load_state("networkidle")
    kept = page.evaluate(KEPT)
    assert "/offline/" in kept
    assert all(path == "/offline/" or path.startswith("/static/") for path in kept)
    assert any(path.endswith("/main.js") for path in kept)

    page.context.set_offline(True)
    page.goto("/documents/")
    assert page.inner_text("h1") == "There is no connection"
    assert page.evaluate("getComputedStyle(document.querySelector('.button')).color") == "rgb(250, 249, 245)"
    page.context.set_offline(False)
    assert violations(page) == []
    page.click("text=Try again")
    page.wait_for_selector("h1:has-text('Documents')")
