"""Answers as they are written: one asyncio task each in the web process, tied to no socket.

The task appends what it makes to the conversation's stream and writes the rows once, at the end. While it lives it
keeps a key in Valkey alive; an answer whose key is gone has lost its process, and whoever notices first rebuilds what
had come from the stream and marks it interrupted.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import redis.exceptions
from channels.db import database_sync_to_async
from django.utils.translation import gettext as _

from accounts.models import User
from chat.answering import AnswerDraft, AnsweringPart, FiltersSaid, PassagesFound, StepDone, answer
from chat.errors import ChatError, not_found
from chat.events import (
    AnswerCitation,
    AnswerCompleted,
    AnswerDelta,
    AnswerFilters,
    AnswerPassages,
    AnswerStep,
    ChatEvent,
    ConversationBranch,
    MessageCreated,
    MessagePayload,
    StepPayload,
    message_payload,
)
from chat.events.keys import alive_key, stop_key, stream_key
from chat.models import Conversation, Message, Status
from chat.services.answers import answer_finish, message_seen
from chat.services.asking import Begun
from documents.errors import DocumentsError
from live.hub import current_hub
from live.stream import aappend
from rag.errors import RagError
from rag.generation import TextDelta

log = logging.getLogger(__name__)

HEARTBEAT_S = 1.0
ALIVE_S = 10
RETRY_S = 0.5
LIMIT_S = 15 * 60
"""No answer is written for longer than this."""

NO_ERROR = ("", "")

Publish = Callable[[ChatEvent], Awaitable[None]]
_tasks: dict[UUID, asyncio.Task[None]] = {}


class Publisher:
    """Appends events to a stream in order, many at once when they come faster than Valkey takes them."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._events: list[ChatEvent] = []
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._send_forever())
        self.seq = 0

    async def put(self, event: ChatEvent) -> None:
        """Queue an event; text that follows text is joined."""
        last = self._events[-1] if self._events else None
        if isinstance(event, AnswerDelta) and isinstance(last, AnswerDelta):
            self._events[-1] = last.model_copy(update={"text": last.text + event.text})
        else:
            self._events.append(event)
        self._wake.set()

    async def close(self) -> int:
        """Append what is left; the last event's number. Without Valkey the open pages wait for the stored answer."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._flush()
        return self.seq

    async def _flush(self) -> None:
        events, self._events = self._events, []
        if not events:
            return
        try:
            self.seq = await aappend(current_hub().client, self._key, *events)
        except redis.exceptions.RedisError as problem:
            log.warning("%s: events wait, Valkey does not take them: %s", self._key, problem)
            self._events = events + self._events

    async def _send_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            # Shielded: a cancel between Valkey's append and its reply would lose the number and repeat the events.
            await asyncio.shield(self._flush())
            if self._events:
                await asyncio.sleep(RETRY_S)
                self._wake.set()


async def announce(begun: Begun, request_id: str | None, reader: User) -> None:
    """Append the question and the beginning answer to the conversation's stream."""
    assert begun.conversation is not None
    assert begun.asked is not None
    conversation_id = begun.conversation.pk
    announced = [begun.answer.pk] if begun.is_again else [begun.asked.pk, begun.answer.pk]
    for message_id in announced:
        payload = await database_sync_to_async(_payload)(message_id, reader)
        event = MessageCreated(
            conversation_id=conversation_id, message=payload, request_id=request_id, replaces=begun.replaces
        )
        seq = await aappend(current_hub().client, stream_key(conversation_id), event)
        await database_sync_to_async(message_seen)(message_id=message_id, event_seq=seq)


async def announce_branch(conversation: Conversation) -> None:
    """Tell the open pages which branch is shown now."""
    assert conversation.leaf_id is not None
    event = ConversationBranch(conversation_id=conversation.pk, leaf=conversation.leaf_id)
    await aappend(current_hub().client, stream_key(conversation.pk), event)


def _payload(message_id: UUID, reader: User) -> MessagePayload:
    return message_payload(Message.objects.with_citations().get(pk=message_id), reader, with_passages=False)


