"""Pages of the running application, opened by the cast of the chat tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from documents.models import DocumentVersion
from tests.chat.conftest import Cast, make_cast
from tests.conftest import Server

Open = Callable[..., Any]


@pytest.fixture
def library(server: Server) -> Cast:
    """The chat tests' cast, committed, so that the running application sees it; its documents are one paragraph."""
    found = make_cast()
    for version in DocumentVersion.objects.all():
        version.blocks = [["paragraph", 0, len(version.text), 0]]
        version.save()
    return found


@pytest.fixture(scope="session")
def windows(browser: Any, server_process: Server) -> Iterator[list[Any]]:
    """Browser contexts that tests take in turn: one that has shown a page has what the next one loads.

    A new context for each page would take twice the time, most of it for the same scripts, styles and fonts.
    """
    found: list[Any] = []
    yield found
    for context in found:
        context.close()


@pytest.fixture
def open_page(browser: Any, server: Server, windows: list[Any]) -> Iterator[Open]:
    """Open an address as a signed-in user, or as nobody; a script error on any page fails the test.

    Each page has a window of its own, and shares no cookies; a ``fresh`` one has shown nothing yet. None has a service
    worker, which would answer for the network that tests cut.
    """
    used: list[Any] = []
    thrown_away: list[Any] = []
    problems: list[str] = []

    def open_as(
        user: User | None, path: str, width: int = 1440, height: int = 900, theme: str = "light", fresh: bool = False
    ) -> Any:
        if fresh:
            context = browser.new_context(base_url=server.url, service_workers="block")
            thrown_away.append(context)
        else:
            if len(used) == len(windows):
                windows.append(browser.new_context(base_url=server.url, service_workers="block"))
            context = windows[len(used)]
            used.append(context)
        if user:
            client = Client()
            client.force_login(user)
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server.url}])
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: problems.append(f"{path}: {error}"))
        page.on("console", lambda message: problems.append(f"{path}: {message.text}") if is_problem(message) else None)
        page.goto(path)
        return page

    yield open_as
    for context in thrown_away:
        context.close()
    for context in used:
        leave_empty(context, server.url)
    # What the tests of cut connections, of two writers, of refused forms and of what is gone cause themselves is no
    # fault of the page.
    caused = ("WebSocket connection", "ERR_", "409 (Conflict)", "422 (", "502 (", "/chunks/: Failed to load resource")
    assert [problem for problem in problems if not any(words in problem for words in caused)] == []


def is_problem(message: Any) -> bool:
    """Whether the console holds an error, but for the icon that browsers want beside the JSON of ``leave_empty``."""
    return message.type == "error" and not message.location["url"].endswith("/favicon.ico")


def leave_empty(context: Any, origin: str) -> None:
    """Forget who was signed in and what pages have kept; one page stays, and with it the process that has it all."""
    context.set_offline(False)
    for page in context.pages[1:]:
        page.close()
    context.pages[0].goto(origin + "/health/live")
    context.pages[0].evaluate("localStorage.clear()")
    context.clear_cookies()
