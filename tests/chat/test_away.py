"""A question that is asked while Valkey or PostgreSQL is away: nothing is lost, and the page hears what is wrong."""

import json
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError

from chat.events.keys import stream_key
from chat.models import Conversation, Message
from chat.services import publishing
from live.consumers import TRY_AGAIN
from live.hub import current_hub
from live.stream import read_after
from tests.chat.conftest import Cast
from tests.chat.test_socket import QUESTION, Connect, Page, page  # noqa: F401 - a fixture
from tests.live.slow_valkey import SlowValkey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hub")]
OTHER = "When does unused leave expire?"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "TELL_S", 0.2)


async def closed(opened: Page) -> int:
    """The code with which the socket was closed, after whatever was sent before."""
    while True:
        sent = await opened.socket.receive_output(timeout=20)
        if sent["type"] == "websocket.close":
            return int(sent["code"])
        opened.seen.append(json.loads(sent["text"]))


async def test_a_question_that_valkey_does_not_take_is_answered_and_told_when_it_is_back(
    committed_cast: Cast,
    page: Connect,  # noqa: F811
) -> None:
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    first = (await mia.event("answer.completed"))["message"]
    conversation_id = (await database_sync_to_async(Conversation.objects.get)()).pk
    other = await page(committed_cast.mia)
    await other.send(type="follow", conversation_id=str(conversation_id), after=first["seq"])
    await other.event("answer.completed")
    other.seen.clear()
    async with SlowValkey(current_hub(), timeout_s=0.2) as valkey:
        valkey.hold()
        await mia.ask(OTHER, str(conversation_id))
        assert await closed(mia) == TRY_AGAIN
        assert mia.of("error") == []
        valkey.go_on()
        answer = (await other.event("answer.completed"))["message"]
    # More than once, if Valkey had taken it without anybody hearing of it.
    created = {event["message"]["id"]: event["message"] for event in other.of("message.created")}
    assert [each["role"] for each in created.values()] == ["user", "assistant"]
    assert created[answer["id"]]["in_reply_to"] == next(iter(created))
    assert (answer["status"], "thirty-first of March" in answer["text"]) == ("complete", True)
    text = ""
    for delta in other.of("answer.delta"):
        assert delta["offset"] == len(text)
        text += delta["text"]
    assert text == answer["text"]


async def test_a_page_that_began_while_valkey_was_away_finds_its_conversation_when_it_is_back(
    committed_cast: Cast,
    page: Connect,  # noqa: F811
) -> None:
    async with SlowValkey(current_hub(), timeout_s=0.2) as valkey:
        valkey.hold()
        mia = await page(committed_cast.mia)
        await mia.ask(QUESTION)
        assert await closed(mia) == TRY_AGAIN
        (created,) = mia.of("conversation.created")
        again = await page(committed_cast.mia)
        follow = {"type": "follow", "conversation_id": created["conversation_id"], "after": None}
        await again.send(**follow)
        assert await closed(again) == TRY_AGAIN
        valkey.go_on()
        last = await page(committed_cast.mia)
        await last.send(**follow)
        snapshot = await last.event("conversation.snapshot")
        # The rows say at which number their stream begins, and it does.
        entries = await read_after(current_hub().client, stream_key(created["conversation_id"]), 0)
        assert entries[0].seq + 1 == snapshot["messages"][0]["seq"]
        assert [each["text"] for each in snapshot["messages"] if each["role"] == "user"] == [QUESTION]
        answer = snapshot["messages"][-1]
        if answer["status"] == "running":
            answer = (await last.event("answer.completed"))["message"]
    assert (answer["status"], "thirty days" in answer["text"]) == ("complete", True)
    assert await database_sync_to_async(Message.objects.count)() == 2


async def test_while_the_database_is_away_a_question_is_refused_and_a_page_asks_again(
    committed_cast: Cast,
    page: Connect,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_given: Any, **_named: Any) -> Any:
        raise OperationalError("the connection is closed")

    mia = await page(committed_cast.mia)
    monkeypatch.setattr("chat.services.asking.question_ask", away)
    await mia.ask(QUESTION)
    refused = await mia.event("error")
    assert (refused["code"], refused["request_id"]) == ("unavailable", "r1")
    monkeypatch.setattr("chat.services.conversations.conversation_of", away)
    await mia.send(type="follow", conversation_id="00000000-0000-0000-0000-000000000001", after=None)
    assert await closed(mia) == TRY_AGAIN
