"""A stand-in for a server that speaks OpenAI's chat protocol, on a real socket, with a switch for each failure.

In a test::

    async with FakeLLM() as llm:                    # on the running loop
        OpenAIAnswerer(llm.base_url, "key", "fake", OutboundPolicy(allow=("127.0.0.1",)))

    with FakeLLM(tokens_per_second=30).in_thread() as llm:      # beside synchronous code or a browser
        llm.failure = "rate_limited"

On the command line: ``python -m tests.fakes.llm --port 9000 --tokens-per-second 30 --failure cut``. While it runs,
``POST /_control`` with ``{"failure": "stall", "tokens_per_second": 5, "reply": "Hello [1]."}`` changes it and
``GET /_requests`` returns what it was sent.
"""

import argparse
import asyncio
import contextlib
import json
import re
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self, get_args

Failure = Literal[
    "",
    "unauthorized",  # 401
    "forbidden",  # 403
    "not_found",  # 404: no such model
    "bad_request",  # 400
    "rate_limited",  # 429
    "server_error",  # 500
    "overloaded",  # 503
    "redirect",  # 307 to another path
    "stall",  # takes the request, says nothing
    "stall_midstream",  # some tokens, then nothing, the connection open
    "cut",  # some tokens, then the connection is gone, in the middle of a chunk
    "no_finish",  # some tokens, then a clean end without finish_reason
    "error_midstream",  # some tokens, then an error object as some servers send it
    "malformed",  # some tokens, then data that is not JSON
    "wrong_shape",  # some tokens, then JSON of another shape
    "not_utf8",  # some tokens, then bytes that are no text
    "html",  # 200 with a web page
    "empty",  # a proper stream without any text
    "huge_chunk",  # one chunk with megabytes of text
    "endless",  # tokens without end
    "compressed",  # a body that claims to be gzip
    "disconnect",  # the connection closes before any answer
]

_STATUS_OF: dict[str, tuple[int, str]] = {
    "unauthorized": (401, "Incorrect API key provided: sk-wrong."),
    "forbidden": (403, "You may not use this model."),
    "not_found": (404, "The model does not exist."),
    "bad_request": (400, "The request is longer than the context of the model."),
    "rate_limited": (429, "Too many requests."),
    "server_error": (500, "Something broke."),
    "overloaded": (503, "The model is loading."),
}
_REASONS = {200: "OK", 307: "Temporary Redirect", 404: "Not Found"}
_PASSAGE = re.compile(r'<passage number="(\d+)"[^>]*>\n(.*?)\n</passage>', re.DOTALL)
_BODY_LIMIT = 16 * 1024 * 1024
_STALL_LIMIT_S = 120.0
_ENDLESS_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


def quote_first_passage(body: dict[str, Any]) -> str:
    """The default reply: the first sentence of the first passage with its mark, "ok" where there is none."""
    last = str(body["messages"][-1]["content"]) if body.get("messages") else ""
    passage = _PASSAGE.search(last)
    if passage is None:
        return "ok"
    sentence = re.split(r"(?<=[.!?])\s|\n", passage.group(2).strip(), maxsplit=1)[0].rstrip(".")
    return f"The documents say: {sentence} [{passage.group(1)}]."


