"""An answer that was stopped, was interrupted or broke off goes on: the same row, from where its text ended."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from chat.answering import interrupted
from chat.errors import ChatError
from chat.events import AnswerCitation, AnswerDelta, AnswerResumed, message_payload
from chat.events.keys import stream_key
from chat.models import Citation, LanguageModel, Message, Status
from chat.services.asking import Begun, question_ask
from chat.services.going_on import answer_go_on
from documents.models import Chunk
from live.stream import append
from tests.chat.conftest import Cast
from tests.chat.test_socket import QUESTION, Connect, Page, page  # noqa: F401 - a fixture
from tests.fakes.llm import FakeLLM

pytestmark = pytest.mark.django_db(transaction=True)
UseLLM = Callable[..., LanguageModel]
FIRST = "Every employee has thirty days of paid leave a year [1]. "
SECOND = "Requests go to the team lead [1]."


async def stopped(mia: Page, llm: FakeLLM) -> dict[str, Any]:
    """An answer that was stopped after its first sentence, whose citation has come."""
    llm.tokens_per_second = 30
    llm.reply = FIRST + "And so " * 400
    await mia.ask(QUESTION)
    cited = await mia.event("answer.citation")
    await mia.send(type="stop", message_id=cited["message_id"])
    found: dict[str, Any] = (await mia.event("answer.completed"))["message"]
    assert found["status"] == "stopped"
    assert found["citations"]
    return found


@pytest.mark.usefixtures("hub")
async def test_a_stopped_answer_goes_on_from_its_last_word(
    committed_cast: Cast,
    page: Connect,  # noqa: F811
    llm: FakeLLM,
    use_llm: UseLLM,
) -> None:
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    mia = await page(committed_cast.mia)
    before = await stopped(mia, llm)
    mia.seen.clear()
    # It repeats its last words, as models do, and cites the passage at a place of its own.
    llm.reply = f"{' '.join(before['text'].split()[-4:])}. {SECOND}"
    await mia.send(type="go_on", message_id=before["id"], request_id="g")
    resumed = await mia.event("answer.resumed")
    assert resumed["message_id"] == before["id"]
    joining = await page(committed_cast.mia)
    await joining.send(type="follow", conversation_id=resumed["conversation_id"], after=None)
    after = (await mia.event("answer.completed"))["message"]

    assert (after["id"], after["status"]) == (before["id"], "complete")
    assert after["text"] == before["text"] + ". Requests go to the team lead."
    assert after["citations"][: len(before["citations"])] == before["citations"]
    new = after["citations"][-1]
    assert after["text"][new["start"] : new["end"]] == "Requests go to the team lead."
    assert new["number"] == 2
    assert after["passages"] == before["passages"]
    assert after["stats"]["ms"] >= before["stats"]["ms"]
    # Nothing was searched again, and the model saw its own text with its mark put back.
    assert [event["step"]["name"] for event in mia.of("answer.step")] == ["prompt", "generate"]
    roles = [message["role"] for message in llm.requests[-1].body["messages"]]
    assert roles[-3:] == ["user", "assistant", "user"]
    assert "paid leave a year.[1]" in llm.requests[-1].body["messages"][-2]["content"]

    # The page that stayed and the one that joined have what a page has that comes now.
    text = before["text"]
    for delta in mia.of("answer.delta"):
        assert delta["offset"] == len(text)
        text += delta["text"]
    assert text == after["text"]
    assert (await joining.event("answer.completed"))["message"] == after
    afresh = await page(committed_cast.mia)
    await afresh.send(type="follow", conversation_id=resumed["conversation_id"], after=None)
    assert (await afresh.event("conversation.snapshot"))["messages"][-1] == after


@pytest.mark.usefixtures("hub")
async def test_without_a_model_or_once_a_passage_changed_it_is_answered_anew(
    committed_cast: Cast,
    page: Connect,  # noqa: F811
    llm: FakeLLM,
    use_llm: UseLLM,
) -> None:
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    mia = await page(committed_cast.mia)
    before = await stopped(mia, llm)
    excluded = Chunk.objects.filter(document=committed_cast.leave)
    await database_sync_to_async(excluded.update)(edited_text="Leave is at the captain's mercy.")
    llm.reply = "At the captain's mercy [1]."
    await mia.send(type="go_on", message_id=before["id"], request_id="g")
    created = await mia.event("message.created")
    assert created["replaces"] == before["id"]
    after = (await mia.event("answer.completed"))["message"]
    assert after["text"] == "At the captain's mercy."


def ended(cast: Cast, status: str, text: str) -> Begun:
    begun = question_ask(user=cast.mia, conversation_id=None, slug=None, text=QUESTION)
    Message.objects.filter(pk=begun.answer.pk).update(status=status, text=text)
    return begun


def test_what_has_ended_well_or_is_somebody_elses_does_not_go_on(committed_cast: Cast) -> None:
    begun = ended(committed_cast, Status.COMPLETE, "All of it.")
    for user, code in ((committed_cast.mia, "answer_not_resumable"), (committed_cast.sam, "not_found")):
        with pytest.raises(ChatError) as refused:
            answer_go_on(user=user, message_id=begun.answer.pk)
        assert refused.value.code == code
    # Without a language model there is nothing that could go on: the row is a new one.
    Message.objects.filter(pk=begun.answer.pk).update(status=Status.INTERRUPTED)
    anew = answer_go_on(user=committed_cast.mia, message_id=begun.answer.pk)
    assert (anew.replaces, anew.so_far) == (begun.answer.pk, None)


@pytest.mark.usefixtures("hub")
async def test_an_answer_that_goes_on_and_loses_its_process_keeps_old_and_new(
    committed_cast: Cast,
    page: Connect,  # noqa: F811
    llm: FakeLLM,
    use_llm: UseLLM,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interrupted, "SECOND_LOOK_S", 0)
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    mia = await page(committed_cast.mia)
    before = await stopped(mia, llm)

    def die() -> tuple[int, Message, list[Citation]]:
        begun = answer_go_on(user=committed_cast.mia, message_id=UUID(before["id"]))
        assert begun.conversation
        place = {"conversation_id": begun.conversation.pk, "message_id": begun.answer.pk}
        cited = message_payload(begun.answer, committed_cast.mia).citations[0]
        end = len(before["text"])
        more = cited.model_copy(update={"number": 2, "start": end, "end": end + 4, "source_start": 5})
        append(
            stream_key(begun.conversation.pk),
            AnswerResumed(**place),
            AnswerDelta(**place, offset=end, text=" and more"),
            AnswerCitation(**place, citation=more),
        )
        # It began long ago, but went on just now: no process has had the time to say that it lives.
        assert interrupted.mark_interrupted() == 0
        Message.objects.filter(pk=begun.answer.pk).update(begun_at=timezone.now() - timedelta(seconds=60))
        marked = interrupted.mark_interrupted()
        return marked, Message.objects.get(pk=begun.answer.pk), list(begun.answer.citations.all())

    marked, row, citations = await database_sync_to_async(die)()
    assert (marked, row.status) == (1, "interrupted")
    assert row.text == before["text"] + " and more"
    assert [citation.number for citation in citations] == [*(c["number"] for c in before["citations"]), 2]
