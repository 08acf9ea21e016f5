"""The web process is killed while it writes twenty answers: each ends complete or marked interrupted, and whole."""

import asyncio
import contextlib
import json
import re
import time
from functools import partial
from typing import Any

import pytest

from chat.answering import interrupted
from chat.models import Message, Status
from tests.chat.conftest import Cast
from tests.chat.open_pages import WAIT_S, Page, opened, session
from tests.conftest import Server, answers, free_port, running
from tests.fakes.llm import FakeLLM

pytestmark = [pytest.mark.endurance, pytest.mark.django_db(transaction=True)]

STREAMS = 20
SHORT = 5
"""So many answers are done before the kill."""

WORDS = {"short": 8, "long": 400}


def reply(body: dict[str, Any]) -> str:
    """As many numbered words as the question says, one after the other."""
    kind = "short" if "short" in str(body["messages"][-1]["content"]) else "long"
    return " ".join(f"word{number}" for number in range(WORDS[kind])) + " [1]."


async def ask_all(server: Server, cookie: str, pages: list[Page], kill: Any) -> None:
    """Ask on every page and kill the process once the short answers are done and the long ones have begun."""
    async with contextlib.AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(opened(server, cookie)) for _ in pages]
        for number, (page, connection) in enumerate(zip(pages, connections, strict=True)):
            kind = "short" if number < SHORT else "long"
            question = f"Say in a {kind} way how many days of paid leave an employee has."
            command = {"type": "ask", "conversation_id": None, "question": question, "request_id": str(number)}
            await connection.send(json.dumps(command))
            await page.read(connection, lambda page=page: bool(page.conversation))
        async with asyncio.TaskGroup() as group:
            for number, (page, connection) in enumerate(zip(pages, connections, strict=True)):
                short = number < SHORT
                enough = (lambda page: page.completed) if short else (lambda page: len(page.text) > 60)
                group.create_task(page.read(connection, lambda page=page, enough=enough: enough(page)))
        kill()


async def catch_up(server: Server, cookie: str, pages: list[Page]) -> None:
    """Connect again, from the last number that each page has seen, and read to the end of each answer."""
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for page in pages:
            connection = await stack.enter_async_context(opened(server, cookie))
            follow = {"type": "follow", "conversation_id": page.conversation, "after": page.seq}
            await connection.send(json.dumps(follow))
            group.create_task(page.read(connection, lambda page=page: page.completed))


def test_every_answer_is_complete_or_marked_interrupted_and_no_token_is_lost_or_seen_twice(
    committed_cast: Cast, llm: FakeLLM, use_llm: Any, process_environment: dict[str, str]
) -> None:
    llm.reply, llm.tokens_per_second = reply, 30
    use_llm(committed_cast.assistant, llm)
    cookie = session(committed_cast)
    pages = [Page() for _ in range(STREAMS)]
    for is_first in (True, False):
        port = free_port()
        server = Server(f"http://127.0.0.1:{port}")
        environment = {**process_environment, "PORT": str(port)}
        ready = partial(answers, f"{server.url}/health/live")
        with running("killed_web", ["web", "--port", str(port)], environment, ready) as web:
            if is_first:
                asyncio.run(ask_all(server, cookie, pages, web.kill))
                web.wait(10)
                continue
            # What the scheduler does every few seconds, once the keys of the dead answers have run out.
            deadline = time.monotonic() + WAIT_S
            found = 0
            while found < STREAMS - SHORT:
                assert time.monotonic() < deadline, f"{found} answers were found without their process"
                found += interrupted.mark_interrupted()
            asyncio.run(catch_up(server, cookie, pages))

    rows = list(Message.objects.answers())
    assert len(rows) == STREAMS
    for page in pages:
        row = next(each for each in rows if str(each.conversation_id) == page.conversation)
        assert page.completed
        assert page.completed["text"] == page.text == row.text
        numbers = [int(number) for number in re.findall(r"word(\d+)", row.text)]
        assert numbers == list(range(len(numbers)))
        if row.status == Status.COMPLETE:
            assert len(numbers) == WORDS["short"]
        else:
            assert row.status == Status.INTERRUPTED
            assert 0 < len(numbers) < WORDS["long"]
    assert sum(row.status == Status.COMPLETE for row in rows) == SHORT
