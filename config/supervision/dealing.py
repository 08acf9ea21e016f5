"""One address, and the processes that serve who connects there: their parent deals the connections out.

Each goes to the process that has the fewest open. Sockets of pages stay for hours, so chance is not good enough: with
a socket for each process on the same address the kernel gives seven of ten to one.
"""

import logging
import random
import select
import socket
import struct
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

log = logging.getLogger(__name__)

BACKLOG = 2048
AT_ONCE = 64
"""Connections that are dealt out, and reports that are read, before somebody else has a turn."""

REST_S = 0.02
"""So long nobody is let in while the processes have their hands full, or when the system lets nobody in."""

REPORT = struct.Struct("!QI")
"""What a process says of itself: how many connections it was ever given, and how many it has open."""


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that holds the address and does not listen; ends the program when somebody else is there."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        _refused(error, host, port)
    made.setblocking(False)
    return made


def listen(address: socket.socket) -> None:
    """Let people connect; ends the program when somebody else listens there by now."""
    try:
        address.listen(BACKLOG)
    except OSError as error:
        _refused(error, *address.getsockname()[:2])


def _refused(error: OSError, host: str, port: int) -> NoReturn:
    sys.exit(f"Cannot listen on {host}:{port}: {error.strerror}.")


class Lane:
    """The way to one process: connections go there, its reports come back."""

    def __init__(self) -> None:
        self.line, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.line.setblocking(False)
        self._given = self._taken = self._open = 0
        self.is_ready = self.is_over = False

    @property
    def load(self) -> int:
        """Connections that the process has, with those on their way to it."""
        return self._open + self._given - self._taken

    @property
    def is_free(self) -> bool:
        """Whether it takes a connection now: one that is busy takes some dozens ahead."""
        return bool(select.select([], [self.line], [], 0)[1])

    def read(self) -> None:
        """Take in the reports that have come; the first says that the process is ready, an end that it is over."""
        for _each in range(AT_ONCE):
            try:
                report = self.line.recv(REPORT.size)
            except BlockingIOError:
                return
            except OSError:
                report = b""
            if len(report) < REPORT.size:
                self.is_ready, self.is_over = False, True
                return
            self._taken, self._open = REPORT.unpack(report)
            self.is_ready = True

    def give(self, connection: socket.socket) -> bool:
        """Pass a connection on; whether there is still somebody who takes it."""
        try:
            socket.send_fds(self.line, [b"."], [connection.fileno()])
        except OSError:
            return False
        self._given += 1
        return True

    def close(self) -> None:
        """Close both ends, as far as they are open here."""
        self.line.close()
        self.theirs.close()


def deal(listener: socket.socket, lanes: Sequence[Lane]) -> None:
    """Accept who waits and give each to the process with the fewest; by chance where several have as few.

    While none is free, who connects waits in the kernel.
    """
    for _each in range(AT_ONCE):
        free = [lane for lane in lanes if lane.is_free]
        if not free:
            time.sleep(REST_S)
            return
        try:
            connection, _address = listener.accept()
        except BlockingIOError:
            return
        except OSError as problem:
            log.warning("A connection could not be accepted: %s", problem)
            time.sleep(REST_S)
            return
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # The order is stable: of those with as few, whoever chance has put first.
            by_load = sorted(random.sample(free, len(free)), key=lambda lane: lane.load)
            if not any(lane.give(connection) for lane in by_load):
                log.warning("A connection was closed: its web process has just ended.")
