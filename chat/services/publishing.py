"""Events on their way to a conversation's stream. Valkey may be slow or away: they wait, in order, and come once."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from itertools import groupby
from typing import cast
from uuid import uuid4

import redis.exceptions

from chat.events import AnswerDelta, ChatEvent
from live.appending import Batch
from live.hub import current_hub

log = logging.getLogger(__name__)

RETRY_S = 0.5
TELL_S = 4.0
"""So long somebody who asked something waits for Valkey, and for one reply more: a page gives up a little later."""


async def tell(key: str, *events: ChatEvent, first: int | None = None) -> int:
    """Append events, trying again while Valkey does not take them; the last one's number. Raises RedisError.

    ``first``: as for ``Appends.append``.
    """
    batch = Batch(uuid4().hex, 0)
    deadline = time.monotonic() + TELL_S
    while True:
        try:
            return await current_hub().appends.append(key, *events, batch=batch, first=first)
        except redis.exceptions.RedisError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(RETRY_S)


class Publisher:
    """Appends events to a stream in order, many at once when they come faster than Valkey takes them.

    ``first``: as for ``Appends.append``, of the first append.
    """

    def __init__(self, key: str, first: int | None = None) -> None:
        self._key = key
        self._first = first
        self._events: list[ChatEvent] = []
        self._batch: list[ChatEvent] = []
        self._name = Batch(uuid4().hex, 0)
        self._sending = asyncio.Lock()
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._send_forever())
        self.seq = 0

    async def put(self, event: ChatEvent) -> None:
        """Queue an event."""
        self._events.append(event)
        self._wake.set()

    async def settle(self, patience_s: float) -> int:
        """Append what waits, for at most about ``patience_s``; the number of the last event that was taken."""
        deadline = time.monotonic() + patience_s
        while not await self._flushed():
            if time.monotonic() > deadline:
                log.warning("%s: Valkey does not take the last events, they are given up", self._key)
                break
            await asyncio.sleep(RETRY_S)
        return self.seq

    async def close(self, patience_s: float) -> None:
        """Append what is left and end; see ``settle``."""
        try:
            await self.settle(patience_s)
        finally:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _flushed(self) -> bool:
        """Append what waits; whether Valkey took all of it.

        A batch without a reply is sent again as it was, by its name: it may have been taken.
        """
        async with self._sending:
            while self._batch or self._events:
                if not self._batch:
                    self._batch, self._events = _joined(self._events), []
                try:
                    self.seq = await current_hub().appends.append(
                        self._key, *self._batch, batch=self._name, first=self._first
                    )
                except redis.exceptions.RedisError as problem:
                    log.warning("%s: events wait, Valkey does not take them: %s", self._key, problem)
                    return False
                self._batch, self._first = [], None
                self._name = Batch(self._name.writer, self._name.number + 1)
            return True

    async def _send_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not await self._flushed():
                await asyncio.sleep(RETRY_S)
                self._wake.set()


def _joined(events: Sequence[ChatEvent]) -> list[ChatEvent]:
    """The same with each run of text as one event."""
    joined: list[ChatEvent] = []
    for is_text, run in groupby(events, lambda each: isinstance(each, AnswerDelta)):
        first, *more = run
        if is_text and more:
            text = "".join(cast(AnswerDelta, each).text for each in (first, *more))
            joined.append(first.model_copy(update={"text": text}))
        else:
            joined += [first, *more]
    return joined
