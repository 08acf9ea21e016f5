"""The chat page's socket on the real ASGI application: asks, streams, cites, resumes, stops."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from accounts.models import User
from chat.models import Conversation, LanguageModel, Message
from config.asgi import application
from live.stream import sync_client
from tests.chat.conftest import LEAVE, VAULT, Cast
from tests.fakes.llm import FakeLLM
from tests.sockets import Socket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hub")]
QUESTION = "How many days of paid leave does an employee have?"
Connect = Callable[..., Any]


class Page:
    """One open page: sends commands, reads events."""

    def __init__(self, user: User | None, accepted: str = "") -> None:
        headers = [(b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1")]
        if accepted:
            headers.append((b"accept-language", accepted.encode()))
        if user:
            client = Client()
            client.force_login(user)
            headers.append((b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode()))
        self.socket = Socket(application, "/ws/chat/", headers=headers)
        self.seen: list[dict[str, Any]] = []

    async def open(self) -> "Page":
        connected, _code = await self.socket.connect(timeout=5)
        assert connected
        return self

    async def send(self, **command: Any) -> None:
        await self.socket.send_to(text_data=json.dumps(command))

    async def event(self, wanted: str) -> dict[str, Any]:
        """The next event of a type; those before it are kept in ``seen``."""
        async with asyncio.timeout(20):
            while True:
                event = json.loads(await self.socket.receive_from(timeout=20))
                self.seen.append(event)
                if event["type"] == wanted:
                    return event

    async def ask(self, question: str, conversation_id: str | None = None, **extra: Any) -> None:
        await self.send(
            type="ask", conversation_id=conversation_id, assistant=None, question=question, request_id="r1", **extra
        )

    def of(self, wanted: str) -> list[dict[str, Any]]:
        return [event for event in self.seen if event["type"] == wanted]


@pytest.fixture
async def page() -> AsyncIterator[Callable[[User | None], Any]]:
    pages: list[Page] = []

    async def open_page(user: User | None, accepted: str = "") -> Page:
        made = await database_sync_to_async(Page)(user, accepted)
        pages.append(made)
        return await made.open()

    yield open_page
    for opened in pages:
        await opened.socket.disconnect()


async def test_a_question_is_answered_with_a_citation_of_the_exact_words(committed_cast: Cast, page: Connect) -> None:
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    created = await mia.event("conversation.created")
    assert created["request_id"] == "r1"
    answer = (await mia.event("answer.completed"))["message"]
    assert answer["status"] == "complete"
    assert "thirty days" in answer["text"]
    (first, *_rest) = answer["citations"]
    assert LEAVE[first["source_start"] : first["source_end"]] == first["quote"]
    assert answer["text"][first["start"] : first["end"]]
    assert answer["assistant"] == {"slug": "library", "name": "Library", "version": 1}


async def test_the_stream_adds_up_to_the_finished_answer(committed_cast: Cast, page: Connect) -> None:
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    answer = (await mia.event("answer.completed"))["message"]
    text = ""
    for delta in mia.of("answer.delta"):
        assert delta["offset"] == len(text)
        text += delta["text"]
    assert text == answer["text"]
    assert [event["citation"] for event in mia.of("answer.citation")] == answer["citations"]
    assert [event["step"]["name"] for event in mia.of("answer.step")][:2] == ["embed_question", "retrieve"]
    numbers = [event["seq"] for event in mia.seen if event["type"] not in ("conversation.created",)]
    assert numbers == sorted(set(numbers))


async def test_a_page_that_comes_back_gets_the_rest_without_loss_or_repeat(committed_cast: Cast, page: Connect) -> None:
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    await mia.event("answer.completed")
    conversation_id = mia.seen[0]["conversation_id"]
    streamed = [event for event in mia.seen if event["type"].startswith(("answer.", "message."))]
    for cut in range(0, len(streamed) - 1, 2):
        again = await page(committed_cast.mia)
        await again.send(type="follow", conversation_id=conversation_id, after=streamed[cut]["seq"])
        await again.event("answer.completed")
        assert again.seen == streamed[cut + 1 :]


async def test_a_page_that_joins_mid_answer_sees_all_of_it(
    committed_cast: Cast, page: Connect, llm: FakeLLM, use_llm: Callable[..., LanguageModel]
) -> None:
    llm.tokens_per_second = 40
    llm.reply = "Word " * 40 + "thirty days of paid leave a year [1]."
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    await mia.event("answer.delta")
    await asyncio.sleep(0.3)
    second = await page(committed_cast.mia)
    await second.send(type="follow", conversation_id=mia.seen[0]["conversation_id"], after=None)
    finished = await second.event("answer.completed")
    assert "".join(event["text"] for event in second.of("answer.delta")) == finished["message"]["text"]
    await mia.event("answer.completed")


async def test_marks_never_reach_the_browser_as_text(
    committed_cast: Cast, page: Connect, llm: FakeLLM, use_llm: Callable[..., LanguageModel]
) -> None:
    llm.reply = "Employees have thirty days of paid leave a year [1]. Unused leave expires in March [1]."
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    answer = (await mia.event("answer.completed"))["message"]
    assert answer["text"] == "Employees have thirty days of paid leave a year. Unused leave expires in March."
    assert [citation["number"] for citation in answer["citations"]] == [1, 2]
    assert "[1]" not in json.dumps(mia.of("answer.delta"))


async def test_what_the_documents_do_not_say_is_refused(committed_cast: Cast, page: Connect) -> None:
    mia = await page(committed_cast.mia)
    await mia.ask("Which team won the 1998 FIFA World Cup final?")
    answer = (await mia.event("answer.completed"))["message"]
    assert (answer["status"], answer["citations"]) == ("refused", [])
    assert answer["text"]


async def test_nobody_gets_an_answer_from_documents_they_may_not_see(committed_cast: Cast, page: Connect) -> None:
    question = "What does the secret recipe of the harbour soup need?"
    mia = await page(committed_cast.mia)
    await mia.ask(question)
    hidden = (await mia.event("answer.completed"))["message"]
    assert "lemons" not in json.dumps(mia.seen)
    assert str(committed_cast.vault.pk) not in json.dumps(mia.seen)
    assert hidden["status"] == "refused"
    root = await page(committed_cast.root)
    await root.ask(question)
    shown = (await root.event("answer.completed"))["message"]
    assert shown["citations"][0]["quote"] == VAULT


async def test_stop_ends_the_answer_keeps_what_came_and_ends_the_request(
    committed_cast: Cast, page: Connect, llm: FakeLLM, use_llm: Callable[..., LanguageModel]
) -> None:
    llm.failure = "endless"
    llm.tokens_per_second = 50
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    delta = await mia.event("answer.delta")
    await mia.send(type="stop", message_id=delta["message_id"])
    answer = (await mia.event("answer.completed"))["message"]
    assert answer["status"] == "stopped"
    assert answer["text"]
    for _ in range(100):
        if llm.disconnects:
            break
        await asyncio.sleep(0.05)
    assert llm.disconnects == 1


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ("unauthorized", "llm_unauthorized"),
        ("rate_limited", "llm_rate_limited"),
        ("server_error", "llm_unavailable"),
        ("cut", "llm_interrupted"),
        ("malformed", "llm_malformed"),
    ],
)
async def test_a_model_that_fails_ends_the_answer_with_a_sentence_and_can_be_tried_again(
    committed_cast: Cast, page: Connect, llm: FakeLLM, use_llm: Callable[..., LanguageModel], failure: Any, code: str
) -> None:
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    llm.failure = failure
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    failed = (await mia.event("answer.completed"))["message"]
    assert (failed["status"], failed["error"]["code"]) == ("failed", code)
    assert failed["error"]["message"].endswith(".")
    if failure in ("cut", "malformed"):
        assert failed["text"]
    llm.failure = ""
    await mia.send(type="retry", message_id=failed["id"], request_id="r2")
    begun = await mia.event("message.created")
    assert begun["replaces"] == failed["id"]
    answer = (await mia.event("answer.completed"))["message"]
    assert answer["status"] == "complete"
    assert answer["in_reply_to"] == failed["in_reply_to"]
    assert not await database_sync_to_async(Message.objects.filter(pk=failed["id"]).exists)()


async def test_a_filter_is_told_and_taken_away_by_asking_again_below(committed_cast: Cast, page: Connect) -> None:
    mia = await page(committed_cast.mia)
    asked = "According to the Library, how many days of paid leave does an employee have?"
    await mia.ask(asked)
    told = await mia.event("answer.filters")
    answer = (await mia.event("answer.completed"))["message"]
    assert answer["filters"] == told["filters"]
    assert [each["label"] for each in told["filters"]] == ["Source: Library"]
    await mia.send(type="unfilter", message_id=answer["id"], filter="tag is x", request_id="r2")
    assert (await mia.event("error"))["code"] == "filter_unknown"
    key = told["filters"][0]["key"]
    await mia.send(type="unfilter", message_id=answer["id"], filter=key, request_id="r3")
    question = await mia.event("message.created")
    assert (question["request_id"], question["message"]["text"]) == ("r3", asked)
    again = (await mia.event("answer.completed"))["message"]
    assert (again["filters"], again["status"]) == ([], "complete")
    again_page = await page(committed_cast.mia)
    await again_page.send(type="follow", conversation_id=mia.seen[0]["conversation_id"], after=None)
    kept = (await again_page.event("conversation.snapshot"))["messages"]
    taken = [{**told["filters"][0], "used": False}]
    assert [message["filters"] for message in kept] == [[], told["filters"], taken, []]


async def test_a_second_question_waits_for_the_first(
    committed_cast: Cast, page: Connect, llm: FakeLLM, use_llm: Callable[..., LanguageModel]
) -> None:
    llm.tokens_per_second = 20
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    await mia.event("answer.delta")
    await mia.ask("And for interns?", mia.seen[0]["conversation_id"])
    refusal = await mia.event("error")
    assert refusal["code"] == "answer_running"
    await mia.event("answer.completed")
    both = Message.objects.filter(conversation_id=mia.seen[0]["conversation_id"])
    assert await database_sync_to_async(both.count)() == 2


@pytest.mark.parametrize(
    ("question", "code"), [("", "question_empty"), (" \n\x00", "question_empty"), ("x" * 100_000, "question_too_long")]
)
async def test_a_bad_question_gets_a_clear_error_and_leaves_nothing(
    committed_cast: Cast, page: Connect, question: str, code: str
) -> None:
    mia = await page(committed_cast.mia)
    await mia.ask(question)
    assert (await mia.event("error"))["code"] == code
    assert not await database_sync_to_async(Conversation.objects.exists)()


@pytest.mark.parametrize("command", ["follow", "ask", "stop", "retry", "unfilter"])
async def test_somebody_elses_conversation_does_not_exist(committed_cast: Cast, page: Connect, command: str) -> None:
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    answer = (await mia.event("answer.completed"))["message"]
    conversation_id = mia.seen[0]["conversation_id"]
    sam = await page(committed_cast.sam)
    match command:
        case "follow":
            await sam.send(type="follow", conversation_id=conversation_id, after=None)
        case "ask":
            await sam.ask("Hello there", conversation_id)
        case "unfilter":
            await sam.send(type=command, message_id=answer["id"], filter="source is Library")
        case _:
            await sam.send(type=command, message_id=answer["id"])
    assert (await sam.event("error"))["code"] == "not_found"
    assert len(sam.seen) == 1


@pytest.mark.parametrize("text", ["{", "[]", '{"type":"dance"}', '{"type":"ping","extra":1}', '{"type":"follow"}'])
async def test_a_message_that_is_no_command_is_answered_and_changes_nothing(
    committed_cast: Cast, page: Connect, text: str
) -> None:
    mia = await page(committed_cast.mia)
    await mia.socket.send_to(text_data=text)
    assert (await mia.event("error"))["code"] == "invalid_command"
    await mia.send(type="ping")
    await mia.event("pong")


async def test_a_stranger_is_sent_away(committed_cast: Cast, page: Connect) -> None:
    nobody = await page(None)
    closed = await nobody.socket.receive_output(timeout=5)
    assert (closed["type"], closed["code"]) == ("websocket.close", 4401)


async def test_another_site_cannot_open_the_socket(committed_cast: Cast) -> None:
    headers = [(b"host", b"127.0.0.1"), (b"origin", b"http://evil.example")]
    socket = Socket(application, "/ws/chat/", headers=headers)
    connected, _code = await socket.connect(timeout=5)
    assert not connected


async def test_a_follow_up_sees_the_conversation(
    committed_cast: Cast, page: Connect, llm: FakeLLM, use_llm: Callable[..., LanguageModel]
) -> None:
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    first = (await mia.event("answer.completed"))["message"]
    await mia.ask("Until when can I use paid leave?", mia.seen[0]["conversation_id"])
    await mia.event("answer.completed")
    sent = json.dumps(llm.requests[-1].body["messages"])
    assert QUESTION in sent
    assert first["text"][:30] in sent


async def test_an_unknown_conversation_is_not_followed(committed_cast: Cast, page: Connect) -> None:
    mia = await page(committed_cast.mia)
    await mia.send(type="follow", conversation_id=str(uuid4()), after=None)
    assert (await mia.event("error"))["code"] == "not_found"


def break_connections() -> int:
    """Break this test run's connections to Valkey, and nobody else's: each run has a database of its own. How many."""
    valkey = sync_client()
    own = str(valkey.get_connection_kwargs().get("db", 0))
    ours = [client["id"] for client in valkey.client_list(_type="normal") if client["db"] == own]
    return sum(valkey.client_kill_filter(_id=each, skipme=True) for each in ours)


async def test_connections_to_valkey_that_break_cost_no_word(
    committed_cast: Cast, page: Connect, llm: FakeLLM, use_llm: Callable[..., LanguageModel]
) -> None:
    llm.tokens_per_second = 40
    llm.reply = "Word " * 60 + "thirty days of paid leave a year [1]."
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    await mia.event("answer.delta")
    broken = 0
    for _ in range(3):
        broken += await asyncio.to_thread(break_connections)
        await asyncio.sleep(0.3)
    assert broken
    answer = (await mia.event("answer.completed"))["message"]
    assert answer["status"] == "complete"
    text = ""
    for delta in mia.of("answer.delta"):
        text = text[: delta["offset"]] + delta["text"]
    assert text == answer["text"]