@dataclass
class FakeLLM:
    """The server; its fields may be changed while it runs."""

    reply: str | Callable[[dict[str, Any]], str] = quote_first_passage
    failure: Failure = ""
    tokens_per_second: float | None = None
    tokens_before_failure: int = 3
    first_token_delay_s: float = 0.0
    stamped: int = 0
    """So many tokens instead of the reply, each the time at which it is sent: seconds of ``time.monotonic()``."""
    huge_characters: int = 5_000_000
    models: tuple[str, ...] = ("fake",)
    port: int = 0
    requests: list[RecordedRequest] = field(default_factory=list)
    disconnects: int = 0
    tokens_sent: int = 0

    def __post_init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._handlers: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        """What goes into a model's base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen on ``port``, or on any free one, which ``port`` then holds."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=_BODY_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the socket and drop whoever is still connected."""
        if self._server is not None:
            self._server.close()
        for task in list(self._handlers):
            task.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[Self]:
        """Run on an event loop of its own in a thread until the block ends."""
        ready = threading.Event()
        loop = asyncio.new_event_loop()
        done = asyncio.Event()

        async def serve() -> None:
            async with self:
                ready.set()
                await done.wait()

        def run() -> None:
            try:
                loop.run_until_complete(serve())
            finally:
                ready.set()
                loop.close()

        thread = threading.Thread(target=run, name="fake-llm", daemon=True)
        thread.start()
        if not ready.wait(10) or not self.port:
            raise RuntimeError("the fake model server did not start")
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(done.set)
            thread.join(10)

    def wait_for_disconnect(self, timeout_s: float = 5.0) -> bool:
        """Whether a client left before the end of its answer within the time; for use from another thread."""
        deadline = time.monotonic() + timeout_s
        while not self.disconnects and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.disconnects > 0

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        try:
            # Keep-alive: requests follow one another until the client closes.
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, _ClientGone):
            pass
        except asyncio.CancelledError:
            # Only stop() cancels a handler; asyncio's stream protocol would report it as an error.
            pass
        finally:
            self._handlers.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection stays open."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        raw = await reader.readexactly(min(int(headers.get("content-length", "0")), _BODY_LIMIT))
        body = json.loads(raw) if raw else None
        if path == "/_requests":
            listed = [{"path": request.path, "body": request.body} for request in self.requests]
            return await _send_json(writer, 200, {"requests": listed, "disconnects": self.disconnects})
        if path == "/_control":
            for name, value in (body or {}).items():
                if name in ("failure", "reply", "tokens_per_second", "tokens_before_failure", "first_token_delay_s"):
                    setattr(self, name, value)
            return await _send_json(writer, 200, {"failure": self.failure})
        self.requests.append(RecordedRequest(method, path, headers, body))
        return await self._answer(reader, writer, method, path, body)

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str, body: Any
    ) -> bool:
        failure = self.failure
        if failure == "disconnect":
            return False
        if failure == "stall":
            await self._wait_while_connected(reader, _STALL_LIMIT_S)
            return False
        if failure in _STATUS_OF:
            status, message = _STATUS_OF[failure]
            return await _send_json(writer, status, {"error": {"message": message, "type": failure, "code": failure}})
        if failure == "redirect":
            return await _send(writer, 307, b"", "text/plain", extra="Location: http://169.254.169.254/latest\r\n")
        if failure == "html":
            return await _send(writer, 200, b"<html><body>It works</body></html>", "text/html")
        if failure == "compressed":
            return await _send(writer, 200, b"\x1f\x8b", "text/event-stream", extra="Content-Encoding: gzip\r\n")
        if method == "GET" and path == "/v1/models":
            listed = [{"id": name, "object": "model", "created": 0, "owned_by": "fake"} for name in self.models]
            return await _send_json(writer, 200, {"object": "list", "data": listed})
        if method != "POST" or path != "/v1/chat/completions" or not isinstance(body, dict):
            return await _send_json(writer, 404, {"error": {"message": "no such path", "code": "not_found"}})
        if not body.get("stream"):
            return await _send_json(writer, 200, _completion(body, self._reply_to(body)))
        return await self._stream(reader, writer, body)

    def _reply_to(self, body: dict[str, Any]) -> str:
        return self.reply if isinstance(self.reply, str) else self.reply(body)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> bool:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
            b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            async for data in self._events(body, leaving):
                if leaving.done():
                    raise _ClientGone
                writer.write(b"%x\r\n%s\r\n" % (len(data), data))
                await writer.drain()
            if self.failure == "cut":
                # The length promises more than comes.
                writer.write(b"100\r\ndata: {")
                await writer.drain()
                writer.transport.abort()
                return False
            writer.write(b"0\r\n\r\n")
            await writer.drain()
            return False
        except (ConnectionError, _ClientGone):
            self.disconnects += 1
            return False
        finally:
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)

    async def _events(self, body: dict[str, Any], leaving: asyncio.Future[bytes]) -> AsyncIterator[bytes]:
        """The server-sent events of one answer, at the pace that was asked for, up to where it fails."""
        failure = self.failure
        model = str(body.get("model", "fake"))
        tokens = [] if failure == "empty" else re.findall(r"\s*\S+|\s+", self._reply_to(body))
        if self.stamped:
            tokens = [""] * self.stamped
        if failure == "huge_chunk":
            tokens = ["x" * self.huge_characters]
        if failure == "endless":
            tokens = ["on and on and on and on and on and on and on and on and "] * _ENDLESS_LIMIT
        breaks = failure in ("stall_midstream", "cut", "no_finish", "error_midstream", "malformed", "wrong_shape")
        if breaks or failure == "not_utf8":
            tokens = (tokens + ["more "] * self.tokens_before_failure)[: self.tokens_before_failure]
        await self._sleep(self.first_token_delay_s, leaving)
        yield _event(_chunk(model, {"role": "assistant", "content": ""}))
        started = time.monotonic()
        for index, token in enumerate(tokens):
            if self.tokens_per_second:
                await self._sleep(started + index / self.tokens_per_second - time.monotonic(), leaving)
            yield _event(_chunk(model, {"content": f"{time.monotonic():.4f} " if self.stamped else token}))
            self.tokens_sent += 1
        if failure == "stall_midstream":
            await self._sleep(_STALL_LIMIT_S, leaving)
        elif failure == "error_midstream":
            yield _event({"error": {"message": "out of memory", "code": 500}})
        elif failure == "malformed":
            yield b'data: {"id": "x", "choices": [{"delta": {"content"\n\n'
        elif failure == "wrong_shape":
            yield _event({"answer": "hello"})
        elif failure == "not_utf8":
            yield b"data: \xff\xfe\n\n"
        elif not breaks:
            yield _event(_chunk(model, {}, finish="stop"))
            yield b"data: [DONE]\n\n"

    async def _sleep(self, seconds: float, leaving: asyncio.Future[bytes]) -> None:
        """Wait, but no longer than the client stays."""
        if seconds > 0:
            done, _ = await asyncio.wait({leaving}, timeout=seconds)
            if done:
                raise _ClientGone

    async def _wait_while_connected(self, reader: asyncio.StreamReader, seconds: float) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError):
            if await asyncio.wait_for(reader.read(1), seconds) == b"":
                self.disconnects += 1


