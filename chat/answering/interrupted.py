"""Answers that lost their process: what had come is rebuilt from the stream, and they are marked interrupted.

One that went on from where it had ended has its beginning in its row; the stream has what came after.
"""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from chat.answering.sources import save_sources
from chat.events import (
    CHAT_EVENT,
    AnswerCitation,
    AnswerCompleted,
    AnswerDelta,
    AnswerFilters,
    AnswerPassages,
    CitationPayload,
    PassagePayload,
    message_payload,
)
from chat.events.keys import alive_key, stream_key
from chat.models import Message, Status
from documents.models import Chunk
from live.stream import append, entries_of, entry_id, sync_client

log = logging.getLogger(__name__)

GRACE = timedelta(seconds=15)
"""A fresh answer may not have its first heartbeat yet."""

SECOND_LOOK_S = 3
"""Valkey may just have come back without the keys; a living answer writes its key again every second."""

MOST_AT_ONCE = 500


def mark_interrupted() -> int:
    """Mark every running answer that no process is writing; how many there were."""
    begun = Message.objects.running().alias(begun=Coalesce("begun_at", "created_at"))
    old = begun.filter(begun__lt=timezone.now() - GRACE)
    lost = _without_heartbeat(list(old.values_list("pk", flat=True)[:MOST_AT_ONCE]))
    if lost:
        time.sleep(SECOND_LOOK_S)
        lost = _without_heartbeat(lost)
    return sum(_interrupt(message_id) for message_id in lost)


def _without_heartbeat(message_ids: Sequence[UUID]) -> list[UUID]:
    if not message_ids:
        return []
    alive = cast(list[Any], sync_client().mget([alive_key(message_id) for message_id in message_ids]))
    return [message_id for message_id, key in zip(message_ids, alive, strict=True) if key is None]


def _interrupt(message_id: UUID) -> bool:
    with transaction.atomic():
        answer = Message.objects.select_for_update(of=("self",)).running().filter(pk=message_id).first()
        if answer is None:
            return False
        if answer.conversation_id is not None:
            _apply_stream(answer, stream_key(answer.conversation_id))
        answer.status = Status.STOPPED if answer.stop_wanted else Status.INTERRUPTED
        answer.stop_wanted = False
        answer.save()
    log.warning("answer %s lost its process and is marked %s", message_id, answer.status)
    if answer.conversation_id is not None:
        row = Message.objects.with_citations().get(pk=message_id)
        payload = message_payload(row, answer.asked_by, with_passages=False)
        append(
            stream_key(answer.conversation_id), AnswerCompleted(conversation_id=answer.conversation_id, message=payload)
        )
    return True


def _apply_stream(answer: Message, key: str) -> None:
    rows = cast(Any, sync_client().xrange(key, f"({entry_id(answer.event_seq)}", "+"))
    passages: list[PassagePayload] = []
    citations: list[CitationPayload] = []
    known = set(answer.citations.values_list("number", "start", "end"))
    for entry in entries_of(rows):
        event = CHAT_EVENT.validate_json(entry.json())
        if getattr(event, "message_id", None) != answer.pk:
            continue
        answer.event_seq = entry.seq
        match event:
            case AnswerDelta():
                answer.text = answer.text[: event.offset] + event.text
            case AnswerFilters():
                answer.filters = [each.model_dump(mode="json", exclude={"label"}) for each in event.filters]
            case AnswerPassages():
                passages = event.passages
            case AnswerCitation():
                place = (event.citation.number, event.citation.start, event.citation.end)
                if place not in known:
                    known.add(place)
                    citations.append(event.citation)
    chunks = Chunk.objects.in_bulk([passage.chunk_id for passage in passages])
    places = {chunk.pk: (chunk.version_id, chunk.source_id) for chunk in chunks.values()}
    save_sources(answer, passages, citations, places)
