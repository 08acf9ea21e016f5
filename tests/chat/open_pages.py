"""Pages that are open on a conversation, as the server's sockets see them."""

import asyncio
import json
from typing import Any

from django.test import Client
from websockets.asyncio.client import ClientConnection, connect

from tests.chat.conftest import Cast
from tests.conftest import Server

WAIT_S = 40


class Page:
    """An open page: what it has seen of its conversation."""

    def __init__(self) -> None:
        self.conversation = ""
        self.seq = 0
        self.text = ""
        self.completed: dict[str, Any] | None = None

    def take(self, event: dict[str, Any]) -> None:
        """Apply an event as the page does; a token that came twice or is missing fails."""
        if event["type"] == "conversation.created":
            self.conversation = event["conversation"]["id"]
            return
        if event["type"] == "conversation.snapshot":
            raise AssertionError("the stream still holds what was missed")
        assert event["type"] != "error", event
        self.seq = event["seq"]
        if event["type"] == "answer.delta":
            assert event["offset"] == len(self.text)
            self.text += event["text"]
        elif event["type"] == "answer.completed":
            self.completed = event["message"]

    async def read(self, connection: ClientConnection, until: Any) -> None:
        """Take events until something holds, or the connection is gone."""
        async with asyncio.timeout(WAIT_S):
            while not until():
                self.take(json.loads(await connection.recv()))


def session(cast: Cast) -> str:
    client = Client()
    client.force_login(cast.mia)
    return client.cookies["sessionid"].value


def opened(server: Server, cookie: str) -> connect:
    """A page's socket, to be entered."""
    headers = {"cookie": f"sessionid={cookie}", "origin": server.url}
    return connect(f"{server.socket_url}/ws/chat/", additional_headers=headers)
