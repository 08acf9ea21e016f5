"""Parses documents in processes that can do no harm: limited in memory, time, files and network.

One helper process (``rag.parsing.sandbox_server``) has the parsers loaded and forks a child for each document, which
makes a small document cost a few milliseconds. The child gets the file as an open descriptor and hands the result back
through a pipe; how it ended comes from the helper. The helper is started on first use, again when it died, and ends
when this process does, since it reads from a socket that closes then.
"""

import atexit
import json
import math
import os
import select
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing.detection import may_be_scan
from rag.parsing.model import ParsedDocument
from rag.parsing.wire import WireError, unpack

_GRACE_S = 5.0
_START_S = 30.0
_MAX_RESULT_BYTES = 1024**3
_READ_BYTES = 1 << 20


class ParsingSandbox:
    """Reads files in limited processes. May be shared by threads; used in a forked child, it starts its own helper."""

    def __init__(
        self,
        memory_bytes: int = 2 * 1024**3,
        base_timeout_s: float = 60.0,
        timeout_s_per_mb: float = 20.0,
        longest_timeout_s: float = 900.0,
        scan_timeout_s_per_mb: float = 60.0,
        parser: str = "rag.parsing:parse",
    ) -> None:
        """``parser`` names the function that reads a file, "module:function"; the time allowed grows with its size.

        A PDF or a picture may be a scan and is allowed ``scan_timeout_s_per_mb``: a page of 50 to 500 KB takes two to
        five seconds to be read. What is not read in time is told in the document's notes.
        """
        self.memory_bytes = memory_bytes
        self.base_timeout_s = base_timeout_s
        self.timeout_s_per_mb = timeout_s_per_mb
        self.longest_timeout_s = longest_timeout_s
        self.scan_timeout_s_per_mb = scan_timeout_s_per_mb
        self.parser = parser
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        os.register_at_fork(after_in_child=_on(self, "_forget"))
        atexit.register(_on(self, "close"))

    def parse(self, path: Path, filename: str, timeout_s: float | None = None) -> ParsedDocument:
        """Read the file at ``path`` as ``rag.parsing.parse`` does, within ``timeout_s`` seconds of wall time.

        Raises ParsingError: the parser's own, ``parse_timeout``, ``parse_memory`` or ``parse_crashed``. Raises OSError
        when the file cannot be opened.
        """
        with path.open("rb") as file:
            if timeout_s is None:
                timeout_s = self._timeout_s(file.fileno())
            result, result_end = os.pipe()
            try:
                status, status_end = os.pipe()
            except OSError:
                os.close(result)
                os.close(result_end)
                raise
            try:
                try:
                    self._send(filename, timeout_s, [file.fileno(), result_end, status_end])
                finally:
                    os.close(result_end)
                    os.close(status_end)
                deadline = time.monotonic() + timeout_s + _GRACE_S
                data = _read(result, deadline, _MAX_RESULT_BYTES)
                if data is not None and len(data) > _MAX_RESULT_BYTES:
                    raise ParsingError("too_large", _("This document holds too much. Split it into smaller files."))
                ending = _read(status, deadline, 64)
            finally:
                os.close(result)
                os.close(status)
        if data is None or ending is None:
            # The helper itself does not answer: it would have said that the time is over.
            self.close()
            raise _timeout()
        return _outcome(data, ending.decode("ascii", "replace"))

    def _timeout_s(self, descriptor: int) -> float:
        megabytes = os.fstat(descriptor).st_size / 1024**2
        scan = may_be_scan(os.pread(descriptor, 1024, 0))
        rate = self.scan_timeout_s_per_mb if scan else self.timeout_s_per_mb
        return min(self.base_timeout_s + rate * megabytes, self.longest_timeout_s)

    def close(self) -> None:
        """Stop the helper and whatever it is running; the next ``parse`` starts another."""
        with self._lock:
            self._stop()

    def _send(self, filename: str, timeout_s: float, descriptors: list[int]) -> None:
        request = json.dumps({"filename": filename[-1000:], "timeout_s": timeout_s}).encode()
        message = len(request).to_bytes(4, "big") + request
        with self._lock:
            for attempt in (1, 2):
                control = self._connected()
                try:
                    sent = socket.send_fds(control, [message], descriptors)
                    control.sendall(message[sent:])
                except OSError:
                    # The helper died since the last document. Its successor gets the request again.
                    self._stop()
                    if attempt == 2:
                        raise ParsingError("parse_crashed", _CRASHED) from None
                else:
                    return

    def _connected(self) -> socket.socket:
        """The socket to a living helper, started if need be."""
        if self._server is not None and self._server.poll() is not None:
            self._stop()
        if self._control is None:
            self._start()
        if self._control is None:
            raise ParsingError("parse_crashed", _CRASHED)
        return self._control

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
            "LC_ALL": "C.UTF-8",
            # The child may start no threads, and a library that cannot start those it wants ends the process.
            "OMP_THREAD_LIMIT": "1",
            "OMP_NUM_THREADS": "1",
        }
        options = json.dumps({"memory_bytes": self.memory_bytes, "parser": self.parser})
        with theirs:
            # A list of arguments, no shell. Its own session: Ctrl-C at the terminal is for the parent to handle.
            self._server = subprocess.Popen(
                [sys.executable, "-m", "rag.parsing.sandbox_server", str(theirs.fileno()), options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=environment,
                start_new_session=True,
            )
        ours.settimeout(_START_S)
        try:
            ready = ours.recv(1)
        except OSError:
            ready = b""
        self._control = ours
        if not ready:
            self._stop()

    def _forget(self) -> None:
        """In a forked child: the helper is the parent's, and the lock may be held by a thread that is not here."""
        self._lock = threading.Lock()
        if self._control is not None:
            self._control.close()
        if self._server is not None:
            self._server.returncode = 0  # not a child of this process, so there is nothing to wait for
        self._server = self._control = None

    def _stop(self) -> None:
        control, server = self._control, self._server
        self._control = self._server = None
        if control is not None:
            control.close()
        if server is not None:
            server.kill()
            server.wait(timeout=_GRACE_S)


def _on(sandbox: ParsingSandbox, method: str) -> Callable[[], None]:
    """A call of the sandbox's method that does not keep the sandbox alive."""
    reference = weakref.ref(sandbox)

    def call() -> None:
        living = reference()
        if living is not None:
            getattr(living, method)()

    return call


_CRASHED = _(
    "Reading this file failed: it crashed the reader. Save it again in another version or format, and upload that."
)


def _timeout() -> ParsingError:
    return ParsingError(
        "parse_timeout", _("Reading this file took too long. Split it into smaller files and upload those.")
    )


def _outcome(data: bytes, ending: str) -> ParsedDocument:
    """What the child sent, unless the helper says that it did not end well."""
    if ending == "timeout":
        raise _timeout()
    if ending == "memory":
        raise ParsingError("parse_memory", _("Reading this file needs too much memory. Split it into smaller files."))
    if ending != "done":
        raise ParsingError("parse_crashed", _CRASHED)
    try:
        return unpack(data)
    except WireError as error:
        raise ParsingError("parse_crashed", _CRASHED) from error


def _read(descriptor: int, deadline: float, limit: int) -> bytes | None:
    """What comes up to the other side's close, or a little more than ``limit`` of it; ``None`` if late."""
    parts: list[bytes] = []
    size = 0
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    while size <= limit:
        left = deadline - time.monotonic()
        if left <= 0 or not poller.poll(math.ceil(left * 1000)):
            return None
        part = os.read(descriptor, _READ_BYTES)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)
