"""An answer that ended too early goes on: the same row is written again, from the end of what it has."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat.answering import Question, SoFar
from chat.answering.suggesting import spans_of
from chat.errors import ChatError
from chat.events import message_payload
from chat.models import Assistant, AssistantVersion, Message, ModelKind, Status
from chat.services.asking import Begun, answer_of, answer_retry, history_before
from chat.services.assistants import settings_of_version
from documents.retrieval import read_again

RESUMABLE = (Status.STOPPED, Status.INTERRUPTED, Status.FAILED)


def answer_go_on(*, user: User, message_id: UUID) -> Begun:
    """Let an answer go on from where it ended, by the version that began it and from the passages that it read.

    It is answered anew, as ``answer_retry`` does, where there is nothing to go on from: no text yet, no language
    model, or a passage that is gone, hidden or changed by now. ChatError: ``not_found``, ``answer_not_resumable``,
    ``answer_running``, ``no_assistant``.
    """
    with transaction.atomic():
        answer, conversation, asked = answer_of(user, message_id)
        if answer.status not in RESUMABLE:
            raise ChatError("answer_not_resumable", _("This answer has come to its end. Ask again below it."), 409)
        version = _version_of(answer, user)
        so_far = _so_far(answer, user) if version else None
        if version is None or so_far is None:
            return answer_retry(user=user, message_id=message_id)
        _run_again(answer)
        conversation.updated_at = timezone.now()
        conversation.save(update_fields=["updated_at"])
        without = tuple(each["key"] for each in asked.filters)
        question = Question(asked.text, user, history_before(conversation, asked.in_reply_to_id), without)
        settings = settings_of_version(version)
    return Begun(conversation, asked, answer, settings, question, is_again=True, so_far=so_far)


def _version_of(answer: Message, user: User) -> AssistantVersion | None:
    """The version that wrote it, where it has a language model and may still be asked."""
    if not answer.text.strip() or answer.version_id is None:
        return None
    version = AssistantVersion.objects.select_related("model").get(pk=answer.version_id)
    if version.model.kind == ModelKind.EXTRACTIVE:
        return None
    return version if Assistant.objects.visible_to(user).filter(pk=version.assistant_id).exists() else None


def _so_far(answer: Message, user: User) -> SoFar | None:
    """What the answer has; None when it cannot be read any more from what it rests on."""
    ranks = [row.rank for row in answer.passages.all()]
    if not ranks or ranks != list(range(1, len(ranks) + 1)):
        return None
    passages = read_again(user, spans_of(answer))
    if any(passage is None for passage in passages):
        return None
    payload = message_payload(Message.objects.with_sources().get(pk=answer.pk), user)
    return SoFar(answer.text, tuple(each for each in passages if each), tuple(payload.citations))


def _run_again(answer: Message) -> None:
    resumed = {"status": Status.RUNNING, "begun_at": timezone.now(), "stop_wanted": False}
    try:
        with transaction.atomic():
            still = Message.objects.filter(pk=answer.pk, status__in=RESUMABLE)
            is_taken = still.update(**resumed, error_code="", error_message="")
    except IntegrityError:
        is_taken = 0
    if not is_taken:
        message = _("An answer is still being written in this conversation. Wait for it or stop it.")
        raise ChatError("answer_running", message, 409)
    answer.refresh_from_db()
