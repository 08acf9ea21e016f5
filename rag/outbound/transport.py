"""The transports behind the guarded clients: they connect to a checked address and meter what comes back."""

import importlib
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpcore2
import httpx2

from rag.errors import OutboundError
from rag.errors import marked as _
from rag.outbound.connections import Connection
from rag.outbound.policy import OutboundPolicy, check_scheme, resolve, resolve_async, unresolved

DEFAULT_MAX_BYTES = 32 * 1024 * 1024
DEFAULT_TOTAL_S = 600.0

ASYNC_CONNECTIONS = 1_000
"""Of one client at the same time: each answer that is streamed has one."""

ASYNC_IDLE = 100
"""Connections of one client that are kept for the next request: a new one takes longer than what is sent over it."""

ASYNC_IDLE_S = 3.0
"""An idle connection is not used again after this: most servers close theirs after five seconds or more, and a request
that meets the closing would fail."""


@lru_cache(maxsize=1)
def certificates() -> ssl.SSLContext:
    """What TLS trusts, read once: it takes tens of milliseconds, for which a first token would wait."""
    return httpx2.create_ssl_context()


def warm_up() -> None:
    """Load ahead what the first request of a process would wait for: a fifth of a second."""
    certificates()
    # httpcore2 would import it at the first connection.
    importlib.import_module("anyio._backends._asyncio")


class _GuardedBackend(httpcore2.NetworkBackend):
    """Connects to an address that was checked, never to a name."""

    def __init__(self, policy: OutboundPolicy) -> None:
        self._policy = policy
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        """Open a connection to the first permitted address of ``host`` that accepts it."""
        failure: Exception | None = None
        for address in resolve(host, port, self._policy):
            try:
                return self._inner.connect_tcp(str(address), port, *args, **kwargs)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or unresolved(host)

    def connect_unix_socket(self, path: str, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        """Refused: a Unix socket is always inside."""
        raise OutboundError("outbound_private", _("Unix sockets cannot be called."))

    def sleep(self, seconds: float) -> None:
        """Pause between connection attempts."""
        self._inner.sleep(seconds)


_CUT = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)

_connected: ContextVar[list[str] | None] = ContextVar("connected", default=None)
"""The hosts that the request of this context has opened connections to."""


class _GuardedAsyncBackend(httpcore2.AsyncNetworkBackend):
    """As ``_GuardedBackend``, for asyncio."""

    def __init__(self, policy: OutboundPolicy) -> None:
        self._policy = policy
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        """Open a connection to the first permitted address of ``host`` that accepts it."""
        if (connected := _connected.get()) is not None:
            connected.append(host)
        failure: Exception | None = None
        for address in await resolve_async(host, port, self._policy):
            try:
                return Connection(await self._inner.connect_tcp(str(address), port, *args, **kwargs))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or unresolved(host)

    async def connect_unix_socket(self, path: str, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        """Refused: a Unix socket is always inside."""
        raise OutboundError("outbound_private", _("Unix sockets cannot be called."))

    async def sleep(self, seconds: float) -> None:
        """Pause between connection attempts."""
        await self._inner.sleep(seconds)


@dataclass(frozen=True, slots=True)
class OutboundLimits:
    """Bounds of one response: ``max_bytes`` of its body, ``total_s`` seconds from the request to its last byte."""

    max_bytes: int = DEFAULT_MAX_BYTES
    total_s: float = DEFAULT_TOTAL_S


class _Meter:
    """Counts a body's bytes and watches its deadline."""

    def __init__(self, limits: OutboundLimits, started: float) -> None:
        self._left = limits.max_bytes
        self._deadline = started + limits.total_s

    def take(self, chunk: bytes) -> bytes:
        self._left -= len(chunk)
        if self._left < 0:
            raise OutboundError("outbound_too_large", _("The other side sent more than is accepted."))
        if time.monotonic() > self._deadline:
            raise OutboundError("outbound_timeout", _("The other side took longer than is accepted."))
        return chunk


class _MeteredStream(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, meter: _Meter) -> None:
        self._inner = inner
        self._meter = meter

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            yield self._meter.take(chunk)

    def close(self) -> None:
        self._inner.close()


class _MeteredAsyncStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, meter: _Meter) -> None:
        self._inner = inner
        self._meter = meter

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            yield self._meter.take(chunk)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _check_response(response: httpx2.Response) -> None:
    """Refuse compressed bodies: they were not asked for, and a few kilobytes can unfold to gigabytes."""
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise OutboundError("outbound_encoding", _("The other side sent a compressed answer that was not asked for."))


class GuardedTransport(httpx2.HTTPTransport):
    """Sends requests only where the policy permits; every hop of a redirect comes through here again."""

    def __init__(self, policy: OutboundPolicy, limits: OutboundLimits) -> None:
        super().__init__(verify=certificates())
        # A later httpx that keeps its connections elsewhere must fail here, not run unguarded.
        if not isinstance(self._pool, httpcore2.ConnectionPool):
            raise OutboundError("outbound_unguarded", _("The HTTP client cannot be guarded: its version does not fit."))
        self._limits = limits
        self._pool = httpcore2.ConnectionPool(
            ssl_context=certificates(),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=30.0,
            network_backend=_GuardedBackend(policy),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; the body of the response is metered. Raises OutboundError."""
        check_scheme(request.url)
        meter = _Meter(self._limits, time.monotonic())
        response = super().handle_request(request)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _MeteredStream(response.stream, meter)
        try:
            _check_response(response)
        except OutboundError:
            response.close()
            raise
        return response


class GuardedAsyncTransport(httpx2.AsyncHTTPTransport):
    """As ``GuardedTransport``, for asyncio."""

    def __init__(self, policy: OutboundPolicy, limits: OutboundLimits) -> None:
        super().__init__(verify=certificates())
        if not isinstance(self._pool, httpcore2.AsyncConnectionPool):
            raise OutboundError("outbound_unguarded", _("The HTTP client cannot be guarded: its version does not fit."))
        self._limits = limits
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=certificates(),
            max_connections=ASYNC_CONNECTIONS,
            max_keepalive_connections=ASYNC_IDLE,
            keepalive_expiry=ASYNC_IDLE_S,
            network_backend=_GuardedAsyncBackend(policy),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; the body of the response is metered. Raises OutboundError."""
        check_scheme(request.url)
        meter = _Meter(self._limits, time.monotonic())
        response = await self._sent(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _MeteredAsyncStream(response.stream, meter)
        try:
            _check_response(response)
        except OutboundError:
            await response.aclose()
            raise
        return response

    async def _sent(self, request: httpx2.Request) -> httpx2.Response:
        """Send it, again where the server closed an idle connection in the moment in which it was used once more."""
        connected: list[str] = []
        token = _connected.set(connected)
        try:
            return await super().handle_async_request(request)
        except _CUT:
            if connected or not isinstance(request.stream, httpx2.ByteStream):
                raise
            return await super().handle_async_request(request)
        finally:
            _connected.reset(token)
