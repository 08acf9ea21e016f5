"""What the stand-ins for servers share: a real socket on this machine, for as long as a test wants it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class Listening:
    """A server whose requests ``handler`` answers, which finds this object as its ``fake``."""

    port: int

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """What a client is given as the base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a request."""
        raise LookupError(f"{type(self).__name__} has no handler")

    def start(self) -> None:
        """Listen on ``port``, or on any free one, which ``port`` then holds."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Handler", (self.handler(),), {"fake": self}))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        name = type(self).__name__
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True, name=name).start()

    def stop(self) -> None:
        """Stop listening; the port is kept for another start."""
        self._server.shutdown()
        self._server.server_close()
