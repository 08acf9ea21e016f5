"""The playground's socket and its saving: drafts run side by side, and become versions."""

import asyncio
import json
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.models import Assistant, LanguageModel
from config.asgi import application
from documents.retrieval import SearchSettings
from tests.chat.conftest import LEAVE, Cast, make_cast
from tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)
QUESTION = "How many days of paid leave does an employee have?"


@pytest.fixture
def people(transactional_db: None) -> Cast:
    return make_cast()


def config(**changes: Any) -> dict[str, Any]:
    model = LanguageModel.objects.get(kind="extractive")
    draft = {"assistant": "library", "system_prompt": "", "model": model.pk, "sources": None}
    return {**draft, "passages": 4, "threshold": 0.2, **changes}


def cookie(user: User) -> list[tuple[bytes, bytes]]:
    client = Client()
    client.force_login(user)
    session = client.cookies["sessionid"].value
    return [
        (b"host", b"127.0.0.1"),
        (b"origin", b"http://127.0.0.1"),
        (b"cookie", f"sessionid={session}".encode()),
    ]


async def opened(user: User) -> Socket:
    socket = Socket(application, "/ws/playground/", headers=await database_sync_to_async(cookie)(user))
    connected, _code = await socket.connect(timeout=5)
    assert connected
    return socket


async def until(socket: Socket, *wanted: str) -> list[dict[str, Any]]:
    """Events up to and including one of each wanted type."""
    events: list[dict[str, Any]] = []
    missing = list(wanted)
    async with asyncio.timeout(30):
        while missing:
            event = json.loads(await socket.receive_from(timeout=30))
            events.append(event)
            if event["type"] in missing:
                missing.remove(event["type"])
    return events


async def test_one_question_runs_in_both_columns_with_passages_citations_and_times(people: Cast) -> None:
    socket = await opened(people.root)
    for column, passages in (("a", 1), ("b", 4)):
        draft = await database_sync_to_async(config)(passages=passages)
        await socket.send_to(
            text_data=json.dumps({"type": "run", "column": column, "question": QUESTION, "config": draft})
        )
    events = await until(socket, "run.completed", "run.completed")
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    for column, passages in (("a", 1), ("b", 2)):
        own = [event for event in events if event["column"] == column]
        (found,) = [event["passages"] for event in own if event["type"] == "run.passages"]
        assert len(found) == passages
        done = own[-1]
        assert done["status"] == "complete"
        assert "".join(event["text"] for event in own if event["type"] == "run.delta") == done["text"]
        quote = done["citations"][0]
        assert LEAVE[quote["source_start"] : quote["source_end"]] == quote["quote"]
        assert {step["name"] for step in done["steps"]} >= {"embed_question", "retrieve", "fuse", "generate"}
        assert all(step["ms"] >= 0 for step in done["steps"])
    await socket.disconnect()


async def test_a_draft_searches_with_its_own_settings(people: Cast) -> None:
    socket = await opened(people.root)
    drafts = {"a": {"fusion": "keyword", "candidates": 9}, "b": {"reranker": "none", "dense_weight": 0.9}}
    for column, changes in drafts.items():
        draft = await database_sync_to_async(config)(**changes)
        await socket.send_to(
            text_data=json.dumps({"type": "run", "column": column, "question": QUESTION, "config": draft})
        )
    events = await until(socket, "run.completed", "run.completed")
    steps = {
        event["column"]: {step["name"]: step for step in event["steps"]}
        for event in events
        if event["type"] == "run.completed"
    }
    assert steps["a"]["retrieve"]["input"]["sides"] == ["keyword"]
    assert steps["a"]["retrieve"]["input"]["per_side"] == 9
    assert "rerank" not in steps["b"]
    assert steps["b"]["fuse"]["input"]["dense_weight"] == 0.9
    await socket.disconnect()


