"""Two web processes: whichever of them a page is connected to, it sees the same; and one may die."""

import asyncio
import contextlib
import json
import re
import signal
import socket
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import httpx2
import psutil
import pytest
from django.conf import settings
from django.core.cache import cache
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from chat.answering import interrupted
from chat.events.keys import alive_key
from chat.models import Message, Status
from live.stream import sync_client
from tests.chat.conftest import Cast
from tests.chat.open_pages import WAIT_S, Page, opened, session
from tests.conftest import Server, free_port, running
from tests.fakes.llm import FakeLLM

pytestmark = [pytest.mark.endurance, pytest.mark.django_db(transaction=True)]

PROCESSES = 2
WORDS = {"short": 8, "long": 90, "endless": 3_000}
MOST_SOCKETS = 60
CROWD = 800
"""More than a process takes ahead."""

HEARD_S = 0.5
"""By then the parent knows that somebody has left."""

STOP_S = 6.0
"""What supervisord waits for."""


class TimedPage(Page):
    """Notes when each token came."""

    def __init__(self) -> None:
        super().__init__()
        self.message = ""
        self.times: dict[int, float] = {}

    def take(self, event: dict[str, Any]) -> None:
        """As ``Page``."""
        super().take(event)
        if event["type"] == "answer.delta":
            self.message = event["message_id"]
            self.times[len(self.text)] = time.monotonic()


@dataclass(frozen=True)
class Web:
    """A ``manage.py web`` and its processes."""

    server: Server
    parent: psutil.Process

    def processes(self) -> list[psutil.Process]:
        """Those that serve."""
        return list(self.parent.children())

    def all_serve(self) -> bool:
        """Whether who connects is sent to each of them."""
        with contextlib.ExitStack() as stack:
            address = ("127.0.0.1", int(self.server.url.rpartition(":")[2]))
            try:
                some = [stack.enter_context(socket.create_connection(address)) for _ in range(PROCESSES)]
            except ConnectionRefusedError:
                return False
            time.sleep(0.2)
            ports = [{each.getsockname()[1] for each in some} & self._ports(one) for one in self.processes()]
            return len(ports) == PROCESSES and all(ports)

    def process_of(self, connection: ClientConnection) -> int:
        """The process that holds a connection."""
        port = connection.local_address[1]
        held = [each.pid for each in self.processes() if port in self._ports(each)]
        assert len(held) == 1
        return held[0]

    def process_of_http(self, browser: httpx2.Client) -> int:
        """The process that answers a client on the connection that it keeps."""
        stream = browser.get("/accounts/login/").extensions["network_stream"]
        port = stream.get_extra_info("client_addr")[1]
        (held,) = [each.pid for each in self.processes() if port in self._ports(each)]
        return held

    @staticmethod
    def _ports(process: psutil.Process) -> set[int]:
        """From where it is connected to."""
        with contextlib.suppress(psutil.NoSuchProcess):
            found = process.net_connections("tcp")
            return {each.raddr.port for each in found if each.status == psutil.CONN_ESTABLISHED}
        return set()


@contextlib.contextmanager
def several(environment: dict[str, str]) -> Iterator[Web]:
    """A server that is ready when all of its processes are."""
    port = free_port()
    server = Server(f"http://127.0.0.1:{port}")
    more = {"PORT": str(port), "WEB_PROCESSES": str(PROCESSES)}
    started: list[Web] = []

    def ready() -> bool:
        if not started:
            words = ["web", "--port", str(port)]
            own = [each for each in psutil.Process().children() if each.cmdline()[-3:] == words]
            started.extend(Web(server, each) for each in own)
        return bool(started) and started[0].all_serve()

    with running("several", ["web", "--port", str(port)], {**environment, **more}, ready):
        yield started[0]


@pytest.fixture(scope="module")
def web(process_environment: dict[str, str]) -> Iterator[Web]:
    """One server for the tests that leave it as it was."""
    with several(process_environment) as started:
        yield started


@pytest.fixture
def cookie(committed_cast: Cast, llm: FakeLLM, use_llm: Any) -> str:
    """Mia, whose assistant writes as many numbered words as the question says."""

    def reply(body: dict[str, Any]) -> str:
        asked = str(body["messages"][-1]["content"])
        kind = next(each for each in WORDS if f"a {each} way" in asked)
        return " ".join(f"word{number}" for number in range(WORDS[kind])) + " [1]."

    llm.reply, llm.tokens_per_second = reply, 30
    use_llm(committed_cast.assistant, llm)
    return session(committed_cast)


