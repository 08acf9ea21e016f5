"""Writes: what somebody says of an answer, changes and takes back."""

import logging
from functools import partial
from uuid import UUID

import redis.exceptions
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from chat.errors import ChatError, not_found
from chat.events import AnswerFeedback, feedback_payload
from chat.events.keys import stream_key
from chat.models import COMMENT_CHARS, Feedback, FeedbackReason, Message, Status
from chat.models.feedback import GOOD_REASONS
from live.stream import append

log = logging.getLogger(__name__)


def feedback_give(*, user: User, message_id: UUID, is_good: bool, reason: str = "", comment: str = "") -> Feedback:
    """Say whether an answer helped, in place of what the same person said of it before.

    ChatError: ``not_found``, ``answer_running``, ``unknown_reason``, ``comment_too_long``.
    """
    comment = comment.replace("\x00", "").strip()
    if len(comment) > COMMENT_CHARS:
        message = _("The comment is longer than %(max)d characters. Shorten it.")
        raise ChatError("comment_too_long", message % {"max": COMMENT_CHARS}, 422)
    if reason and (reason not in FeedbackReason.values or (reason in GOOD_REASONS) != is_good):
        raise ChatError("unknown_reason", _("This reason is not among those to choose from. Load the page again."), 422)
    with transaction.atomic():
        answer = _answer_of(user, message_id)
        said, _is_new = Feedback.objects.update_or_create(
            answer=answer, user=user, defaults={"is_good": is_good, "reason": reason, "comment": comment}
        )
        transaction.on_commit(partial(_tell, answer, said))
    return said


def feedback_take_back(*, user: User, message_id: UUID) -> None:
    """Take back what was said of an answer; nothing happens where nothing was. ChatError ``not_found``."""
    with transaction.atomic():
        answer = _answer_of(user, message_id)
        Feedback.objects.filter(answer=answer, user=user).delete()
        transaction.on_commit(partial(_tell, answer, None))


def _answer_of(user: User, message_id: UUID) -> Message:
    answer = Message.objects.visible_to(user).answers().filter(pk=message_id).first()
    if answer is None:
        raise not_found(_("answer"))
    if answer.status == Status.RUNNING:
        raise ChatError("answer_running", _("This answer is still being written. Wait for its end."), 409)
    return answer


def _tell(answer: Message, said: Feedback | None) -> None:
    """Tell the open pages of the conversation, where there is one."""
    if answer.conversation_id is None:
        return
    event = AnswerFeedback(
        conversation_id=answer.conversation_id, message_id=answer.pk, feedback=feedback_payload(said)
    )
    try:
        append(stream_key(answer.conversation_id), event)
    except redis.exceptions.RedisError as problem:
        log.warning("answer %s: other pages learn of its feedback when they reload: %s", answer.pk, problem)