async def test_filters_that_a_question_says_are_told_and_can_be_left_out(people: Cast) -> None:
    socket = await opened(people.root)
    draft = await database_sync_to_async(config)()
    command = {"type": "run", "column": "a", "question": f"According to the Library, {QUESTION}", "config": draft}
    await socket.send_to(text_data=json.dumps(command))
    events = await until(socket, "run.completed")
    (told,) = [event["filters"] for event in events if event["type"] == "run.filters"]
    assert [(each["label"], each["used"]) for each in told] == [("Source: Library", True)]
    sources = next(event["passages"] for event in events if event["type"] == "run.passages")
    assert {each["filename"] for each in sources} == {"leave.txt"}

    await socket.send_to(text_data=json.dumps({**command, "without": [told[0]["key"]]}))
    events = await until(socket, "run.completed")
    assert not [each for event in events if event["type"] == "run.filters" for each in event["filters"]]
    sources = next(event["passages"] for event in events if event["type"] == "run.passages")
    assert {each["filename"] for each in sources} == {"leave.txt", "vault.txt"}
    await socket.disconnect()


async def test_a_draft_that_asks_for_certainty_refuses(people: Cast) -> None:
    socket = await opened(people.root)
    draft = await database_sync_to_async(config)(threshold=1.0)
    await socket.send_to(text_data=json.dumps({"type": "run", "column": "a", "question": QUESTION, "config": draft}))
    events = await until(socket, "run.completed")
    assert events[-1]["status"] == "refused"
    await socket.disconnect()


@pytest.mark.parametrize(("change", "code"), [({"question": ""}, "question_empty"), ({"model": 999}, "not_found")])
async def test_a_run_that_cannot_start_says_why(people: Cast, change: dict[str, Any], code: str) -> None:
    socket = await opened(people.root)
    draft = await database_sync_to_async(config)(**{key: value for key, value in change.items() if key == "model"})
    question = change.get("question", QUESTION)
    await socket.send_to(text_data=json.dumps({"type": "run", "column": "a", "question": question, "config": draft}))
    events = await until(socket, "run.failed")
    assert events[-1]["error"]["code"] == code
    await socket.disconnect()


async def test_a_member_gets_nothing(people: Cast) -> None:
    socket = await opened(people.mia)
    draft = await database_sync_to_async(config)()
    await socket.send_to(text_data=json.dumps({"type": "run", "column": "a", "question": QUESTION, "config": draft}))
    (refusal,) = await until(socket, "error")
    assert refusal["code"] == "permission_denied"
    await socket.disconnect()


class TestSaving:
    def save(self, user: User, body: Any) -> Any:
        client = Client()
        client.force_login(user)
        return client.post(reverse("playground:save"), json.dumps(body), content_type="application/json")

    def test_a_draft_becomes_the_next_version(self, people: Cast) -> None:
        body = {"config": config(system_prompt="In verse."), "note": "Verse", "publish": False}
        response = self.save(people.root, body)
        assert response.status_code == 201
        assert response.json()["version"]["number"] == 2
        assistant = Assistant.objects.get()
        assert assistant.published is not None
        assert assistant.published.number == 1
        assert assistant.versions.get(number=2).system_prompt == "In verse."

    def test_a_draft_can_be_published_at_once(self, people: Cast) -> None:
        self.save(people.root, {"config": config(), "publish": True})
        assistant = Assistant.objects.get()
        assert assistant.published is not None
        assert assistant.published.number == 2

    def test_the_settings_of_its_search_are_saved(self, people: Cast) -> None:
        response = self.save(people.root, {"config": config(fusion="rrf", rerank_depth=20)})
        told = response.json()["version"]
        assert (told["fusion"], told["rerank_depth"], told["candidates"]) == ("rrf", 20, 50)
        saved = Assistant.objects.get().versions.get(number=2)
        assert saved.search_settings == SearchSettings(fusion="rrf", rerank_depth=20)

    @pytest.mark.parametrize(
        "change",
        [{"passages": 0}, {"threshold": 2}, {"model": "x"}, {"colour": "blue"}, {"fusion": "x"}, {"candidates": 0}],
    )
    def test_a_wrong_setting_is_named(self, people: Cast, change: dict[str, Any]) -> None:
        response = self.save(people.root, {"config": config(**change)})
        assert response.status_code == 422
        assert next(iter(change)) in response.json()["error"]["message"]
        assert Assistant.objects.get().versions.count() == 1

    def test_members_do_not_save(self, people: Cast) -> None:
        assert self.save(people.mia, {"config": config()}).status_code == 404