class _ClientGone(Exception):
    """The client closed its connection."""


def refused_url() -> str:
    """A base URL on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


def _chunk(model: str, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": model, "choices": [choice]}


def _completion(body: dict[str, Any], text: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": str(body.get("model", "fake")),
        "choices": [choice],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


async def _send_json(writer: asyncio.StreamWriter, status: int, data: dict[str, Any]) -> bool:
    return await _send(writer, status, json.dumps(data).encode(), "application/json")


async def _send(writer: asyncio.StreamWriter, status: int, data: bytes, kind: str, extra: str = "") -> bool:
    reason = _REASONS.get(status, "Error")
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{extra}\r\n"
    writer.write(head.encode("latin-1") + data)
    await writer.drain()
    return True


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A stand-in for an OpenAI-compatible model server.")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--tokens-per-second", type=float, default=None)
    parser.add_argument("--failure", choices=get_args(Failure), default="")
    parser.add_argument("--stamped", type=int, default=0, help="so many tokens, each the time at which it is sent")
    parser.add_argument("--reply", default=None, help="what it says; by default it quotes the first passage")
    arguments = parser.parse_args()
    llm = FakeLLM(
        reply=arguments.reply if arguments.reply is not None else quote_first_passage,
        failure=arguments.failure,
        tokens_per_second=arguments.tokens_per_second,
        stamped=arguments.stamped,
        port=arguments.port,
    )

    async def serve() -> None:
        async with llm:
            sys.stdout.write(f"Serving {llm.base_url}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
