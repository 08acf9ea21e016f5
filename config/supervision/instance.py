"""One running Footnote per DATA_DIR: the lock that says so, and the end of what a killed one left running."""

import fcntl
import hashlib
import json
import os
import time
from pathlib import Path
from typing import IO

import psutil

MARK = "FOOTNOTE_INSTANCE"
GRACE_S = 10.0
POLITE_S = 3.0


class AlreadyRunning(Exception):
    """Another ``make up`` holds this DATA_DIR; ``url`` is its address and ``pid`` its process."""

    def __init__(self, url: str, pid: int) -> None:
        super().__init__(url, pid)
        self.url = url
        self.pid = pid


def mark_of(data_dir: Path) -> str:
    """Return what the environment of every process of this DATA_DIR carries under MARK."""
    return hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]


def take_lock(data_dir: Path, url: str) -> IO[str]:
    """Return the lock on ``data_dir``, held while it stays open; AlreadyRunning when another process has it."""
    lock = open(data_dir / "lock", "a+", encoding="utf-8")  # noqa: SIM115 - held until the process ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = read_holder(lock.read())
        lock.close()
        raise AlreadyRunning(*holder) from None
    lock.truncate(0)
    lock.write(json.dumps({"url": url, "pid": os.getpid()}))
    lock.flush()
    return lock


def read_holder(text: str) -> tuple[str, int]:
    """Return address and process id from a lock's content; it may be read while it is written."""
    try:
        holder = json.loads(text)
        return str(holder["url"]), int(holder["pid"])
    except (ValueError, KeyError, TypeError):
        return "an unknown address", 0


def is_running(data_dir: Path) -> bool:
    """Return whether a ``make up`` holds ``data_dir`` now."""
    try:
        with open(data_dir / "lock", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def leftover_processes(data_dir: Path) -> list[psutil.Process]:
    """Return the processes of a Footnote on ``data_dir`` other than this one and its parents."""
    mark, mine = mark_of(data_dir), {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid not in mine and process.environ().get(MARK) == mark:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end_leftovers(data_dir: Path) -> int:
    """End what a killed predecessor left running on ``data_dir``; return how many processes that were.

    Its supervisor goes first, as it would start the others again, then its programs, then its database, which is
    asked to shut down fast. Each is killed only when it does not end by itself.
    """
    from config.embedded.postgres import running_server

    left = leftover_processes(data_dir)
    supervisors = [process for process in left if "supervisor.supervisord" in " ".join(words_of(process))]
    for process in supervisors:
        signal_quietly(process, psutil.Process.kill)
    psutil.wait_procs(supervisors, timeout=GRACE_S)
    for action, patience in ((psutil.Process.terminate, POLITE_S), (psutil.Process.kill, GRACE_S)):
        for process in left:
            signal_quietly(process, action)
        psutil.wait_procs(left, timeout=patience)
    server = running_server(data_dir)
    if server is not None:
        database = psutil.Process(server)
        signal_quietly(database, lambda process: process.send_signal(2))
        if psutil.wait_procs([database], timeout=GRACE_S)[1]:
            signal_quietly(database, psutil.Process.kill)
            psutil.wait_procs([database], timeout=GRACE_S)
        time.sleep(0.1)
    return len(left) + (server is not None)


def words_of(process: psutil.Process) -> list[str]:
    """Return a process's command line; nothing when it has ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def signal_quietly(process: psutil.Process, action: "object") -> None:
    """Do ``action`` to a process that may have ended meanwhile."""
    try:
        action(process)  # type: ignore[operator]
    except psutil.Error:
        return