async def in_each(stack: contextlib.AsyncExitStack, web: Web, cookie: str, number: int) -> list[list[ClientConnection]]:
    """So many sockets in each process."""
    held: dict[int, list[ClientConnection]] = {each.pid: [] for each in web.processes()}
    for _attempt in range(MOST_SOCKETS):
        if all(len(each) >= number for each in held.values()):
            break
        connection = await stack.enter_async_context(opened(web.server, cookie))
        held[web.process_of(connection)].append(connection)
    assert len(held) == PROCESSES
    return [each[:number] for each in held.values()]


async def ask(connection: ClientConnection, page: Page, kind: str) -> None:
    """Ask on a page and read until its conversation has begun."""
    question = f"Say in a {kind} way how many days of paid leave an employee has."
    conversation = page.conversation or None
    command = {"type": "ask", "conversation_id": conversation, "question": question, "request_id": "r"}
    await connection.send(json.dumps(command))
    await page.read(connection, lambda: page.conversation and page.seq)


async def follow(connection: ClientConnection, page: Page) -> None:
    """Follow what comes after the last event that the page has seen."""
    await connection.send(json.dumps({"type": "follow", "conversation_id": page.conversation, "after": page.seq}))


async def ask_in_one(
    stack: contextlib.AsyncExitStack, web: Web, cookie: str, kind: str, here: Page, there: Page
) -> list[tuple[ClientConnection, Page]]:
    """Ask on a page in one process and follow on another page in the other."""
    (first,), (second,) = await in_each(stack, web, cookie, 1)
    await ask(first, here, kind)
    there.conversation, there.seq = here.conversation, here.seq
    await follow(second, there)
    return [(first, here), (second, there)]


async def read_all(pages: list[tuple[ClientConnection, Page]], until: Any) -> None:
    """Read on all of them at the same time until something holds for each."""
    async with asyncio.TaskGroup() as group:
        for connection, page in pages:
            group.create_task(page.read(connection, partial(until, page)))


def whole(page: Page, status: str) -> bool:
    """Whether an answer ended so and the page saw what is stored, each word once."""
    row = Message.objects.answers().get(conversation_id=page.conversation)
    numbers = [int(number) for number in re.findall(r"word(\d+)", row.text)]
    assert page.completed
    assert row.status == page.completed["status"] == status
    assert page.text == page.completed["text"] == row.text
    return bool(numbers) and numbers == list(range(len(numbers)))


def test_who_connects_goes_to_the_process_with_the_fewest_connections(web: Web, cookie: str) -> None:
    async def look() -> tuple[list[int], set[int]]:
        async with contextlib.AsyncExitStack() as stack, contextlib.AsyncExitStack() as leaving:
            first = [await leaving.enter_async_context(opened(web.server, cookie))]
            left = web.process_of(first[0])
            rest = [await stack.enter_async_context(opened(web.server, cookie)) for _ in range(9)]
            # Four more of those that leave.
            counts = Counter(web.process_of(each) for each in first + rest)
            others = [each for each in rest if web.process_of(each) == left]
            await leaving.aclose()
            for each in others:
                await each.close()
            await asyncio.sleep(HEARD_S)
            later = [await stack.enter_async_context(opened(web.server, cookie)) for _ in others]
            return sorted(counts.values()), {web.process_of(each) for each in later} ^ {left}

    assert asyncio.run(look()) == ([5, 5], set())


def test_who_comes_while_no_process_has_time_waits_and_is_served(web: Web) -> None:
    address = ("127.0.0.1", int(web.server.url.rpartition(":")[2]))
    request = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for process in web.processes():
            process.suspend()
            stack.callback(process.resume)
        waiting = [stack.enter_context(socket.create_connection(address, timeout=WAIT_S)) for _ in range(CROWD)]
        for each in waiting:
            each.sendall(request)
        for process in web.processes():
            process.resume()
        said = [each.recv(12) for each in waiting]
    assert said == [b"HTTP/1.1 200"] * CROWD


def test_pages_in_two_processes_see_each_token_once_and_at_the_same_time(web: Web, cookie: str) -> None:
    here, there = TimedPage(), TimedPage()

    async def look() -> None:
        async with contextlib.AsyncExitStack() as stack:
            both = await ask_in_one(stack, web, cookie, "long", here, there)
            await read_all(both, lambda page: page.completed)

    asyncio.run(look())
    assert whole(here, Status.COMPLETE)
    assert whole(there, Status.COMPLETE)
    later = [there.times[length] - here.times[length] for length in here.times if length in there.times]
    assert len(later) > WORDS["long"] / 2
    # A stream that a process leaves out of its reads is late by a second.
    assert statistics.median(later) < 0.8


