"""Answers as they are written: one asyncio task each in the web process, tied to no socket.

The task appends what it makes to the conversation's stream and writes the rows once, at the end. While it lives it
keeps a key in Valkey alive; an answer whose key is gone has lost its process, and whoever notices first rebuilds what
had come from the stream and marks it interrupted.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar
from uuid import UUID

import redis.exceptions
from channels.db import database_sync_to_async
from django.utils.translation import gettext as _

from accounts.models import User
from chat.answering import AnswerDraft, AnsweringPart, FiltersSaid, PassagesFound, StepDone, answer, go_on
from chat.answering.sources import Saved
from chat.errors import ChatError, not_found
from chat.events import (
    AnswerCitation,
    AnswerCompleted,
    AnswerDelta,
    AnswerFilters,
    AnswerPassages,
    AnswerResumed,
    AnswerStep,
    ChatEvent,
    ConversationBranch,
    MessageCreated,
    MessagePayload,
    StepPayload,
    finished_payload,
    message_payload,
    new_message_payloads,
)
from chat.events.keys import alive_key, stop_key, stream_key
from chat.models import Conversation, Message, Status
from chat.services.answers import answer_finish, answer_stop_wanted, messages_seen
from chat.services.asking import Begun
from chat.services.heartbeats import Run, current_heart
from chat.services.publishing import Publisher, tell
from documents.errors import DocumentsError
from live.hub import current_hub
from rag.errors import RagError
from rag.generation import TextDelta

log = logging.getLogger(__name__)

SETTLE_S = 5.0
"""So long the last words may take to Valkey before the answer is stored without them having arrived."""

PATIENCE_S = 300.0
"""So long what is stored waits to be told to the open pages."""

LAST_LOOKS, LAST_LOOK_S = 100, 0.02
"""So often a process that is told to end looks whether its answers are stored, and how long it waits in between."""

LIMIT_S = 15 * 60
"""No answer is written for longer than this."""

NO_ERROR = ("", "")

Publish = Callable[[ChatEvent], Awaitable[None]]
Read = TypeVar("Read")

_runs: dict[UUID, Run] = {}
_tasks: set["asyncio.Task[None]"] = set()


async def begin(begun: Begun, request_id: str | None, reader: User) -> bool:
    """Tell the open pages of the question and its answer, and let that be written; whether they were told.

    While Valkey takes nothing, what was to be told waits with what is written, which is stored in any case.
    """
    events = await announcement(begun, request_id, reader)
    try:
        await announce(begun, events)
    except redis.exceptions.RedisError as problem:
        log.warning("answer %s: nobody is told yet that it begins: %s", begun.answer.pk, problem)
        _start(begun, events)
        return False
    _start(begun)
    return True


async def announcement(begun: Begun, request_id: str | None, reader: User) -> list[ChatEvent]:
    """The events that tell of the question and the beginning answer, or that it goes on."""
    assert begun.conversation is not None
    conversation_id = begun.conversation.pk
    if begun.so_far is not None:
        return [AnswerResumed(conversation_id=conversation_id, message_id=begun.answer.pk)]
    messages = _announced(begun)
    if any(each.scope for each in messages):
        payloads = await database_sync_to_async(new_message_payloads, thread_sensitive=False)(messages, reader)
    else:
        payloads = new_message_payloads(messages, reader)
    return [
        MessageCreated(conversation_id=conversation_id, message=each, request_id=request_id, replaces=begun.replaces)
        for each in payloads
    ]


async def announce(begun: Begun, events: Sequence[ChatEvent]) -> None:
    """Append these events to the conversation's stream. Raises RedisError.

    Rows that do not have the number get it meanwhile. A page that comes before is told all of the stream.
    """
    assert begun.conversation is not None
    if begun.so_far is not None:
        # A stop from before must not end it again.
        await current_hub().client.delete(stop_key(begun.answer.pk))
    seq = await tell(stream_key(begun.conversation.pk), *events, first=begun.first)
    late = [each.pk for each in _announced(begun) if each.event_seq != seq]
    if late:
        seen = database_sync_to_async(messages_seen, thread_sensitive=False)
        _background(seen(message_ids=late, event_seq=seq))


def _announced(begun: Begun) -> list[Message]:
    """The rows that are new to the open pages; an answer that goes on has a new number."""
    if begun.asked is None or begun.is_again or begun.so_far is not None:
        return [begun.answer]
    return [begun.asked, begun.answer]


async def announce_branch(conversation: Conversation) -> None:
    """Tell the open pages which branch is shown now."""
    assert conversation.leaf_id is not None
    await tell(
        stream_key(conversation.pk), ConversationBranch(conversation_id=conversation.pk, leaf=conversation.leaf_id)
    )


def _start(begun: Begun, untold: Sequence[ChatEvent] = ()) -> None:
    """Let the answer be written in the background of this process; its stream gets what is ``untold`` first."""
    _runs[begun.answer.pk] = Run()
    _background(_run_in_conversation(begun, untold))


def _background(work: Coroutine[Any, Any, None]) -> None:
    """Let it run to its end, whoever began it."""
    task = asyncio.create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def answer_stop(*, user: User, message_id: UUID) -> None:
    """End an answer that is being written, here or in another process; what came is kept.

    It stands in the row before anything else: a process that dies, or Valkey when it forgets, cannot lose it.
    """
    await database_sync_to_async(answer_stop_wanted, thread_sensitive=False)(user=user, message_id=message_id)
    run = _runs.get(message_id)
    if run:
        run.stop()
        return
    try:
        await current_hub().client.set(stop_key(message_id), "1", ex=60)
    except redis.exceptions.RedisError as problem:
        log.warning("answer %s: its process finds in its row that it is to stop: %s", message_id, problem)


async def interrupt_all() -> None:
    """End all answers of this process and wait until what there is of them is stored, for two seconds at most.

    Called while everything works that an answer needs for that: the end of the event loop cancels all at once.
    """
    for run in list(_runs.values()):
        run.interrupt()
    for _look in range(LAST_LOOKS):
        if not _runs and not _tasks:
            return
        await asyncio.sleep(LAST_LOOK_S)


async def write_answer(
    begun: Begun, publish: Publish, last_seq: Callable[[], Awaitable[int]], read: Callable[[Saved | None], Read]
) -> Read:
    """Write one answer to its end, whatever the end is, and store it.

    What ``read`` returns of the stored answer and of what was saved with it, if it was saved here; it is called in the
    thread that stored it, in which it may block.
    """
    draft = AnswerDraft() if begun.so_far is None else AnswerDraft.going_on(begun.so_far)
    started = time.perf_counter()
    run = _runs.setdefault(begun.answer.pk, Run())
    try:
        with current_heart().beats(begun.answer.pk, run):
            status, error = await _outcome(begun, draft, publish, run)
            ms = round((time.perf_counter() - started) * 1000)
            event_seq = await last_seq()

            def finish() -> Read:
                return read(
                    answer_finish(
                        answer=begun.answer, draft=draft, status=status, ms=ms, event_seq=event_seq, error=error
                    )
                )

            return await database_sync_to_async(finish, thread_sensitive=False)()
    finally:
        _runs.pop(begun.answer.pk, None)
        with contextlib.suppress(redis.exceptions.RedisError):
            await current_hub().client.delete(alive_key(begun.answer.pk), stop_key(begun.answer.pk))


async def _outcome(begun: Begun, draft: AnswerDraft, publish: Publish, run: Run) -> tuple[str, tuple[str, str]]:
    """Run the pipeline into ``draft``; how it ended, and the error as code and sentence."""
    # A task of its own: a stop ends the writing alone, never what stores the answer and tells of it.
    writing = asyncio.create_task(_run_pipeline(begun, draft, publish))
    run.begin(writing)
    try:
        async with asyncio.timeout(LIMIT_S):
            await writing
    except asyncio.CancelledError:
        # Either somebody pressed stop, or this process is told to end. What came is stored in both cases, so the
        # cancellation ends here.
        return (Status.STOPPED if run.stopped else Status.INTERRUPTED), NO_ERROR
    except (RagError, DocumentsError, ChatError) as problem:
        log.warning("answer %s failed: %s", begun.answer.pk, problem)
        return Status.FAILED, (problem.code, problem.message)
    except TimeoutError:
        return Status.FAILED, ("answer_too_long", _("The answer took too long and was ended. Try again."))
    except Exception:
        log.exception("answer %s failed", begun.answer.pk)
        message = _("Something went wrong while answering. Try again; if it stays, tell an admin.")
        return Status.FAILED, ("server_error", message)
    return (Status.REFUSED if draft.refused else Status.COMPLETE), NO_ERROR


async def answer_once(begun: Begun, publish: Publish | None = None) -> Message:
    """Write an answer outside any conversation; ``publish`` gets its events as they come."""

    async def ignore(event: ChatEvent) -> None:
        return None

    async def no_seq() -> int:
        return 0

    def stored(saved: Saved | None) -> Message | None:
        return Message.objects.with_sources().filter(pk=begun.answer.pk).first()

    row = await write_answer(begun, publish or ignore, no_seq, stored)
    if row is None:
        raise not_found(_("answer"))
    return row


async def _run_in_conversation(begun: Begun, untold: Sequence[ChatEvent]) -> None:
    assert begun.conversation is not None
    conversation_id = begun.conversation.pk
    publisher = Publisher(stream_key(conversation_id), begun.first if untold else None)
    for event in untold:
        await publisher.put(event)
    patience_s = SETTLE_S

    def told(saved: Saved | None) -> MessagePayload | None:
        if saved is not None and begun.so_far is None:
            return finished_payload(begun.answer, saved.passages, saved.citations)
        row = Message.objects.with_citations().filter(pk=begun.answer.pk).first()
        return message_payload(row, begun.question.user, with_passages=False) if row else None

    try:
        payload = await write_answer(begun, publisher.put, lambda: publisher.settle(SETTLE_S), told)
        if payload is not None:
            await publisher.put(AnswerCompleted(conversation_id=conversation_id, message=payload))
            # A process that is told to end has not the time to wait for Valkey.
            patience_s = SETTLE_S if payload.status == Status.INTERRUPTED.value else PATIENCE_S
    finally:
        await publisher.close(patience_s)


async def _run_pipeline(begun: Begun, draft: AnswerDraft, publish: Publish) -> None:
    if begun.so_far is None:
        parts = answer(begun.assistant, begun.question)
    else:
        parts = go_on(begun.assistant, begun.question, begun.so_far)
    async with contextlib.aclosing(parts):
        async for part in parts:
            for event in events_of(begun, draft, part):
                await publish(event)


def events_of(begun: Begun, draft: AnswerDraft, part: AnsweringPart) -> list[ChatEvent]:
    """Take a part into the draft and name the events that tell a browser about it."""
    conversation_id = begun.conversation.pk if begun.conversation else None
    place: dict[str, Any] = {"conversation_id": conversation_id, "message_id": begun.answer.pk}
    offset = len(draft.text)
    citation = draft.add(part)
    match part:
        case TextDelta(text):
            return [AnswerDelta(**place, offset=offset, text=text)]
        case StepDone():
            return [AnswerStep(**place, step=StepPayload(name=part.name, ms=part.ms, summary=part.summary))]
        case FiltersSaid(filters):
            return [AnswerFilters(**place, filters=list(filters))]
        case PassagesFound():
            return [AnswerPassages(**place, passages=draft.passage_payloads())]
    return [AnswerCitation(**place, citation=citation)] if citation else []
