"""Connections of the asynchronous client that read without a timer where nobody asked for one.

httpcore2's own enter two of anyio's cancel scopes around every read, also when it may take for ever. Of an answer that
a model streams each token is a read, and they took a third of its cost.
"""

import ssl
from typing import Any

import anyio
import httpcore2


class Connection(httpcore2.AsyncNetworkStream):
    """Another connection as it is, but for reads without a timeout."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream) -> None:
        self._inner = inner
        # A later httpcore2 that keeps it elsewhere loses the time, nothing else.
        self._stream: Any = getattr(inner, "_stream", None)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as httpcore2 calls it
        """What has come, at most ``max_bytes``; nothing when the other side has closed. Raises httpcore2's errors."""
        if timeout is not None or self._stream is None:
            return await self._inner.read(max_bytes, timeout)
        try:
            received: bytes = await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise httpcore2.ReadError(error) from error
        return received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as above
        """Send all of ``buffer``."""
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close it."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> httpcore2.AsyncNetworkStream:
        """The same connection with TLS."""
        return Connection(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """What httpcore2 asks about a connection, such as whether an idle one has been closed."""
        return self._inner.get_extra_info(info)
