"""The wire of OpenAI's chat protocol: one request, and the events of its reply as plain JSON.

https://platform.openai.com/docs/api-reference/chat; events are told as in
https://html.spec.whatwg.org/multipage/server-sent-events.html, of which these servers use the ``data`` field alone.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

import httpx2

from rag.generation import failures

_LONGEST_EVENT = 16 * 1024 * 1024
"""Bytes of one event; past that it is no token."""

_END_S = 0.1
"""So long the end of a body is waited for after its last event: a connection that was read to its end is used again."""

_DONE = b"[DONE]"
_HEADERS = {"content-type": "application/json", "accept": "text/event-stream"}


class ErrorReported(Exception):
    """An event of the reply is an error."""


@contextlib.asynccontextmanager
async def posted(client: httpx2.AsyncClient, url: str, body: dict[str, Any]) -> AsyncIterator[AsyncGenerator[object]]:
    """Send ``body`` to ``url``; the events of the reply until it says that it is done.

    Raises HTTPStatusError when the server refuses, and what else the client raises; the events raise ValueError for
    what is not JSON in UTF-8, ErrorReported for an error, GenerationError for what never ends. Leaving the block ends
    the request.
    """
    request = client.build_request("POST", url, content=json.dumps(body).encode(), headers=_HEADERS)
    reply = await client.send(request, stream=True)
    try:
        reply.raise_for_status()
        async with contextlib.aclosing(_events(reply)) as events:
            yield events
    finally:
        await reply.aclose()


async def _events(reply: httpx2.Response) -> AsyncGenerator[object]:
    lines = Lines()
    chunks = reply.aiter_raw()
    async for chunk in chunks:
        for data in lines.feed(chunk):
            if data.startswith(_DONE):
                await _read_to_its_end(chunks)
                return
            event = json.loads(data)
            if isinstance(event, dict) and event.get("error"):
                raise ErrorReported
            yield event


async def _read_to_its_end(chunks: AsyncIterator[bytes]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_S):
            await anext(chunks, None)


class Lines:
    """Bytes in, the data of whole events out."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._length = 0
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The events that end in ``chunk``. Raises GenerationError for one that does not end."""
        if b"\n" not in chunk:
            self._keep(chunk)
            return
        *whole, rest = chunk.split(b"\n")
        if self._rest:
            whole[0] = b"".join((*self._rest, whole[0]))
            self._rest, self._length = [], 0
        for line in whole:
            if line.startswith(b"data:"):
                self._data.append(line[5:].strip())
            elif self._data and line in (b"", b"\r"):
                data, self._data = b"\n".join(self._data), []
                if data:  # an empty event keeps the connection alive
                    yield data
        if rest:
            self._keep(rest)

    def _keep(self, piece: bytes) -> None:
        self._rest.append(piece)
        self._length += len(piece)
        if self._length > _LONGEST_EVENT:
            raise failures.malformed()
