"""Signs of life of the answers that this process writes, all in one round trip, and word of those that are to stop."""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakKeyDictionary

import redis.exceptions
from channels.db import database_sync_to_async
from django.db import DatabaseError

from chat.events.keys import alive_key, stop_key
from chat.models import Message
from live.hub import current_hub

log = logging.getLogger(__name__)

HEARTBEAT_S = 1.0
ALIVE_S = 10
ROW_EVERY = 5
"""Heartbeats from one look into the rows to the next, for a stop that Valkey has lost."""


@dataclass(slots=True)
class Run:
    """An answer that this process writes. ``stopped``: somebody asked for its end, which is no failure.

    ``interrupted``: this process is told to end.
    """

    stopped: bool = False
    interrupted: bool = False
    writing: "asyncio.Task[None] | None" = None

    def begin(self, writing: "asyncio.Task[None]") -> None:
        """Take the task that writes; it may be stopped already."""
        self.writing = writing
        if self.stopped or self.interrupted:
            writing.cancel()

    def stop(self) -> None:
        """End the writing, and with it the request to the model; once, whoever hears of it how often."""
        if not self.stopped:
            self.stopped = True
            if self.writing:
                self.writing.cancel()

    def interrupt(self) -> None:
        """End the writing as this process ends."""
        self.interrupted = True
        if self.writing:
            self.writing.cancel()


class Heart:
    """Beats for all answers of one event loop: once for each that begins, then every ``HEARTBEAT_S``."""

    def __init__(self) -> None:
        self._runs: dict[UUID, Run] = {}
        self._begun: list[UUID] = []
        self._wake = asyncio.Event()
        self._beating: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def beats(self, message_id: UUID, run: Run) -> Iterator[None]:
        """Keep this answer alive meanwhile, and stop it when somebody asks for it."""
        self._runs[message_id] = run
        self._begun.append(message_id)
        self._wake.set()
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._beat_on())
        try:
            yield
        finally:
            self._runs.pop(message_id, None)

    async def _beat_on(self) -> None:
        for beat in itertools.count(1):
            due = time.monotonic() + HEARTBEAT_S
            self._begun.clear()
            await self._beat(list(self._runs), look=beat % ROW_EVERY == 0)
            while (left := due - time.monotonic()) > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._wake.wait()
                self._wake.clear()
                begun, self._begun = self._begun, []
                await self._beat([each for each in begun if each in self._runs], look=False)
            if not self._runs:
                return

    async def _beat(self, alive: Sequence[UUID], *, look: bool) -> None:
        if not alive:
            return
        wanted: set[UUID] = set()
        try:
            async with current_hub().client.pipeline(transaction=False) as pipe:
                for each in alive:
                    pipe.set(alive_key(each), "1", ex=ALIVE_S)
                pipe.mget([stop_key(each) for each in alive])
                *_set, stops = await pipe.execute()
            wanted = {each for each, stop in zip(alive, stops, strict=True) if stop}
        except redis.exceptions.RedisError as problem:
            log.warning("%d answers: no heartbeat: %s", len(alive), problem)
        if look:
            wanted |= await _stops_in_rows(alive)
        for each in wanted:
            if run := self._runs.get(each):
                run.stop()


async def _stops_in_rows(message_ids: Sequence[UUID]) -> set[UUID]:
    def wanted() -> set[UUID]:
        return set(Message.objects.filter(pk__in=message_ids, stop_wanted=True).values_list("pk", flat=True))

    try:
        return await database_sync_to_async(wanted, thread_sensitive=False)()
    except DatabaseError as problem:
        log.warning("%d answers: their rows cannot be read: %s", len(message_ids), problem)
        return set()


_hearts: "WeakKeyDictionary[asyncio.AbstractEventLoop, Heart]" = WeakKeyDictionary()


def current_heart() -> Heart:
    """The heart of the running event loop, made on first use."""
    loop = asyncio.get_running_loop()
    heart = _hearts.get(loop)
    if heart is None:
        heart = _hearts[loop] = Heart()
    return heart
