"""What happens to a connection before Django sees it: it gets an id, and a body that is too large is turned away."""

import json
import time
from collections.abc import MutableMapping
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, Scope
from django.http import parse_cookie
from django.utils import translation

from accounts.languages import language_for
from config.request_id import current_request_id, new_request_id
from documents.errors import upload_too_large

# What a client may still send after its body was found too large: most read no answer before they have sent it all.
DRAIN_BYTES = 16 * 2**30
DRAIN_SECONDS = 600


class RequestId:
    """Gives each request and socket an id, taken from ``X-Request-ID`` when a proxy sent one; answers with it."""

    def __init__(self, app: ASGI3Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Handle one connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        request_id = new_request_id(header(scope, b"x-request-id"))
        current_request_id.set(request_id)

        async def send_with_id(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        await self.app(scope, receive, send_with_id)


class BodyTooLarge(Exception):
    """The body has grown past the limit."""


class BodyLimit:
    """Answers 413 to a body of more than ``limit`` bytes without keeping any of it beyond that."""

    def __init__(self, app: ASGI3Application, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = header(scope, b"content-length")
        if announced.isdigit() and int(announced) > self.limit:
            await self.refuse(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> ASGIReceiveEvent:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message["body"])
                if received > self.limit:
                    raise BodyTooLarge
            return message

        try:
            await self.app(scope, receive_counted, send)
        except BodyTooLarge:
            # Django reads the whole body before it answers, so nothing has been sent yet.
            await self.refuse(scope, receive, send)

    async def refuse(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Read and forget the rest, unless the client waits for our word first, then answer 413."""
        if header(scope, b"expect").lower() != "100-continue":
            await drain(receive)
        cookies = parse_cookie(header(scope, b"cookie"))
        with translation.override(language_for(None, cookies, header(scope, b"accept-language"))):
            error = upload_too_large(self.limit // 2**20)
        body = json.dumps({"error": {"code": error.code, "message": error.message}}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 413, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": body, "more_body": False})


async def drain(receive: ASGIReceiveCallable) -> None:
    """Read and forget the rest of a body, within DRAIN_BYTES and DRAIN_SECONDS."""
    seen, deadline = 0, time.monotonic() + DRAIN_SECONDS
    while seen < DRAIN_BYTES and time.monotonic() < deadline:
        message = await receive()
        if message["type"] != "http.request":
            return
        seen += len(message["body"])
        if not message["more_body"]:
            return


def header(scope: MutableMapping[str, Any] | Scope, name: bytes) -> str:
    """Return the value of the header ``name`` (in lower case), or an empty string."""
    for key, value in scope.get("headers", []):  # type: ignore[union-attr]
        if key == name:
            return str(value, "latin-1")
    return ""
