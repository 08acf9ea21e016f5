"""Work of models for programs that call the API, beside people's questions and behind them.

A question is embedded in the thread that asks it. What programs send, hundreds of texts at once, goes through a lane of
its own: half as many threads as cores, a few requests that wait, and a clear refusal for more.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.utils.translation import gettext as _

from documents.errors import DocumentsError
from rag.embeddings import available_cores

MOST_WAITING = 4
LONGEST_S = 60.0

T = TypeVar("T")


class Lane:
    """Runs ``threads`` pieces of work at a time and lets ``waiting`` more wait. Made anew in a forked child."""

    def __init__(self, threads: int, waiting: int = MOST_WAITING) -> None:
        self._size = threads + waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="models-lane")
        self._lock = threading.Lock()
        self._there = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns, or raise what it raises; no database in it.

        Raises DocumentsError ``busy`` (429) when too many wait, ``too_slow`` (503) after LONGEST_S. Work that has begun
        goes on to its end even when nobody waits for it any more, so it must be bounded.
        """
        with self._lock:
            if self._there >= self._size:
                message = _("The models are busy with other requests. Try again in a few seconds.")
                raise DocumentsError("busy", message, 429)
            self._there += 1
        future = self._pool.submit(work)
        future.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), LONGEST_S)
        except TimeoutError as error:
            raise DocumentsError("too_slow", _("The models took too long. Send less at once."), 503) from error

    def _done(self, _future: "Future[T]") -> None:
        with self._lock:
            self._there -= 1


class _Lanes:
    """The lane of this process."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start afresh: in a forked child the threads are gone."""
        self._lock = threading.Lock()
        self._made: Lane | None = None

    def get(self) -> Lane:
        with self._lock:
            if self._made is None:
                self._made = Lane(max(1, available_cores() // 2))
            return self._made


_lanes = _Lanes()
os.register_at_fork(after_in_child=_lanes.forget)


def models_lane() -> Lane:
    """Return the lane of this process, made on first use."""
    return _lanes.get()
