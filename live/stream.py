"""One event stream in Valkey: append, read from a sequence number on.

The sequence number is the second half of the entry's id (``0-<seq>``). A new stream starts at Valkey's clock in
microseconds, or at ``first_number`` where who begins it has to know, and counts by one from there: numbers are
contiguous while the stream lives, and still grow when an expired stream begins anew, so that a browser that kept an old
number is never taken for one that is up to date. They stay below 2**53, which JavaScript's numbers hold exactly.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import redis
import redis.asyncio
from django.conf import settings

from live.events import LiveEvent

MAX_LENGTH = 20_000
"""Entries kept; older ones are trimmed, and a browser that was away for longer gets the state afresh."""

LIFETIME_S = 24 * 3600
"""A stream that nobody appends to is dropped after this many seconds."""

APPEND = """
if KEYS[2] then
    local done = redis.call('HMGET', KEYS[2], 'batch', 'last')
    if done[1] == ARGV[3] then
        return done[2]
    end
end
local last
for i = 5, #ARGV do
    local id = '0-*'
    if redis.call('EXISTS', KEYS[1]) == 0 then
        local now = redis.call('TIME')
        id = '0-' .. (ARGV[4] ~= '' and ARGV[4] or string.format('%d%06d', now[1], now[2]))
    end
    last = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], id, 'e', ARGV[i])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
if KEYS[2] then
    redis.call('HSET', KEYS[2], 'batch', ARGV[3], 'last', last)
    redis.call('EXPIRE', KEYS[2], 600)
end
return last
"""

TIMEOUT_S = 5
"""How long a command may take. A read that waits for events has a client of its own."""

CONNECTIONS = 16
"""Of one client at the same time. A command takes a fraction of a millisecond and a new connection several, so that who
comes when all are taken had better wait; after ``TIMEOUT_S`` that is an error, as a command that took so long is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it stands in a stream: its number and its JSON, which lacks the number."""

    seq: int
    payload: str

    def json(self) -> str:
        """The event as it goes to the browser."""
        return f'{{"seq":{self.seq},{self.payload[1:]}'


def first_number() -> int:
    """A number for the first event of a stream that has never been."""
    return time.time_ns() // 1_000


def entry_id(seq: int) -> str:
    """Valkey's id of an event."""
    return f"0-{seq}"


def seq_of(raw_id: bytes | str) -> int:
    """The number of an event from Valkey's id."""
    text = raw_id.decode() if isinstance(raw_id, bytes) else raw_id
    return int(text.partition("-")[2])


def entries_of(rows: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[Entry]:
    """Entries from the rows that XRANGE and XREAD return."""
    return [Entry(seq_of(raw_id), fields[b"e"].decode()) for raw_id, fields in rows]


def payload_of(event: LiveEvent) -> str:
    """An event's JSON without its number."""
    return event.model_dump_json(exclude={"seq"})


@lru_cache(maxsize=1)
def sync_client() -> redis.Redis:
    """The process's client for code outside an event loop; thread-safe."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=10, socket_connect_timeout=5)


def async_client(timeout_s: float = TIMEOUT_S) -> redis.asyncio.Redis:
    """A client for the running event loop; its owner closes it.

    ``timeout_s`` must be longer than its commands block: at the same length, Valkey's "nothing came" and the client's
    timeout meet, and whichever is later is lost.
    """
    pool: redis.asyncio.ConnectionPool = redis.asyncio.BlockingConnectionPool.from_url(
        settings.REDIS_URL,
        max_connections=CONNECTIONS,
        timeout=TIMEOUT_S,
        socket_timeout=timeout_s,
        socket_connect_timeout=TIMEOUT_S,
    )
    return redis.asyncio.Redis.from_pool(pool)


def append(key: str, *events: LiveEvent) -> int:
    """Append events in order, all or none, and return the last one's number. For code outside an event loop."""
    payloads = [payload_of(event) for event in events]
    raw_id = sync_client().eval(APPEND, 1, key, str(MAX_LENGTH), str(LIFETIME_S), "", "", *payloads)
    return seq_of(cast(bytes, raw_id))


async def read_after(client: redis.asyncio.Redis, key: str, after: int, count: int = MAX_LENGTH) -> list[Entry]:
    """Events after a number, oldest first, at most ``count``."""
    rows = await client.xrange(key, f"({entry_id(after)}", "+", count=count)
    return entries_of(cast(Any, rows))


async def last_seq(client: redis.asyncio.Redis, key: str) -> int:
    """The newest event's number, 0 for a stream that does not exist."""
    rows = await client.xrevrange(key, "+", "-", count=1)
    return entries_of(cast(Any, rows))[0].seq if rows else 0


async def holds(client: redis.asyncio.Redis, key: str, seq: int) -> bool:
    """Whether the event of this number is still there, so that nothing after it has been lost."""
    return bool(await client.xrange(key, entry_id(seq), entry_id(seq), count=1))
