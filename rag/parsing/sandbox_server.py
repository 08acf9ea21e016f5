"""The sandbox's helper process: forks a limited child for each document and tells how it ended.

Run as ``python -m rag.parsing.sandbox_server DESCRIPTOR OPTIONS`` by ``rag.parsing.sandbox``. Requests come over the
socket ``DESCRIPTOR``, each with three descriptors: the file, the pipe for the result, the pipe for the ending. When the
socket closes, the children are killed and the process ends.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import READERS, limits, markdown
from rag.parsing.confinement import confine, end_with, leave_network, prepare
from rag.parsing.decoding import decode
from rag.parsing.model import ParsedDocument
from rag.parsing.wire import pack_document, pack_error

Parser = Callable[[Path, str], ParsedDocument]

_MAX_REQUEST = 64 * 1024
_TICK_S = 1.0


@dataclass(slots=True)
class _Child:
    status: int
    deadline: float
    timed_out: bool = False


class SandboxServer:
    """Serves the requests of one parent."""

    def __init__(self, control: socket.socket, parser: Parser, memory_bytes: int) -> None:
        self.control = control
        self.parser = parser
        self.memory_bytes = memory_bytes
        self.children: dict[int, _Child] = {}
        self.pid = os.getpid()

    def serve(self) -> None:
        """Handle requests until the parent closes its end."""
        wake, wake_end = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wake_end, False)
        signal.signal(signal.SIGCHLD, lambda *_other: None)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        selector = selectors.DefaultSelector()
        selector.register(self.control, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        self.control.sendall(b"r")
        while True:
            for key, _other in selector.select(self._wait()):
                if key.fd == wake:
                    _drain(wake)
                elif not self._request():
                    self._end()
                    return
            self._reap()
            self._stop_late()

    def _wait(self) -> float | None:
        if not self.children:
            return None
        nearest = min(child.deadline for child in self.children.values())
        return min(max(nearest - time.monotonic(), 0.0), _TICK_S)

    def _request(self) -> bool:
        """Take one request and fork for it; false when the parent is gone."""
        try:
            head, descriptors, _other, _other = socket.recv_fds(self.control, 4, 3)
        except OSError:
            return False
        if not head:
            return False
        body = b""
        head += self._receive(4 - len(head))
        size = int.from_bytes(head, "big")
        if size <= _MAX_REQUEST:
            body = self._receive(size)
        if len(descriptors) != 3 or len(body) != size:
            return False
        request = json.loads(body)
        file, result, status = descriptors
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            self._child(file, result, str(request["filename"]), float(request["timeout_s"]))
        os.close(file)
        os.close(result)
        self.children[pid] = _Child(status, time.monotonic() + float(request["timeout_s"]))
        return True

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.control.recv(size - len(data))
            if not part:
                break
            data += part
        return data

    def _reap(self) -> None:
        while self.children:
            try:
                pid, code, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self.children.pop(pid, None)
            if child is not None:
                self._report(child, code, usage)

    def _report(self, child: _Child, code: int, usage: resource.struct_rusage) -> None:
        number = os.WTERMSIG(code) if os.WIFSIGNALED(code) else 0
        ending = "crashed"
        if child.timed_out or number == signal.SIGXCPU:
            ending = "timeout"
        elif os.WIFEXITED(code) and os.WEXITSTATUS(code) == 0:
            ending = "done"
        elif number == signal.SIGKILL or usage.ru_maxrss * 1024 > 0.7 * self.memory_bytes:
            # Nobody here sends SIGKILL but for time: it was the system, out of memory. A native library that gets
            # no memory aborts instead.
            ending = "memory"
        with contextlib.suppress(OSError):  # the parent may no longer wait for it
            os.write(child.status, ending.encode())
        os.close(child.status)

    def _stop_late(self) -> None:
        now = time.monotonic()
        for pid, child in self.children.items():
            if now >= child.deadline and not child.timed_out:
                child.timed_out = True
                os.kill(pid, signal.SIGKILL)

    def _end(self) -> None:
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)

    def _child(self, file: int, result: int, filename: str, timeout_s: float) -> NoReturn:
        """Parse in the forked child, which never returns from here."""
        code = 1
        try:
            end_with(self.pid)
            os.dup2(1, 2)  # what libraries say about a file of a stranger is for nobody's log
            _keep_only(file, result)
            confine(self.memory_bytes, timeout_s, (file,))
            limits.allow(timeout_s)
            data = _parsed(self.parser, file, filename)
            _write_all(result, data)
            code = 0
        except MemoryError:
            code = 0 if _write_memory_error(result) else 1
        finally:
            os._exit(code)


def _parsed(parser: Parser, file: int, filename: str) -> bytes:
    try:
        return pack_document(parser(Path(f"/dev/fd/{file}"), filename))
    except ParsingError as error:
        return pack_error(error)
    except RecursionError:
        return pack_error(ParsingError("too_large", _("This document is nested too deeply to be read.")))


def _write_memory_error(result: int) -> bool:
    gc.collect()
    message = _("Reading this file needs too much memory. Split it into smaller files.")
    try:
        _write_all(result, pack_error(ParsingError("parse_memory", message)))
    except MemoryError:
        return False
    return True


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _keep_only(*kept: int) -> None:
    """Close every descriptor but these and the standard ones: the parent's socket and other documents' pipes too."""
    lowest = 3
    for descriptor in sorted(kept):
        os.closerange(lowest, descriptor)
        lowest = descriptor + 1
    os.closerange(lowest, 4096)


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def _load(name: str) -> Parser:
    """The parser named "module:function", with all that it will need loaded, so that children need not do it again."""
    module, _other, function = name.partition(":")
    for reader in READERS.values():
        importlib.import_module(reader)
    for part in ("mail_mime", "mail_outlook"):
        importlib.import_module(f"rag.parsing.{part}")
    markdown.renderer().parse("# Warm\n\n- up\n")
    decode("Größe und Maß. ".encode("cp1252") * 20)
    parser: Parser = getattr(importlib.import_module(module), function)
    return parser


def main() -> None:
    """Start from the command line's two arguments."""
    options = json.loads(sys.argv[2])
    control = socket.socket(fileno=int(sys.argv[1]))
    leave_network()
    prepare()
    parser = _load(options["parser"])
    gc.collect()
    gc.freeze()
    SandboxServer(control, parser, int(options["memory_bytes"])).serve()


if __name__ == "__main__":
    main()
