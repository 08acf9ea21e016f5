"""What pages are told over the socket and what stands in the rows are the same."""

from collections.abc import Callable
from typing import Any

import pytest
from channels.db import database_sync_to_async

from chat.models import LanguageModel, Message
from documents.models import Document
from tests.chat.conftest import Cast
from tests.chat.test_socket import QUESTION, Connect, page
from tests.fakes.llm import FakeLLM

__all__ = ["page"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hub")]


async def test_the_rows_of_a_new_conversation_know_the_event_that_announced_them(
    committed_cast: Cast, page: Connect
) -> None:
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    announced = [await mia.event("message.created") for _ in range(2)]
    question = await Message.objects.aget(pk=announced[0]["message"]["id"])
    assert announced[1]["seq"] == announced[0]["seq"] + 1 == question.event_seq
    assert announced[1]["message"]["seq"] == question.event_seq
    await mia.event("answer.completed")


@pytest.mark.parametrize("failure", ["", "cut", "disconnect"])
async def test_what_a_page_is_told_of_an_answer_at_its_end_is_what_was_stored(
    failure: Any, committed_cast: Cast, page: Connect, llm: FakeLLM, use_llm: Callable[..., LanguageModel]
) -> None:
    llm.failure = failure
    llm.reply = "Employees have thirty days of paid leave a year [1]. Unused leave expires in March [1]. " * 3
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    await Document.objects.aupdate(title="")
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    told = (await mia.event("answer.completed"))["message"]
    assert told["status"] == ("failed" if failure else "complete")
    assert told["stats"]["passages"] > 0
    again = await page(committed_cast.mia)
    await again.send(type="follow", conversation_id=mia.seen[0]["conversation_id"], after=None)
    assert (await again.event("conversation.snapshot"))["messages"][1] == told


async def test_a_page_without_a_number_gets_a_snapshot_that_equals_the_events(
    committed_cast: Cast, page: Connect
) -> None:
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    finished = (await mia.event("answer.completed"))["message"]
    again = await page(committed_cast.mia)
    await again.send(type="follow", conversation_id=mia.seen[0]["conversation_id"], after=None)
    snapshot = await again.event("conversation.snapshot")
    assert [message["role"] for message in snapshot["messages"]] == ["user", "assistant"]
    assert snapshot["messages"][1] == finished
