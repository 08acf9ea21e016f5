"""Writes of an answer that is there: that it is to stop, its end, and what was announced of it."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import JSONField, Value
from django.utils.translation import gettext as _

from accounts.models import User
from chat.answering import AnswerDraft, StepDone
from chat.answering.sources import save_sources
from chat.errors import ChatError, not_found
from chat.models import Message, TraceStep


def answer_stop_wanted(*, user: User, message_id: UUID) -> None:
    """Note that an answer which is being written is to stop; ChatError ``not_found`` or ``answer_not_running``."""
    visible = Message.objects.visible_to(user).answers().filter(pk=message_id)
    if visible.running().update(stop_wanted=True):
        return
    if not visible.exists():
        raise not_found(_("answer"))
    raise ChatError("answer_not_running", _("This answer has ended already."), 409)


def answer_finish(
    *, answer: Message, draft: AnswerDraft, status: str, ms: int, event_seq: int, error: tuple[str, str] = ("", "")
) -> None:
    """Write an answer's final state, its passages, citations and steps, in one transaction.

    Does nothing for an answer that somebody else has finished.
    """
    with transaction.atomic():
        locked = Message.objects.select_for_update().running().filter(pk=answer.pk).first()
        if locked is None:
            return
        locked.text = draft.text
        locked.status = status
        locked.error_code, locked.error_message = error[0][:60], error[1][:500]
        locked.ms = (locked.ms or 0) + ms
        locked.stop_wanted = False
        if not draft.goes_on:
            locked.filters = [each.model_dump(mode="json", exclude={"label"}) for each in draft.filters]
        locked.event_seq = max(event_seq, locked.event_seq)
        locked.save()
        places = {passage.chunk_id: (passage.version_id, passage.source_id) for passage in draft.passages}
        passages = [] if draft.goes_on else draft.passage_payloads()
        save_sources(locked, passages, draft.citations[draft.kept :], places)
        first = locked.steps.count() if draft.goes_on else 0
        TraceStep.objects.bulk_create(_trace_row(locked, n, step) for n, step in enumerate(draft.steps, start=first))


def _trace_row(answer: Message, ordinal: int, step: StepDone) -> TraceStep:
    # As expressions the values go into the statement as they are. Plain ones Django puts into arrays, where every quote
    # of a prompt is escaped once more, in Python: a third of what storing an answer took.
    read, written = (Value(each, JSONField()) for each in (step.input, step.output))
    return TraceStep(message=answer, ordinal=ordinal, name=step.name, input=read, output=written, ms=step.ms)


def messages_seen(*, message_ids: Sequence[UUID], event_seq: int) -> None:
    """Note the number of the last event that announced messages: a question's answer is announced right behind it."""
    Message.objects.filter(pk__in=message_ids, event_seq__lt=event_seq).update(event_seq=event_seq)
