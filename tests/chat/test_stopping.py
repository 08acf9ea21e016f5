"""A stop is never lost: not when Valkey is slow or forgets, not when another process writes the answer."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from channels.db import database_sync_to_async

from chat.models import LanguageModel, Message
from chat.services import heartbeats, running
from live.hub import current_hub
from tests.chat.conftest import Cast
from tests.chat.test_socket import QUESTION, Connect, page  # noqa: F401 - a fixture
from tests.fakes.llm import FakeLLM
from tests.live.slow_valkey import SlowValkey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hub")]
UseLLM = Callable[..., LanguageModel]


@pytest.fixture
def endless(llm: FakeLLM) -> FakeLLM:
    llm.failure = "endless"
    llm.tokens_per_second = 50
    return llm


async def assert_stopped(answer: dict[str, Any], llm: FakeLLM) -> None:
    assert answer["status"] == "stopped"
    assert answer["text"]
    assert await asyncio.to_thread(llm.wait_for_disconnect)
    row = await database_sync_to_async(Message.objects.get)(pk=answer["id"])
    assert (row.status, row.stop_wanted) == ("stopped", False)


async def test_a_stop_while_valkey_is_slow_ends_the_request_at_once_and_is_told_when_it_is_back(
    committed_cast: Cast,
    page: Connect,  # noqa: F811
    endless: FakeLLM,
    use_llm: UseLLM,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Every heartbeat that sees the stop would be a second one, in the middle of what the first one does.
    monkeypatch.setattr(heartbeats, "HEARTBEAT_S", 0.05)
    await database_sync_to_async(use_llm)(committed_cast.assistant, endless)
    async with SlowValkey(current_hub()) as valkey:
        mia = await page(committed_cast.mia)
        await mia.ask(QUESTION)
        delta = await mia.event("answer.delta")
        valkey.hold()
        await mia.send(type="stop", message_id=delta["message_id"])
        # The model is left alone before anything can be told.
        assert await asyncio.to_thread(endless.wait_for_disconnect)
        valkey.go_on()
        await assert_stopped((await mia.event("answer.completed"))["message"], endless)


async def test_replies_that_valkey_loses_make_no_event_come_twice(
    committed_cast: Cast,
    page: Connect,  # noqa: F811
    llm: FakeLLM,
    use_llm: UseLLM,
) -> None:
    llm.tokens_per_second = 100
    llm.reply = "Every employee has thirty days of paid leave a year [1]. " * 12
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    async with SlowValkey(current_hub()) as valkey:
        mia = await page(committed_cast.mia)
        await mia.ask(QUESTION)
        await mia.event("answer.delta")
        for _ in range(3):
            # Done, but nobody hears of it: the client must ask again.
            await valkey.lose_a_reply()
        answer = (await mia.event("answer.completed"))["message"]
    assert answer["status"] == "complete"
    assert [event["citation"] for event in mia.of("answer.citation")] == answer["citations"]
    text = ""
    for delta in mia.of("answer.delta"):
        assert delta["offset"] == len(text)
        text += delta["text"]
    assert text == answer["text"]


@pytest.mark.parametrize("forgets", [False, True])
async def test_a_stop_reaches_an_answer_of_another_process_also_when_valkey_forgets_it(
    committed_cast: Cast,
    page: Connect,  # noqa: F811
    endless: FakeLLM,
    use_llm: UseLLM,
    monkeypatch: pytest.MonkeyPatch,
    forgets: bool,
) -> None:
    monkeypatch.setattr(heartbeats, "HEARTBEAT_S", 0.05)
    if forgets:
        for module in (running, heartbeats):
            monkeypatch.setattr(module, "stop_key", lambda message_id: f"forgotten:{asyncio.get_running_loop().time()}")
    await database_sync_to_async(use_llm)(committed_cast.assistant, endless)
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    delta = await mia.event("answer.delta")
    # To this process it is another's.
    monkeypatch.setattr(running, "_runs", {})
    await mia.send(type="stop", message_id=delta["message_id"])
    await assert_stopped((await mia.event("answer.completed"))["message"], endless)