def test_stop_in_another_process_ends_an_answer(web: Web, cookie: str) -> None:
    here, there = TimedPage(), TimedPage()

    async def look() -> float:
        async with contextlib.AsyncExitStack() as stack:
            both = await ask_in_one(stack, web, cookie, "endless", here, there)
            await read_all(both, lambda page: len(page.text) > 30)
            pressed = time.monotonic()
            await both[1][0].send(json.dumps({"type": "stop", "message_id": there.message}))
            await read_all(both, lambda page: page.completed)
            return time.monotonic() - pressed

    assert asyncio.run(look()) < 3
    assert whole(here, Status.STOPPED)
    assert whole(there, Status.STOPPED)


def test_one_process_dies_and_the_answers_of_the_other_go_on(
    web: Web, cookie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupted, "GRACE", timedelta(0))
    monkeypatch.setattr(interrupted, "SECOND_LOOK_S", 0)
    dying, staying, later = [Page(), Page()], [Page(), Page()], Page()

    async def look() -> None:
        async with contextlib.AsyncExitStack() as stack:
            first, second = await in_each(stack, web, cookie, 2)
            both = [*zip(first, dying, strict=True), *zip(second, staying, strict=True)]
            for connection, page in both:
                await ask(connection, page, "long")
            await read_all(both, lambda page: len(page.text) > 60)
            psutil.Process(web.process_of(first[0])).kill()
            for connection, page in both[:2]:
                with contextlib.suppress(ConnectionClosed):
                    await page.read(connection, lambda page=page: page.completed)
            await read_all(both[2:], lambda page: page.completed)
            await asyncio.to_thread(notice)
            deadline = time.monotonic() + WAIT_S
            while not await asyncio.to_thread(web.all_serve):
                assert time.monotonic() < deadline
            anew = await in_each(stack, web, cookie, 1)
            for page in dying:
                connection = await stack.enter_async_context(opened(web.server, cookie))
                await follow(connection, page)
                await page.read(connection, lambda page=page: page.completed)
            await ask(anew[-1][0], later, "short")
            await later.read(anew[-1][0], lambda: later.completed)

    def notice() -> None:
        # As if ten seconds had passed: nobody renews the keys of the dead.
        left = Message.objects.answers().filter(status=Status.RUNNING).values_list("pk", flat=True)
        sync_client().delete(*(alive_key(each) for each in left))
        assert interrupted.mark_interrupted() == len(dying)

    asyncio.run(look())
    assert all(whole(page, Status.INTERRUPTED) for page in dying)
    assert all(whole(page, Status.COMPLETE) for page in [*staying, later])


def test_tries_to_sign_in_are_counted_by_all_processes_together(web: Web, committed_cast: Cast) -> None:
    cache.clear()
    allowed = int(settings.ACCOUNT_RATE_LIMITS["login_failed"].partition("/")[0])
    seen: Counter[bool] = Counter()
    with contextlib.ExitStack() as stack:
        browsers = [stack.enter_context(httpx2.Client(base_url=web.server.url)) for _ in range(PROCESSES)]
        for each in browsers:
            each.get("/accounts/login/")
        assert len(set(map(web.process_of_http, browsers))) == PROCESSES
        for number in range(allowed + PROCESSES):
            browser = browsers[number % PROCESSES]
            tried = {"login": committed_cast.mia.email, "password": "wrong"}
            headers = {"referer": web.server.url, "x-csrftoken": browser.cookies["csrftoken"]}
            page = browser.post("/accounts/login/", data=tried, headers=headers)
            assert page.status_code == 200
            seen["Too many failed login attempts" in page.text] += 1
    cache.clear()
    assert seen == {False: allowed, True: PROCESSES}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_all_end_with_the_parent_and_their_answers_are_marked(
    process_environment: dict[str, str], cookie: str, number: signal.Signals
) -> None:
    pages = [Page(), Page()]

    async def look(web: Web) -> None:
        async with contextlib.AsyncExitStack() as stack:
            held = await in_each(stack, web, cookie, 1)
            both = [(connection, page) for (connection,), page in zip(held, pages, strict=True)]
            for connection, page in both:
                await ask(connection, page, "endless")
            await read_all(both, lambda page: len(page.text) > 30)
            left = [web.parent, *web.processes()]
            web.parent.send_signal(number)
            _gone, alive = await asyncio.to_thread(psutil.wait_procs, left, timeout=STOP_S)
            assert alive == []

    with several(process_environment) as web:
        asyncio.run(look(web))
    for page in pages:
        row = Message.objects.answers().get(conversation_id=page.conversation)
        assert row.status == Status.INTERRUPTED
        assert row.text.startswith(page.text)
