"""Conversations as trees: other words, another answer, which branch is shown, and what a model gets to see of it."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from chat.errors import ChatError
from chat.models import Conversation, Message, Status
from chat.services.asking import Begun, answer_regenerate, answer_retry, question_ask, question_edit
from chat.services.conversations import branch_show
from tests.chat.conftest import Cast
from tests.chat.test_socket import Connect, page  # noqa: F401 - a fixture

QUESTION = "How many days of paid leave does an employee have?"


def ended(begun: Begun, text: str, status: str = Status.COMPLETE) -> Begun:
    """An answer as it is after its end."""
    Message.objects.filter(pk=begun.answer.pk).update(status=status, text=text)
    return begun


def ask(cast: Cast, text: str, begun: Begun | None = None, **more: Any) -> Begun:
    """Ask, in the conversation of an earlier question if one is given, and let it be answered."""
    conversation = begun.conversation if begun else None
    asked = question_ask(
        user=cast.mia, conversation_id=conversation.pk if conversation else None, slug=None, text=text, **more
    )
    return ended(asked, f"Answer to: {text}")


def history(begun: Begun) -> list[str]:
    return [turn.text for turn in begun.question.history]


def leaf(begun: Begun) -> Any:
    assert begun.conversation
    return Conversation.objects.get(pk=begun.conversation.pk).leaf_id


def test_a_question_follows_the_end_of_the_branch_that_is_shown(cast: Cast) -> None:
    first = ask(cast, "First")
    second = ask(cast, "Second", first)
    assert second.asked
    assert second.asked.in_reply_to_id == first.answer.pk
    assert history(second) == ["First", "Answer to: First"]
    assert leaf(second) == second.answer.pk


def test_a_question_in_other_words_is_a_branch_that_does_not_see_the_other(cast: Cast) -> None:
    first = ask(cast, "First")
    second = ask(cast, "Second", first)
    third = ask(cast, "Third", second)
    assert second.asked
    edited = ended(question_edit(user=cast.mia, message_id=second.asked.pk, text="Second, better"), "Better")
    assert edited.asked
    assert edited.asked.in_reply_to_id == first.answer.pk
    assert history(edited) == ["First", "Answer to: First"]
    assert leaf(first) == edited.answer.pk
    below = ask(cast, "Fourth", edited)
    assert history(below) == ["First", "Answer to: First", "Second, better", "Better"]
    assert Message.objects.filter(pk=third.answer.pk).exists()


def test_the_first_question_can_be_asked_in_other_words(cast: Cast) -> None:
    first = ask(cast, "First")
    assert first.asked
    edited = question_edit(user=cast.mia, message_id=first.asked.pk, text="First, better")
    assert edited.asked
    assert edited.asked.in_reply_to_id is None
    assert history(edited) == []


def test_another_answer_stands_beside_the_first(cast: Cast) -> None:
    first = ask(cast, "First")
    again = ended(answer_regenerate(user=cast.mia, message_id=first.answer.pk), "Another answer")
    assert again.asked == first.asked
    assert again.answer.in_reply_to_id == first.answer.in_reply_to_id
    assert Message.objects.filter(pk__in=[first.answer.pk, again.answer.pk]).count() == 2
    assert history(ask(cast, "Second", again)) == ["First", "Another answer"]
    assert history(ask(cast, "Second", first, after=first.answer.pk)) == ["First", "Answer to: First"]


def test_a_branch_is_shown_to_its_newest_end(cast: Cast) -> None:
    first = ask(cast, "First")
    second = ask(cast, "Second", first)
    again = ended(answer_regenerate(user=cast.mia, message_id=first.answer.pk), "Another answer")
    assert leaf(first) == again.answer.pk
    assert branch_show(user=cast.mia, message_id=first.answer.pk).leaf_id == second.answer.pk
    assert branch_show(user=cast.mia, message_id=again.answer.pk).leaf_id == again.answer.pk


def test_an_answer_that_came_to_nothing_is_replaced_only_when_nothing_follows_it(cast: Cast) -> None:
    first = ask(cast, "First")
    Message.objects.filter(pk=first.answer.pk).update(status=Status.REFUSED)
    second = ask(cast, "Second", first)
    kept = ended(answer_retry(user=cast.mia, message_id=first.answer.pk), "Now it is known")
    assert kept.replaces is None
    assert Message.objects.filter(pk__in=[first.answer.pk, second.answer.pk]).count() == 2
    Message.objects.filter(pk=second.answer.pk).update(status=Status.STOPPED)
    replaced = answer_retry(user=cast.mia, message_id=second.answer.pk)
    assert replaced.replaces == second.answer.pk
    assert not Message.objects.filter(pk=second.answer.pk).exists()
    assert leaf(first) == replaced.answer.pk


def test_other_peoples_messages_are_not_there(cast: Cast) -> None:
    first = ask(cast, "First")
    assert first.asked
    for attempt in (
        lambda: question_edit(user=cast.sam, message_id=first.asked.pk, text="Mine"),
        lambda: answer_regenerate(user=cast.sam, message_id=first.answer.pk),
        lambda: branch_show(user=cast.sam, message_id=first.answer.pk),
        lambda: ask(cast, "Second", first, after=uuid4()),
        lambda: question_edit(user=cast.mia, message_id=first.answer.pk, text="An answer is no question"),
    ):
        with pytest.raises(ChatError) as refused:
            attempt()
        assert refused.value.code == "not_found"


@pytest.mark.usefixtures("hub")
@pytest.mark.django_db(transaction=True)
async def test_two_pages_show_the_same_branch(committed_cast: Cast, page: Connect) -> None:  # noqa: F811
    mia, other = await page(committed_cast.mia), await page(committed_cast.mia)
    await mia.ask(QUESTION)
    first = (await mia.event("answer.completed"))["message"]
    conversation = first_conversation = mia.of("conversation.created")[0]["conversation"]["id"]
    await other.send(type="follow", conversation_id=first_conversation, after=None)
    snapshot = await other.event("conversation.snapshot")
    assert snapshot["conversation"]["leaf"] == first["id"]

    await other.send(type="regenerate", message_id=first["id"], assistant=None, request_id="again")
    created = await mia.event("message.created")
    while created["request_id"] != "again":
        created = await mia.event("message.created")
    assert created["replaces"] is None
    assert created["message"]["in_reply_to"] == first["in_reply_to"]
    second = (await mia.event("answer.completed"))["message"]
    assert second["text"] == first["text"]

    await mia.send(type="show", message_id=first["id"])
    assert (await other.event("conversation.branch"))["leaf"] == first["id"]
    await mia.send(type="edit", message_id=first["in_reply_to"], question="When does leave expire?", request_id="e")
    answer = (await other.event("answer.completed"))["message"]
    while answer["id"] == second["id"]:
        answer = (await other.event("answer.completed"))["message"]
    await other.send(type="follow", conversation_id=conversation, after=None)
    snapshot = await other.event("conversation.snapshot")
    assert snapshot["conversation"]["leaf"] == answer["id"]
    assert len(snapshot["messages"]) == 5


@pytest.mark.endurance
@pytest.mark.django_db(transaction=True)
def test_questions_from_before_branches_follow_the_answer_before_them(committed_cast: Cast) -> None:
    first = ask(committed_cast, "First")
    second = ask(committed_cast, "Second", first)
    executor = MigrationExecutor(connection)
    last = executor.loader.graph.leaf_nodes()
    executor.migrate([("chat", "0005_filters_said_in_words")])
    MigrationExecutor(connection).migrate(last)
    assert second.asked
    assert first.asked
    assert Message.objects.get(pk=second.asked.pk).in_reply_to_id == first.answer.pk
    assert Message.objects.get(pk=first.asked.pk).in_reply_to_id is None
    assert leaf(second) == second.answer.pk
