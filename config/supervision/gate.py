"""Holds programs back until they are of use: ``prepared`` opens with the tables, ``ready`` with the first question.

Web and worker load their code before they wait. The scheduler waits first, so that it takes no part of the
processors while everybody loads: ``python -m config.supervision.gate ready COMMAND...``.
"""

import os
import sys
import time
from pathlib import Path

VARIABLE = "FOOTNOTE_GATES"
GATES = ("prepared", "ready")
WAIT_S = 300.0


def open_gate(name: str) -> None:
    """Let the programs go on that wait at ``name``; nothing when none do."""
    folder = os.environ.get(VARIABLE)
    if folder:
        (Path(folder) / name).touch()


def is_open(name: str) -> bool:
    """Return whether the gate ``name`` is open; it is when ``manage.py up`` did not start us."""
    folder = os.environ.get(VARIABLE)
    return not folder or (Path(folder) / name).exists()


def wait_at_gate(name: str) -> None:
    """Return when the gate ``name`` is open, or at once when ``manage.py up`` did not start us.

    Ends the program with status 1 after WAIT_S seconds: its supervisor decides what then.
    """
    deadline = time.monotonic() + WAIT_S
    while not is_open(name):
        if time.monotonic() > deadline:
            sys.exit(f"Footnote was not {name} within {WAIT_S:.0f} s; the first lines of make up say why.")
        time.sleep(0.02)


if __name__ == "__main__":
    wait_at_gate(sys.argv[1])
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - our own words only
