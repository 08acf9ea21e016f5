"""pytest plugin: lets threads keep their connection to the database, as the application does.

A connection for each call of a thread, closed behind it, was a third of PostgreSQL's part in a test of a socket.
"""

import threading
from typing import Any

import pytest

KEPT_S = 600


class Opened:
    """The connections that threads have opened."""

    def __init__(self) -> None:
        self.held: list[tuple[threading.Thread, Any]] = []

    def note(self, connection: Any, **_signal: Any) -> None:
        self.held.append((threading.current_thread(), connection.connection))

    def close_left(self) -> None:
        """Close those of threads that have ended: nobody else does."""
        for thread, connection in self.held:
            if not thread.is_alive():
                connection.close()
        self.held = [(thread, connection) for thread, connection in self.held if not connection.closed]


opened = Opened()


def pytest_configure() -> None:
    from django.db.backends.signals import connection_created

    connection_created.connect(opened.note)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Leave no connection of a test's threads."""
    opened.close_left()
