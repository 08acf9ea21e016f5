"""HTTP clients that answers share: a second answer of the same model finds the connection open, TLS and all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import httpx2

from rag.outbound import OutboundLimits, OutboundPolicy, guarded_async_client

IDLE = 8
"""Clients that an event loop keeps though nobody uses them."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a client calls and how: two answers with the same share one. It waits ``connect_s`` seconds for a
    connection and ``silence_s`` until the server takes what is sent; who reads bounds that wait.
    """

    base_url: str
    api_key: str
    policy: OutboundPolicy
    limits: OutboundLimits
    connect_s: float
    silence_s: float

    def __repr__(self) -> str:
        # The key must not reach a log or a traceback.
        return f"Server({self.base_url!r})"


@dataclass(slots=True)
class _Shared:
    client: httpx2.AsyncClient
    users: int = 0


_shared: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Server, _Shared]]" = WeakKeyDictionary()


@contextlib.asynccontextmanager
async def client_of(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """A client for one answer, made by the first that needs it and kept for the next."""
    known = _shared.setdefault(asyncio.get_running_loop(), {})
    shared = known.pop(server, None) or _made(server)
    known[server] = shared
    shared.users += 1
    try:
        yield shared.client
    finally:
        shared.users -= 1
        idle = [each for each, its in known.items() if not its.users]
        for each in idle[: len(idle) - IDLE if len(idle) > IDLE else 0]:
            await known.pop(each).client.aclose()


def _made(server: Server) -> _Shared:
    # Who reads bounds the wait (``Patience``): here it would cost a timer for each piece of the body.
    timeout = httpx2.Timeout(server.silence_s, connect=server.connect_s, read=None)
    client = guarded_async_client(server.policy, timeout=timeout, limits=server.limits)
    if server.api_key:
        # In bytes: one with other letters than ASCII is the server's to refuse.
        client.headers.update([(b"authorization", f"Bearer {server.api_key}".encode())])
    return _Shared(client)
