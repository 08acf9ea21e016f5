"""Several processes that serve on one address, and the parent that keeps them running and deals out who connects.

The parent has loaded the code and does nothing else with it: no thread, no connection, no model. A fork of it shares
that code in memory and is there at once, also when it takes the place of one that died.
"""

import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from types import FrameType

from config.supervision.dealing import Lane, deal, listen
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
    """One of the processes, the way to it, and when it was started, on the monotonic clock."""

    process: ForkProcess
    lane: Lane
    started: float


class Processes:
    """``count`` processes that run ``serve`` with the line on which they get the connections that come to ``address``.

    ``serve`` returns or exits when its process gets SIGTERM. Nobody listens at the address before the first is ready.

    The first starts at once, the others when somebody can ask (the gate ``ready``): they would take the processors
    from what a start waits for.
    """

    def __init__(self, count: int, serve: Callable[[socket.socket], None], address: socket.socket) -> None:
        self._count = count
        self._address = address
        self._listens = False
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
                self._deal()
        finally:
            self._address.close()
            self._end()
        return 0 if self._stopping else 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _deal(self) -> None:
        """Hand on who connects, until something else is to be done; ``POLL_S`` at most."""
        lanes = [child.lane for child in self._children if not child.lane.is_over]
        ready = [lane for lane in lanes if lane.is_ready]
        if ready and not self._listens:
            listen(self._address)
            self._listens = True
        # While nobody is ready, who connects waits in the kernel.
        doors = [self._address] if ready else []
        ends = [child.process.sentinel for child in self._children]
        come = wait([*ends, *(lane.line for lane in lanes), *doors], POLL_S)
        for lane in lanes:
            if lane.line in come:
                lane.read()
        ready = [lane for lane in ready if lane.is_ready]
        if ready and self._address in come:
            deal(self._address, ready)

    def _bury(self) -> None:
        for child in [child for child in self._children if not child.process.is_alive()]:
            self._children.remove(child)
            child.lane.close()
            is_early = time.monotonic() - child.started < EARLY_S
            self._early_deaths = self._early_deaths + 1 if is_early else 0
            if not self._stopping:
                log.warning("Web process %s ended with status %s.", child.process.pid, child.process.exitcode)

    def _fill_up(self) -> None:
        wanted = self._count if is_open("ready") else 1
        for _missing in range(len(self._children), wanted):
            lane = Lane()
            process = multiprocessing.get_context("fork").Process(target=self._run, args=(os.getpid(), lane))
            # A signal to the child waits until the child has put our handler away.
            signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
            try:
                process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            lane.theirs.close()
            self._children.append(Child(process, lane, time.monotonic()))

    def _run(self, parent: int, lane: Lane) -> None:
        """In the child: serve, and end when the parent is killed."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        stop_with_parent()
        if os.getppid() != parent:  # killed before the kernel knew that we want to hear of it
            sys.exit(1)
        for each in (self._address, lane.line, *(child.lane.line for child in self._children)):
            each.close()
        self._serve(lane.theirs)

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
