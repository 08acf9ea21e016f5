"""One blocking read per process for all the streams its sockets follow.

A socket of its own connection to Valkey would be simpler, and five thousand idle sockets would then be five thousand
connections. Here one task reads all followed streams with one XREAD and hands each event to the followers of its
stream. A stream of the hub's own wakes the read when the set of streams has changed.

What this process appends itself, the tokens of an answer, needs no reading: the reply to the append says which numbers
its events have, and they are handed on at once. While that goes on the read leaves the stream out. An event that
another process appends meanwhile makes a gap in the numbers, and the followers then read the stream themselves.
"""

import asyncio
import contextlib
import logging
import uuid
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, cast
from weakref import WeakKeyDictionary

import redis.asyncio
import redis.exceptions

from live.appending import Appends
from live.stream import Entry, async_client, entries_of, entry_id, read_after

log = logging.getLogger(__name__)

BLOCK_MS = 5_000
PATIENCE_S = BLOCK_MS / 1_000 + 5
"""A read that says nothing for longer, though it was to end before, has lost its connection."""

REST_S, LONGEST_REST_S = 0.0001, 0.01
"""A read that brought something is followed by a rest, this long for each stream: a read names them all, so that of
many it had better bring much."""

RETRY_S = 0.5
WAKES = 5
"""Tries to wake the read; after them it sees a new stream when its time is over."""

CANCELS, CANCEL_S = 10, 0.5
"""Tries to end the read, and how long each of them is waited for."""

QUIET_S = 1.0
"""A stream to which this process appended something is left out of the read for so long."""

SOON_S = 0.05
"""A stream that is followed anew is read after this: by then its first event may have been appended here."""

MAX_PENDING = 2_000
"""Events held for a follower that does not keep up; past that it reads the stream itself."""


class Follower:
    """One reader of one stream: events arrive by ``offer`` and leave by ``batches``, each once and in order."""

    def __init__(self, hub: "Hub", key: str, after: int, *, behind: bool) -> None:
        self._hub = hub
        self._key = key
        self._last = after
        self._pending: deque[Entry] = deque()
        self._behind = behind
        self._wake = asyncio.Event()

    def offer(self, entries: list[Entry]) -> None:
        """Take events that the hub has read."""
        if len(self._pending) + len(entries) > MAX_PENDING:
            self.fall_behind()
        elif not self._behind:
            self._pending.extend(entries)
            self._wake.set()

    def fall_behind(self) -> None:
        """Read the stream itself: something stands in it that was not offered."""
        self._pending.clear()
        self._behind = True
        self._wake.set()

    async def batches(self) -> AsyncGenerator[list[Entry]]:
        """Batches of events after the last one seen, for ever."""
        while True:
            batch = await self._next()
            if batch:
                self._last = batch[-1].seq
                yield batch

    async def _next(self) -> list[Entry]:
        if self._behind:
            # From here on events are queued too; what both bring is dropped by its number below.
            self._behind = False
            self._pending.clear()
            batch = await read_after(self._hub.client, self._key, self._last)
            self._hub.joined(self._key, batch[-1].seq if batch else self._last)
            return batch
        if not self._pending:
            self._wake.clear()
            await self._wake.wait()
        batch = [entry for entry in self._pending if entry.seq > self._last]
        self._pending.clear()
        return batch


class _Topic:
    def __init__(self) -> None:
        self.cursor: int | None = None  # the last event read by the hub; None until a follower has caught up
        self.followers: set[Follower] = set()
        self.appended_at = -QUIET_S  # on the loop's clock, by this process
        self.is_read = False  # by the read that is under way
        self.look: asyncio.TimerHandle | None = None  # at whether it should be

    def hand_on(self, entries: list[Entry]) -> None:
        """Give the followers what comes after the last event that they had."""
        assert self.cursor is not None
        fresh = [entry for entry in entries if entry.seq > (self.cursor or 0)]
        if not fresh:
            return
        is_next = fresh[0].seq == self.cursor + 1
        self.cursor = fresh[-1].seq
        for follower in self.followers:
            if is_next:
                follower.offer(fresh)
            else:
                follower.fall_behind()


