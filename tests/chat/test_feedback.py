"""What people say of answers: once for each, changed, taken back, told to open pages and shown to admins."""

from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.events import message_payload
from chat.models import Feedback, Message, Status
from chat.services.asking import question_ask
from chat.services.feedback import feedback_give
from tests.chat.conftest import Cast
from tests.chat.test_socket import QUESTION, Connect, page  # noqa: F401 - a fixture


def answered(cast: Cast, status: str = Status.COMPLETE) -> Message:
    begun = question_ask(user=cast.mia, conversation_id=None, slug=None, text=QUESTION)
    Message.objects.filter(pk=begun.answer.pk).update(status=status, text="Thirty days.")
    return Message.objects.with_sources().get(pk=begun.answer.pk)


def say(user: User, answer: Message, **words: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(reverse("chat:feedback", args=[answer.pk]), words)


def test_it_is_said_once_changed_and_taken_back(cast: Cast) -> None:
    answer = answered(cast)
    said = say(cast.mia, answer, verdict="good").json()
    assert said["feedback"] == {"is_good": True, "reason": "", "comment": ""}
    say(cast.mia, answer, verdict="bad", reason="outdated", comment=" Since May it is 31. ")
    row = Feedback.objects.get()
    assert (row.is_good, row.reason, row.comment) == (False, "outdated", "Since May it is 31.")
    feedback = message_payload(answer, cast.mia).feedback
    assert feedback
    assert feedback.reason == "outdated"
    # Who else may read the answer has not said it.
    assert message_payload(answer, cast.sam).feedback is None
    assert say(cast.mia, answer, verdict="").json() == {"feedback": None}
    assert not Feedback.objects.exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"verdict": "bad", "reason": "right"}, "unknown_reason"),
        ({"verdict": "bad", "reason": "because"}, "unknown_reason"),
        ({"verdict": "good", "comment": "x" * 2001}, "comment_too_long"),
        ({"verdict": "splendid"}, "invalid"),
    ],
)
def test_what_cannot_be_said_is_refused_and_changes_nothing(cast: Cast, words: dict[str, str], code: str) -> None:
    answer = answered(cast)
    say(cast.mia, answer, verdict="good")
    refused = say(cast.mia, answer, **words)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, code)
    assert Feedback.objects.get().is_good


def test_nothing_is_said_of_what_one_may_not_see_nor_of_what_is_being_written(cast: Cast) -> None:
    answer = answered(cast)
    for user in (cast.sam, cast.root):
        assert say(user, answer, verdict="good").status_code == 404
    assert say(cast.mia, answered(cast, Status.RUNNING), verdict="good").status_code == 409
    assert not Feedback.objects.exists()


def test_admins_read_it_and_not_the_answer(cast: Cast) -> None:
    answer = answered(cast)
    feedback_give(user=cast.mia, message_id=answer.pk, is_good=False, reason="wrong", comment="It is 31.")
    client = Client()
    client.force_login(cast.root)
    listed = client.get(reverse("admin:chat_feedback_changelist")).content.decode()
    assert "It is 31." in listed
    assert "Library" in listed
    shown = client.get(reverse("admin:chat_feedback_change", args=[Feedback.objects.get().pk])).content.decode()
    assert "Thirty days." not in listed + shown
    assert not admin.site.get_model_admin(Feedback).has_change_permission(client.get("/").wsgi_request)


@pytest.mark.usefixtures("hub")
@pytest.mark.django_db(transaction=True)
async def test_open_pages_learn_of_it(committed_cast: Cast, page: Connect) -> None:  # noqa: F811
    mia = await page(committed_cast.mia)
    await mia.ask(QUESTION)
    answer = (await mia.event("answer.completed"))["message"]
    row = await database_sync_to_async(Message.objects.get)(pk=answer["id"])
    await database_sync_to_async(say)(committed_cast.mia, row, verdict="good", reason="right")
    told = await mia.event("answer.feedback")
    assert told["feedback"] == {"is_good": True, "reason": "right", "comment": ""}
    again = await page(committed_cast.mia)
    await again.send(type="follow", conversation_id=told["conversation_id"], after=None)
    snapshot = await again.event("conversation.snapshot")
    assert snapshot["messages"][-1]["feedback"] == told["feedback"]
