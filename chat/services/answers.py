"""Writes of an answer that is there: that it is to stop, its end, and what was announced of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, JSONField, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from accounts.models import User
from chat.answering import AnswerDraft, StepDone
from chat.answering.sources import Saved, save_sources
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
) -> Saved | None:
    """Write an answer's final state, its passages, citations and steps, in one transaction; what was written.

    None, and nothing is written, for an answer that somebody else has finished. ``answer`` is brought up to its row.
    """
    known: dict[str, Any] = {
        "text": draft.text,
        "status": str(status),
        "error_code": error[0][:60],
        "error_message": error[1][:500],
        "stop_wanted": False,
    }
    if not draft.goes_on:
        known["filters"] = [each.model_dump(mode="json", exclude={"label"}) for each in draft.filters]
    counted = {"ms": Coalesce(F("ms"), 0) + ms, "event_seq": Greatest(F("event_seq"), event_seq)}
    with transaction.atomic():
        # Who changes the row from running has the answer: this locks it, and says whether it was there to be had.
        if not Message.objects.running().filter(pk=answer.pk).update(**known, **counted):
            return None
        for name, value in known.items():
            setattr(answer, name, value)
        answer.ms, answer.event_seq = (answer.ms or 0) + ms, max(answer.event_seq, event_seq)
        places = {passage.chunk_id: (passage.version_id, passage.source_id) for passage in draft.passages}
        passages = [] if draft.goes_on else draft.passage_payloads()
        saved = save_sources(answer, passages, draft.citations[draft.kept :], places)
        first = answer.steps.count() if draft.goes_on else 0
        TraceStep.objects.bulk_create(_trace_row(answer, n, step) for n, step in enumerate(draft.steps, start=first))
        return saved


def _trace_row(answer: Message, ordinal: int, step: StepDone) -> TraceStep:
    # As expressions the values go into the statement as they are. Plain ones Django puts into arrays, where every quote
    # of a prompt is escaped once more, in Python: a third of what storing an answer took.
    read, written = (Value(each, JSONField()) for each in (step.input, step.output))
    return TraceStep(message=answer, ordinal=ordinal, name=step.name, input=read, output=written, ms=step.ms)


def messages_seen(*, message_ids: Sequence[UUID], event_seq: int) -> None:
    """Note the number of the last event that announced messages: a question's answer is announced right behind it."""
    Message.objects.filter(pk__in=message_ids, event_seq__lt=event_seq).update(event_seq=event_seq)
