"""The socket that follows a stream: checks who it is, reads commands, sends events in order."""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from typing import Any, ClassVar, cast

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import translation
from django.utils.translation import gettext as _
from pydantic import TypeAdapter, ValidationError

from live.away import AWAY, AWAY_CODE, away_message
from live.events import Command, LiveEvent
from live.hub import current_hub
from live.stream import Entry, holds

log = logging.getLogger(__name__)

MAX_COMMAND_CHARS = 200_000
NOT_SIGNED_IN = 4401
TRY_AGAIN = 1013
"""Closes a socket whose page cannot be brought up to date now: it connects again, a little later each time."""


class FollowingConsumer(AsyncWebsocketConsumer, ABC):
    """Base of all sockets. A subclass names its commands and says how each is carried out and what a snapshot is."""

    commands: ClassVar[TypeAdapter[Any]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seq = 0
        self._following: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()

    @property
    def _signed_in(self) -> bool:
        user = self.scope["user"]
        return user is not None and user.is_authenticated

    async def dispatch(self, message: Any) -> None:
        """Hand a message to its method.

        Channels looks after the database's connections before each, in a thread. Here every piece of work that uses
        one does so itself, in its own thread.
        """
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        """Accept people who are signed in; tell others why before closing, so that the page can lead to sign-in."""
        await self.accept()
        if not self._signed_in:
            await self.close(NOT_SIGNED_IN)

    async def disconnect(self, code: int) -> None:
        """Stop following; whatever is running goes on without this socket."""
        await self.unfollow()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Parse one command and carry it out; whatever is wrong with it is answered with an ``error`` event."""
        if not self._signed_in:
            return
        # What the command begins goes on in this language too: a task takes it along.
        with translation.override(cast("str | None", self.scope.get("language"))):
            await self._receive(text_data)

    async def _receive(self, text_data: str | None) -> None:
        if not text_data or len(text_data) > MAX_COMMAND_CHARS:
            await self.refuse("invalid_command", _("The message is empty or too long."), None)
            return
        try:
            command = self.commands.validate_json(text_data)
        except ValidationError as error:
            log.info("live: a browser sent an invalid command: %s", error.errors(include_input=False))
            await self.refuse("invalid_command", _("The page sent something unexpected. Reload it."), None)
            return
        try:
            await self.carry_out(command)
        except AWAY as problem:
            log.warning("live: a command failed, a server is away: %s", problem)
            await self.refuse(AWAY_CODE, away_message(), getattr(command, "request_id", None))
        except Exception:
            log.exception("live: a command failed")
            message = _("Something went wrong on the server. Try again; if it stays, tell an admin.")
            await self.refuse("server_error", message, getattr(command, "request_id", None))

    @abstractmethod
    async def carry_out(self, command: Command) -> None:
        """Do what a command says."""

    @abstractmethod
    async def refuse(self, code: str, message: str, request_id: str | None) -> None:
        """Answer with an error."""

    async def send_event(self, event: LiveEvent) -> None:
        """Send an event that stands in no stream; it carries the number of the last one sent, unless it has its own."""
        if event.seq:
            self.seq = event.seq
        async with self._sending:
            await self.send(event.model_copy(update={"seq": self.seq}).model_dump_json())

    async def follow(self, key: str, after: int | None) -> None:
        """Follow a stream: the rest after ``after`` when that is all there, else a snapshot and what comes after it."""
        await self.unfollow()
        self._following = asyncio.create_task(self._follow(key, after, is_new=False))

    async def follow_new(self, key: str, after: int) -> None:
        """Follow a stream that is about to begin with the number after ``after``: there is nothing to look for."""
        await self.unfollow()
        self._following = asyncio.create_task(self._follow(key, after, is_new=True))

    async def unfollow(self) -> None:
        """Stop following."""
        task, self._following = self._following, None
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def told(self, entry: Entry) -> str:
        """An event of the stream as this socket's reader gets it. Called for every token: it costs next to nothing."""
        return entry.json()

    @abstractmethod
    async def snapshot(self, key: str) -> LiveEvent | None:
        """The state afresh; its ``seq`` is the number of the last event it includes. None ends the following."""

    async def _follow(self, key: str, after: int | None, *, is_new: bool) -> None:
        try:
            if after is None or not (is_new or await holds(current_hub().client, key, after)):
                snapshot = await self.snapshot(key)
                if snapshot is None:
                    return
                await self.send_event(snapshot)
                after = snapshot.seq
            self.seq = after
            async with current_hub().follow(key, after, is_new=is_new) as follower:
                async for batch in follower.batches():
                    for entry in batch:
                        async with self._sending:
                            await self.send(self.told(entry))
                        self.seq = entry.seq
        # Without a close the page would wait for events that never come; on a close it connects again.
        except AWAY as problem:
            log.warning("live: following %s failed, a server is away: %s", key, problem)
            await self.close(TRY_AGAIN)
        except Exception:
            log.exception("live: following %s failed", key)
            await self.close(1011)
