"""Several processes that serve on one address, and the parent that keeps them running.

The parent has loaded the code and does nothing else with it: no thread, no connection, no model. A fork of it shares
that code in memory and is there at once, also when it takes the place of one that died.
"""

import gc
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from types import FrameType

from config.supervision.gate import is_open
from config.supervision.up import stop_with_parent

log = logging.getLogger(__name__)

POLL_S = 0.1

EARLY_S, EARLY_DEATHS = 10.0, 3
"""So many that die so soon, one after the other, are a fault that another start does not mend."""

GRACE_S = 5.4
"""What the processes get to end. The supervisor gives all of us six seconds."""

KILLED_S = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Child:
    """One of the processes, and when it was started, on the monotonic clock."""

    process: ForkProcess
    started: float


class Processes:
    """``count`` processes that run ``serve``, which returns or exits when its process gets SIGTERM.

    The first starts at once, the others when somebody can ask (the gate ``ready``): they would take the processors
    from what a start waits for.
    """

    def __init__(self, count: int, serve: Callable[[], None]) -> None:
        self._count = count
        self._serve = serve
        self._children: list[Child] = []
        self._early_deaths = 0
        self._stopping = False

    def run(self) -> int:
        """Keep them running until SIGINT or SIGTERM comes; the exit status, 1 when they die again and again."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        # What is there now is never looked through for garbage, which would write to it: it stays shared.
        gc.freeze()
        try:
            while not self._stopping and self._early_deaths < EARLY_DEATHS:
                self._bury()
                self._fill_up()
                wait([child.process.sentinel for child in self._children], POLL_S)
        finally:
            self._end()
        return 0 if self._stopping else 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _bury(self) -> None:
        for child in [child for child in self._children if not child.process.is_alive()]:
            self._children.remove(child)
            is_early = time.monotonic() - child.started < EARLY_S
            self._early_deaths = self._early_deaths + 1 if is_early else 0
            if not self._stopping:
                log.warning("Web process %s ended with status %s.", child.process.pid, child.process.exitcode)

    def _fill_up(self) -> None:
        wanted = self._count if is_open("ready") else 1
        for _missing in range(len(self._children), wanted):
            process = multiprocessing.get_context("fork").Process(target=_run, args=(self._serve, os.getpid()))
            # A signal to the child waits until the child has put our handler away.
            signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
            try:
                process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            self._children.append(Child(process, time.monotonic()))

    def _end(self) -> None:
        for child in self._children:
            child.process.terminate()
        deadline = time.monotonic() + GRACE_S
        for child in self._children:
            child.process.join(max(0.0, deadline - time.monotonic()))
        for child in self._children:
            if child.process.is_alive():
                child.process.kill()
                child.process.join(KILLED_S)


def _run(serve: Callable[[], None], parent: int) -> None:
    """In the child: serve, and end when the parent is killed, so that nobody is left who keeps the port."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    stop_with_parent()
    if os.getppid() != parent:  # killed before the kernel knew that we want to hear of it
        sys.exit(1)
    serve()
