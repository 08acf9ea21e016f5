"""A synchronous view and its middleware share one thread, an asynchronous view stays on the event loop."""

import asyncio
import threading
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from django.utils.deprecation import MiddlewareMixin

from config.handler import Handler

threads: dict[str, int] = {}


class Noting(MiddlewareMixin):
    """Middleware as Django's own is, which would be run in a thread each time."""

    def process_request(self, request: HttpRequest) -> None:
        threads["before"] = threading.get_ident()

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        threads["after"] = threading.get_ident()
        return response


def plain(request: HttpRequest) -> HttpResponse:
    threads["view"] = threading.get_ident()
    return HttpResponse("plain")


async def waiting(request: HttpRequest) -> HttpResponse:
    threads["view"] = threading.get_ident()
    return HttpResponse("waiting")


urlpatterns = [path("plain", plain), path("waiting", waiting)]


def got(address: str) -> tuple[int, bytes, int]:
    """Status, body, and the thread of the event loop that answered."""

    async def ask() -> tuple[int, bytes, int]:
        scope = {"type": "http", "method": "GET", "path": address, "headers": [], "query_string": b""}
        threads.clear()
        talk = ApplicationCommunicator(Handler(), scope)
        await talk.send_input({"type": "http.request"})
        start: dict[str, Any] = await talk.receive_output(timeout=10)
        body: dict[str, Any] = await talk.receive_output(timeout=10)
        await talk.wait(timeout=10)
        return start["status"], body["body"], threading.get_ident()

    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[f"{__name__}.Noting"]):
        return asyncio.run(ask())


def test_a_synchronous_view_and_its_middleware_share_one_thread() -> None:
    status, body, loop = got("/plain")
    assert (status, body) == (200, b"plain")
    assert len(set(threads.values())) == 1
    assert threads["view"] != loop


def test_an_asynchronous_view_stays_on_the_event_loop() -> None:
    status, body, loop = got("/waiting")
    assert (status, body) == (200, b"waiting")
    assert threads["view"] == loop


def test_an_address_that_is_not_there_is_answered() -> None:
    assert got("/nowhere")[0] == 404
