"""A server that listens nowhere: its parent gives it the connections."""

import asyncio
import contextlib
import socket
from collections.abc import Coroutine
from typing import Any

from uvicorn import Config, Server

from config.supervision.dealing import AT_ONCE, REPORT


class DealtServer(Server):
    """Serves the connections that come through ``line``, and says there how many it has."""

    def __init__(self, config: Config, line: socket.socket) -> None:
        super().__init__(config)
        self._line = line
        self._line.setblocking(False)
        self._taken = 0
        self._said: tuple[int, int] | None = None
        self._beginning: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Get ready, and say so."""
        await super().startup(sockets=[])
        asyncio.get_running_loop().add_reader(self._line, self._take)
        self._report()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: say how many connections there are, if that is news."""
        self._report()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and end as any server."""
        asyncio.get_running_loop().remove_reader(self._line)
        self._line.close()
        await super().shutdown(sockets)

    def _report(self) -> None:
        news = (self._taken, len(self.server_state.connections) + len(self._beginning))
        if news != self._said:
            # A parent that does not read now hears it the next time.
            with contextlib.suppress(OSError):
                self._line.send(REPORT.pack(*news))
                self._said = news

    def _take(self) -> None:
        for _each in range(AT_ONCE):
            try:
                said, files, _flags, _address = socket.recv_fds(self._line, 1, 1)
            except BlockingIOError:
                return
            if not said:  # the parent has ended, and so shall we
                asyncio.get_running_loop().remove_reader(self._line)
                return
            self._taken += 1
            # None comes along where this process may open no more files.
            for file in files:
                self._begin(self._serve_one(socket.socket(fileno=file)))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _serve_one(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        # One that is closed already has an OSError here.
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        """As uvicorn makes it for a connection that it has accepted itself."""
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made