def start(begun: Begun) -> None:
    """Let the answer be written in the background of this process."""
    task = asyncio.create_task(_run_in_conversation(begun))
    _tasks[begun.answer.pk] = task
    task.add_done_callback(lambda _task: _tasks.pop(begun.answer.pk, None))


async def answer_stop(*, user: User, message_id: UUID) -> None:
    """End an answer that is being written, here or in another process; what came is kept."""
    visible = Message.objects.visible_to(user).filter(pk=message_id)
    message = await database_sync_to_async(visible.first)()
    if message is None:
        raise not_found(_("answer"))
    if message.status != Status.RUNNING:
        raise ChatError("answer_not_running", _("This answer has ended already."), 409)
    await current_hub().client.set(stop_key(message_id), "1", ex=60)
    task = _tasks.get(message_id)
    if task:
        task.cancel()


async def write_answer(begun: Begun, publish: Publish, last_seq: Callable[[], Awaitable[int]]) -> Message | None:
    """Write one answer to its end, whatever the end is, and store it.

    The finished row with its sources, or None when it was deleted meanwhile.
    """
    draft = AnswerDraft()
    started = time.perf_counter()
    heartbeat = asyncio.create_task(_keep_alive(begun.answer.pk, asyncio.current_task()))
    try:
        status, error = await _outcome(begun, draft, publish)
        ms = round((time.perf_counter() - started) * 1000)
        finish = database_sync_to_async(answer_finish)
        await finish(answer=begun.answer, draft=draft, status=status, ms=ms, event_seq=await last_seq(), error=error)
        return await database_sync_to_async(Message.objects.with_sources().filter(pk=begun.answer.pk).first)()
    finally:
        heartbeat.cancel()
        with contextlib.suppress(redis.exceptions.RedisError):
            await current_hub().client.delete(alive_key(begun.answer.pk), stop_key(begun.answer.pk))


async def _outcome(begun: Begun, draft: AnswerDraft, publish: Publish) -> tuple[str, tuple[str, str]]:
    """Run the pipeline into ``draft``; how it ended, and the error as code and sentence."""
    try:
        async with asyncio.timeout(LIMIT_S):
            await _run_pipeline(begun, draft, publish)
    except asyncio.CancelledError:
        # Either somebody pressed stop, or this process is told to end. What came is stored in both cases, so the
        # cancellation ends here.
        stopped = False
        with contextlib.suppress(redis.exceptions.RedisError):
            stopped = bool(await current_hub().client.exists(stop_key(begun.answer.pk)))
        return (Status.STOPPED if stopped else Status.INTERRUPTED), NO_ERROR
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

    row = await write_answer(begun, publish or ignore, no_seq)
    if row is None:
        raise not_found(_("answer"))
    return row


async def _run_in_conversation(begun: Begun) -> None:
    assert begun.conversation is not None
    conversation_id = begun.conversation.pk
    publisher = Publisher(stream_key(conversation_id))
    try:
        row = await write_answer(begun, publisher.put, publisher.close)
    finally:
        await publisher.close()
    if row is not None:
        payload = await database_sync_to_async(message_payload)(row, begun.question.user, with_passages=False)
        completed = AnswerCompleted(conversation_id=conversation_id, message=payload)
        try:
            await aappend(current_hub().client, stream_key(conversation_id), completed)
        except redis.exceptions.RedisError as problem:
            log.warning("answer %s is stored, open pages learn of it when they reload: %s", row.pk, problem)


async def _keep_alive(message_id: UUID, task: "asyncio.Task[Any] | None") -> None:
    while True:
        try:
            async with current_hub().client.pipeline(transaction=False) as pipe:
                pipe.set(alive_key(message_id), "1", ex=ALIVE_S)
                pipe.exists(stop_key(message_id))
                _set, stop = await pipe.execute()
        except redis.exceptions.RedisError as problem:
            log.warning("answer %s: no heartbeat: %s", message_id, problem)
        else:
            if stop and task:
                task.cancel()
                return
        await asyncio.sleep(HEARTBEAT_S)


async def _run_pipeline(begun: Begun, draft: AnswerDraft, publish: Publish) -> None:
    parts = answer(begun.assistant, begun.question)
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
