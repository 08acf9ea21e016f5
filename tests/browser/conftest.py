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


@pytest.fixture
def open_page(browser: Any, server: Server) -> Iterator[Open]:
    """Open an address as a signed-in user, or as nobody; a script error on any page fails the test."""
    contexts: list[Any] = []
    problems: list[str] = []

    def open_as(user: User | None, path: str, width: int = 1440, height: int = 900, theme: str = "light") -> Any:
        context = browser.new_context(
            base_url=server.url,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
        )
        contexts.append(context)
        if user:
            client = Client()
            client.force_login(user)
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server.url}])
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: problems.append(f"{path}: {error}"))
        page.on(
            "console", lambda message: problems.append(f"{path}: {message.text}") if message.type == "error" else None
        )
        page.goto(path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    # What the tests of cut connections, of two writers, of refused forms and of what is gone cause themselves is no
    # fault of the page.
    caused = ("WebSocket connection", "ERR_", "409 (Conflict)", "422 (", "502 (", "/chunks/: Failed to load resource")
    assert [problem for problem in problems if not any(words in problem for words in caused)] == []
