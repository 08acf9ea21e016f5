"""Answers whose process died are found, keep what had come, and are marked."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.answering import AnswerDraft, interrupted
from chat.answering.draft import passage_payload
from chat.events import AnswerCitation, AnswerDelta, AnswerPassages, CitationPayload
from chat.events.keys import alive_key, stream_key
from chat.models import Message
from chat.services.answers import answer_finish
from chat.services.asking import question_ask
from chat.services.running import announce, announcement
from documents.retrieval import search
from live.hub import current_hub
from live.stream import append, sync_client
from tests.chat.conftest import Cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupted, "SECOND_LOOK_S", 0)


def begin(cast: Cast, age_s: int = 60) -> Message:
    """An answer that is running, announced, with some text, passages and a citation in its stream."""
    begun = question_ask(user=cast.mia, conversation_id=None, slug=None, text="How many days of paid leave?")
    assert begun.conversation is not None

    async def tell() -> None:
        await announce(begun, await announcement(begun, "r", cast.mia))
        await current_hub().close()

    asyncio.run(tell())
    Message.objects.filter(pk=begun.answer.pk).update(created_at=timezone.now() - timedelta(seconds=age_s))
    place = {"conversation_id": begun.conversation.pk, "message_id": begun.answer.pk}
    passage = search(user=cast.mia, query="paid leave", limit=1).passages[0]
    citation = CitationPayload(
        number=1,
        start=0,
        end=12,
        document_id=passage.document_id,
        filename="",
        title="",
        chunk_id=passage.chunk_id,
        source_start=0,
        source_end=20,
        page=None,
        quote="",
        passage_rank=1,
    )
    append(
        stream_key(begun.conversation.pk),
        AnswerPassages(**place, passages=[passage_payload(1, passage)]),
        AnswerDelta(**place, offset=0, text="Thirty "),
        AnswerDelta(**place, offset=7, text="days."),
        AnswerCitation(**place, citation=citation),
    )
    return begun.answer


def test_an_answer_without_a_process_keeps_what_had_come(committed_cast: Cast) -> None:
    answer = begin(committed_cast)
    assert interrupted.mark_interrupted() == 1
    answer.refresh_from_db()
    assert (answer.status, answer.text) == ("interrupted", "Thirty days.")
    assert answer.citations.get().quote == "Every employee has t"
    assert interrupted.mark_interrupted() == 0


def test_an_answer_that_is_being_written_is_left_alone(committed_cast: Cast) -> None:
    answer = begin(committed_cast)
    sync_client().set(alive_key(answer.pk), "1", ex=10)
    assert interrupted.mark_interrupted() == 0


def test_a_fresh_answer_is_left_alone(committed_cast: Cast) -> None:
    begin(committed_cast, age_s=1)
    assert interrupted.mark_interrupted() == 0


def test_a_process_that_comes_back_late_changes_nothing(committed_cast: Cast) -> None:
    answer = begin(committed_cast)
    interrupted.mark_interrupted()
    answer_finish(answer=answer, draft=AnswerDraft(text="Other"), status="complete", ms=1, event_seq=1)
    answer.refresh_from_db()
    assert (answer.status, answer.text) == ("interrupted", "Thirty days.")
