"""Ends waits for a model that has fallen silent, at next to no cost for each of the thousands of an answer."""

import asyncio
from types import TracebackType
from typing import Self


class Patience:
    """One timer for many waits of one task: ``waits`` begins one, ``rests`` ends it. Enter it around them.

    A wait that lasts too long is cancelled, and becomes a TimeoutError when the block is left. ``asyncio.timeout``
    does the same for one wait, with a timer that is set and taken back for every token.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[object] | None = None
        self._until: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expired = False

    def waits(self, seconds: float) -> None:
        """The running task waits from now on, for at most so long."""
        until = self._loop.time() + max(0.0, seconds)
        self._until = until
        # The timer of an earlier wait is left as it is, unless this one may end before it.
        if self._timer is None or self._timer.when() > until:
            self._task = asyncio.current_task()
            self._start(until)

    def rests(self) -> None:
        """The wait is over; what the task does until the next one is not measured."""
        self._until = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._until = None
        if self._timer:
            self._timer.cancel()
        # Cancelled from elsewhere too: then it ends as that wants it.
        if self._expired and self._task and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _start(self, until: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(until, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._until is None:
            return
        if self._until > self._loop.time():
            self._start(self._until)
        elif self._task:
            self._expired = True
            self._task.cancel()
