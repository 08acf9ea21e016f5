"""Appends to streams from an event loop, all that come meanwhile in one round trip.

A hundred answers that are written at once append thousands of times a second. Sent alone each append costs more in the
client than in Valkey; so the first goes at once, and what comes until its reply goes together.
"""

import asyncio
import contextlib
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import redis.asyncio
import redis.exceptions

from live.events import LiveEvent
from live.stream import APPEND, LIFETIME_S, MAX_LENGTH, Entry, payload_of, seq_of

SCRIPT = hashlib.sha1(APPEND.encode(), usedforsecurity=False).hexdigest()
"""Valkey's name of the script, once it has it."""

TOGETHER = 500
"""Appends of one round trip."""

REST_S = 0.01
"""After appends that went together the next ones wait so long for more: of many answers that are written at once each
token would have a round trip of its own, dearer than the append. One answer alone is never held up."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Names what one writer appends: a batch that is sent again, because no reply came, is taken once.

    ``number`` counts up; only the writer's last batch is remembered.
    """

    writer: str
    number: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    key: str
    payloads: list[str]
    words: tuple[Any, ...]
    reply: "asyncio.Future[bytes]"


class Appends:
    """What one event loop appends. The appends of one stream are taken in the order in which they were asked for.

    ``tell`` is called with the key and the events of each append when it has been taken, in the same order.
    """

    def __init__(self, client: redis.asyncio.Redis, tell: Callable[[str, list[Entry]], None]) -> None:
        self._client = client
        self._tell = tell
        self._waiting: deque[_Waiting] = deque()
        self._sending: asyncio.Task[None] | None = None

    async def append(self, key: str, *events: LiveEvent, batch: Batch | None = None, first: int | None = None) -> int:
        """Append events in order, all or none, and return the last one's number. Raises RedisError.

        With a ``batch`` it may be called again when it failed: whether or not they had arrived, they stand there once.
        ``first`` is the number of the first event, if the stream begins with it.
        """
        keys = [key, f"{key}:appended:{batch.writer}"] if batch else [key]
        number = str(batch.number) if batch else ""
        payloads = [payload_of(event) for event in events]
        begins = "" if first is None else str(first)
        words = (len(keys), *keys, str(MAX_LENGTH), str(LIFETIME_S), number, begins, *payloads)
        waiting = _Waiting(key, payloads, words, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())
        return seq_of(await waiting.reply)

    async def close(self) -> None:
        """End; who still waits for a reply is cancelled."""
        if self._sending:
            self._sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sending

    async def _send(self) -> None:
        together: list[_Waiting] = []
        try:
            while self._waiting:
                together = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
                self._answer(together, await self._sent(together))
                if len(together) > 1:
                    await asyncio.sleep(REST_S)
        finally:
            for each in (*together, *self._waiting):
                each.reply.cancel()
            self._waiting.clear()

    async def _sent(self, together: Sequence[_Waiting]) -> Sequence[Any]:
        """A reply or an error for each."""
        try:
            replies = await self._piped(together)
            missing = [n for n, reply in enumerate(replies) if isinstance(reply, redis.exceptions.NoScriptError)]
            if missing:
                # None of these was taken. Valkey has been restarted, or has never had the script.
                await self._client.script_load(APPEND)
                for n, reply in zip(missing, await self._piped([together[n] for n in missing]), strict=True):
                    replies[n] = reply
        except redis.exceptions.RedisError as problem:
            return [problem] * len(together)
        return replies

    async def _piped(self, together: Sequence[_Waiting]) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipe:
            for each in together:
                cast(Any, pipe).evalsha(SCRIPT, *each.words)
            return await pipe.execute(raise_on_error=False)

    def _answer(self, together: Sequence[_Waiting], replies: Sequence[Any]) -> None:
        for each, reply in zip(together, replies, strict=True):
            if not isinstance(reply, BaseException):
                first = seq_of(reply) - len(each.payloads) + 1
                self._tell(each.key, [Entry(first + n, payload) for n, payload in enumerate(each.payloads)])
            if each.reply.done():  # nobody waits any more
                continue
            if isinstance(reply, BaseException):
                each.reply.set_exception(reply)
            else:
                each.reply.set_result(reply)
