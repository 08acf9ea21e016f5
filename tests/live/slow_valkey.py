"""A way to Valkey that can be held, or lose what Valkey answers: the server itself stays as it is."""

import asyncio
import contextlib
import tempfile
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import redis.asyncio
from django.conf import settings

from live.appending import Appends
from live.hub import Hub
from live.stream import CONNECTIONS


class SlowValkey:
    """Stands between a hub's commands and Valkey while the block lasts; what the hub reads goes another way.

    ``timeout_s``: how long a command waits for its reply.
    """

    def __init__(self, hub: Hub, timeout_s: float = 5) -> None:
        self._hub = hub
        self._timeout_s = timeout_s
        self._open = asyncio.Event()
        self._open.set()
        self._losing: asyncio.Event | None = None
        self._doomed: asyncio.StreamWriter | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        path = str(Path(self._folder.name) / "s")
        self._server = await asyncio.start_unix_server(self._accept, path)
        self._direct = self._hub.client, self._hub.appends
        database = urlsplit(settings.REDIS_URL).query
        self._hub.client = redis.asyncio.Redis.from_url(
            f"unix://{path}?{database}", socket_timeout=self._timeout_s, max_connections=CONNECTIONS
        )
        self._hub.appends = Appends(self._hub.client, self._hub._appended)
        return self

    async def __aexit__(self, *_error: object) -> None:
        slow, appends = self._hub.client, self._hub.appends
        self._hub.client, self._hub.appends = self._direct
        await appends.close()
        await slow.aclose()
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._folder.cleanup()

    def hold(self) -> None:
        """Let nothing through until ``go_on``."""
        self._open.clear()

    def go_on(self) -> None:
        """Let through what waited, and all that comes."""
        self._open.set()

    async def lose_a_reply(self) -> None:
        """Cut the connection on which the next append was made before its reply comes through."""
        self._losing = asyncio.Event()
        async with asyncio.timeout(10):
            await self._losing.wait()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: Any = asyncio.current_task()
        self._tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_unix_connection(urlsplit(settings.REDIS_URL).path)
            self._writers |= {writer, far_writer}
            back = asyncio.create_task(self._replies(far_reader, writer, far_writer))
            self._tasks.add(back)
            while data := await reader.read(65_536):
                await self._open.wait()
                if self._losing is not None and b"EVALSHA" in data:
                    self._doomed = far_writer
                far_writer.write(data)
                await far_writer.drain()
            far_writer.close()
        self._tasks.discard(task)

    async def _replies(
        self, far_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, far_writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while data := await far_reader.read(65_536):
                await self._open.wait()
                if self._losing is not None and self._doomed is far_writer:
                    self._losing.set()
                    self._losing = None
                    break
                writer.write(data)
                await writer.drain()
            writer.close()
