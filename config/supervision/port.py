"""One address on which several processes listen, each with a socket of its own.

The kernel deals out who connects by chance, evenly, to those that listen. On one socket that all share a hundred came
to two processes as 76 and 24: whoever wakes first takes what waits.
"""

import socket
import sys


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that holds the address and does not listen; ends the program when somebody else listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with _fresh(family) as probe:
            # Without the option that shares an address: another Footnote must not answer half of our pages.
            probe.bind((host, port))
        held = _fresh(family)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((host, port))
    except OSError as error:
        sys.exit(f"Cannot listen on {host}:{port}: {error.strerror}.")
    return held


def beside(held: socket.socket) -> socket.socket:
    """Return another socket on the same address, to listen on. When its process dies nobody is sent there any more."""
    other = _fresh(held.family)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    other.bind(held.getsockname())
    return other


def _fresh(family: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made
