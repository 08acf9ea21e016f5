"""Parsers that do what a hostile file might make a real one do; the sandbox's helper loads them by name."""

import ctypes
import os
import socket
import stat
import subprocess
import time

from rag.parsing import Block, ParsedDocument
from rag.parsing import parse as real_parse


def misbehave(path, filename):
    """Do what the file's first line says; anything else is parsed for real."""
    order, _, argument = path.read_text().partition(" ")
    action = _ACTIONS.get(order)
    if action is None:
        return real_parse(path, filename)
    answer = action(argument)
    return answer if isinstance(answer, ParsedDocument) else _said(str(answer))


def _said(text):
    return ParsedDocument("text", "", text, (Block("paragraph", 0, len(text)),))


def _loop(_):
    while True:
        pass


def _sleep(_):
    time.sleep(3600)


def _hoard(_):
    hoard = []
    while True:
        hoard.append(bytearray(64 * 1024**2))


def _crash(_):
    ctypes.string_at(0)


def _exit(_):
    os._exit(0)


def _raise(_):
    raise ZeroDivisionError


def _recurse(depth):
    return _recurse(depth) + 1


def _connect(port):
    try:
        socket.create_connection(("127.0.0.1", int(port)), timeout=2).close()
    except OSError as error:
        return type(error).__name__
    return "connected"


def _write(path):
    try:
        with open(path, "w") as file:
            file.write("x" * 10)
    except OSError as error:
        return type(error).__name__
    return "written"


def _descriptors(_):
    return " ".join(map(str, _open_descriptors()))


def _open_descriptors():
    found = []
    for number in range(4096):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


def _read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError as error:
        return type(error).__name__


def _remove(path):
    try:
        os.unlink(path)
    except OSError as error:
        return type(error).__name__
    return "removed"


def _start(_):
    try:
        return subprocess.run(["/bin/true"]).returncode
    except OSError as error:
        return type(error).__name__


def _socket(_):
    try:
        socket.socket().close()
    except OSError as error:
        return type(error).__name__
    return "made"


def _codec(name):
    return str("ä".encode(name).decode(name))


def _environment(_):
    return " ".join(sorted(os.environ))


def _lie(_):
    os.write(_result_descriptor(), b"\x00" * 4 + b"\xff" * 400)
    os._exit(0)


def _flood(_):
    return "x" * 50_000_000


def _stray(_):
    text = "short"
    return ParsedDocument("text", "", text, (Block("paragraph", 0, 5000),))


def _result_descriptor():
    return next(number for number in _open_descriptors() if number > 2 and stat.S_ISFIFO(os.fstat(number).st_mode))


_ACTIONS = {
    "loop": _loop,
    "sleep": _sleep,
    "hoard": _hoard,
    "crash": _crash,
    "exit": _exit,
    "raise": _raise,
    "recurse": _recurse,
    "connect": _connect,
    "write": _write,
    "read": _read,
    "remove": _remove,
    "start": _start,
    "socket": _socket,
    "codec": _codec,
    "descriptors": _descriptors,
    "environment": _environment,
    "lie": _lie,
    "flood": _flood,
    "stray": _stray,
}