class Hub:
    """All followed streams of one event loop."""

    def __init__(self) -> None:
        self.client = async_client()
        self.appends = Appends(self.client, self._appended)
        self._reading = async_client(PATIENCE_S)
        self._topics: dict[str, _Topic] = {}
        self._control = f"live:hub:{uuid.uuid4()}"
        self._control_cursor = b"0-0"
        self._reader: asyncio.Task[None] | None = None
        self._wakers: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def follow(self, key: str, after: int, *, is_new: bool = False) -> AsyncIterator[Follower]:
        """Follow a stream from the event after number ``after`` on.

        ``is_new``: it holds nothing yet, and what this process appends first will have the number after that.
        """
        topic = self._topics.setdefault(key, _Topic())
        is_level = is_new and topic.cursor in (None, after)
        follower = Follower(self, key, after, behind=not is_level)
        topic.followers.add(follower)
        if is_level:
            self.joined(key, after)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_forever())
        try:
            yield follower
        finally:
            topic.followers.discard(follower)
            if not topic.followers:
                del self._topics[key]
                if topic.look:
                    topic.look.cancel()

    def joined(self, key: str, seq: int) -> None:
        """A follower has caught up to ``seq``: read on from there, if the stream is not being read yet."""
        topic = self._topics.get(key)
        if topic and topic.cursor is None:
            topic.cursor = seq
            self._look_later(key, topic, SOON_S)

    async def close(self) -> None:
        """Stop reading and close the connection."""
        for topic in self._topics.values():
            if topic.look:
                topic.look.cancel()
        for _attempt in range(CANCELS):
            if self._reader is None or self._reader.done():
                break
            # The client swallows a cancellation that comes while it sends.
            self._reader.cancel()
            await asyncio.wait([self._reader], timeout=CANCEL_S)
        await self.appends.close()
        await self._reading.aclose()
        await self.client.aclose()

    def _appended(self, key: str, entries: list[Entry]) -> None:
        topic = self._topics.get(key)
        if topic is None:
            return
        topic.appended_at = asyncio.get_running_loop().time()
        if topic.cursor is not None:
            topic.hand_on(entries)

    def _look_later(self, key: str, topic: _Topic, after_s: float) -> None:
        if topic.look is None:
            topic.look = asyncio.get_running_loop().call_later(after_s, self._look, key, topic)

    def _look(self, key: str, topic: _Topic) -> None:
        """Let the stream be read from now on, unless it is, or this process still appends to it."""
        topic.look = None
        if topic.is_read or self._topics.get(key) is not topic:
            return
        quiet_in_s = topic.appended_at + QUIET_S - asyncio.get_running_loop().time()
        if quiet_in_s > 0:
            self._look_later(key, topic, quiet_in_s)
            return
        task = asyncio.create_task(self._wake())
        self._wakers.add(task)
        task.add_done_callback(self._wakers.discard)

    async def _wake(self) -> None:
        for _attempt in range(WAKES):
            try:
                await self.client.xadd(self._control, {"e": ""}, maxlen=1)
                await self.client.expire(self._control, 60)
            except redis.exceptions.RedisError:
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def _read_forever(self) -> None:
        while True:
            try:
                if await self._read_once():
                    await asyncio.sleep(min(LONGEST_REST_S, REST_S * len(self._topics)))
            except redis.exceptions.RedisError as error:
                # Valkey is away or restarting: followers keep what they have and nothing is skipped, since the
                # cursors stay where they are.
                log.warning("live: reading the event streams failed, trying again: %s", error)
                await asyncio.sleep(RETRY_S)
            except Exception:
                # Whatever it is, a reader that ended would leave every open page waiting.
                log.exception("live: reading the event streams failed, trying again")
                await asyncio.sleep(RETRY_S)

    async def _read_once(self) -> bool:
        """Read all streams until something comes, and hand it on; whether something came."""
        streams: dict[Any, Any] = {self._control: self._control_cursor}
        quiet_since = asyncio.get_running_loop().time() - QUIET_S
        for key, topic in self._topics.items():
            if topic.cursor is None:
                continue
            topic.is_read = topic.appended_at <= quiet_since
            if topic.is_read:
                streams[key] = entry_id(topic.cursor)
            else:
                self._look_later(key, topic, QUIET_S)
        replies = await self._reading.xread(streams, block=BLOCK_MS, count=1_000)
        pairs = replies.items() if isinstance(replies, dict) else replies or []
        for raw_key, rows in cast(Any, pairs):
            key = raw_key.decode()
            if key == self._control:
                self._control_cursor = rows[-1][0]
                continue
            read = self._topics.get(key)
            if read is not None and rows:
                read.hand_on(entries_of(rows))
        return bool(replies)


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def current_hub() -> Hub:
    """The hub of the running event loop, made on first use."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub()
    return hub
