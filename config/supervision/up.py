"""``manage.py up``: starts everything, says when a question can be asked, and stops everything."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPException
from pathlib import Path
from types import FrameType, ModuleType
from typing import cast
from xmlrpc.client import Fault, ServerProxy

from config.embedded.sockets import make_private_folder, socket_folder
from config.env import SettingError
from config.supervision import gate, instance
from config.supervision.programs import ROOT, programs, supervisord_conf

PR_SET_PDEATHSIG = 1
STOP_WAIT_S = 28.0
POLL_S = 0.1
WATCH_S = 1.0


class StartFailed(Exception):
    """Footnote cannot run; the message says why and what to do."""


class Stopped(Exception):
    """Somebody asked us to stop."""


def main() -> int:
    """Run until told to stop; return the exit status: 0 when asked to stop, 1 otherwise, 2 for a wrong setting."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    try:
        from config import settings
    except SettingError as error:
        return complain(f"Footnote cannot start: {error}", 2)
    try:
        with instance.take_lock(settings.DATA_DIR, settings.PUBLIC_URL):
            return Up(settings).run()
    except instance.AlreadyRunning as other:
        return complain(
            f"Footnote already runs on {settings.DATA_DIR}: {other.url} (process {other.pid}). "
            "Stop it first, or set another DATA_DIR and PORT."
        )
    except StartFailed as error:
        return complain(str(error))
    except Stopped:
        return 0


def complain(message: str, status: int = 1) -> int:
    """Write a message for a person to standard error and return the exit status."""
    print(message, file=sys.stderr, flush=True)
    return status


def on_signal(number: int, _frame: FrameType | None) -> None:
    """Leave whatever we do; more signals while we stop change nothing."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise Stopped


class Up:
    """One run: the supervisor, and ``prepare`` beside it."""

    def __init__(self, settings: ModuleType) -> None:
        self.settings = settings
        self.data_dir: Path = settings.DATA_DIR
        self.run_folder = socket_folder(self.data_dir)
        self.logs = self.data_dir / "logs"
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.prepare: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Start, wait, stop; return the exit status."""
        try:
            self.start()
            self.watch()
        finally:
            self.stop()
        return 1

    def start(self) -> None:
        """Start the supervisor and ``prepare``; StartFailed when that cannot work."""
        ended = instance.end_leftovers(self.data_dir)
        if ended:
            print(f"Ended {ended} processes that a killed Footnote had left.", flush=True)
        self.check_port()
        try:
            make_private_folder(self.run_folder)
            make_private_folder(self.logs)
        except OSError as error:
            raise StartFailed(str(error)) from error
        for stale in (*gate.GATES, "supervisor.sock", "supervisord.pid"):
            (self.run_folder / stale).unlink(missing_ok=True)
        chosen = list(
            programs(
                self.data_dir,
                embedded_database=self.settings.EMBEDDED_DATABASE,
                embedded_valkey=self.settings.EMBEDDED_VALKEY,
            )
        )
        conf = self.run_folder / "supervisord.conf"
        conf.write_text(supervisord_conf(chosen, folder=self.run_folder, logs=self.logs), encoding="utf-8")
        environment = {
            **os.environ,
            instance.MARK: instance.mark_of(self.data_dir),
            gate.VARIABLE: str(self.run_folder),
            "DATA_DIR": str(self.data_dir),
            "PYTHONUNBUFFERED": "1",
        }
        self.supervisor = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(conf)],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=stop_with_parent,  # noqa: PLW1509 - one thread here
        )  # fmt: skip
        self.prepare = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "prepare", "--wait"], cwd=ROOT, env=environment,
            stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=stop_with_parent,  # noqa: PLW1509 - one thread here
        )  # fmt: skip

    def check_port(self) -> None:
        """Raise StartFailed when the address cannot be listened on."""
        host, port = self.settings.HOST, self.settings.PORT
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise StartFailed(
                    f"Cannot listen on {host}:{port} ({error.strerror}). Set PORT to a free one, "
                    "as in PORT=8001 make up."
                ) from error

    def watch(self) -> None:
        """Wait until a program fails for good, ``prepare`` fails or the supervisor is gone: StartFailed says which."""
        assert self.supervisor is not None
        # The first look waits: nobody has given anything up by then, and asking costs what loading needs.
        next_look = time.monotonic() + 4 * WATCH_S
        while True:
            if self.supervisor.poll() is not None:
                raise StartFailed(f"The supervisor ended unexpectedly; see {self.logs / 'supervisor.log'}.")
            if self.prepare is not None and self.prepare.poll() is not None:
                if self.prepare.returncode:
                    raise StartFailed(f"Footnote did not get ready. The logs are in {self.logs}.")
                self.prepare = None
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + WATCH_S
                for name in failed_programs(self.run_folder / "supervisor.sock"):
                    raise StartFailed(f"{name} does not stay up:\n{last_lines(self.logs / f'{name}.log')}")
            time.sleep(POLL_S if self.prepare else WATCH_S)

    def stop(self) -> None:
        """Stop ``prepare`` and the supervisor with all its programs; kill what is left in the end."""
        for process in (self.prepare, self.supervisor):
            if process is not None and process.poll() is None:
                process.terminate()
        for process in (self.prepare, self.supervisor):
            if process is not None:
                try:
                    process.wait(STOP_WAIT_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        instance.end_leftovers(self.data_dir)


def stop_with_parent() -> None:
    """Have the kernel stop this process when the one that started it is killed (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def failed_programs(address: Path) -> list[str]:
    """Return the programs that the supervisor has given up, asked over its socket; none while it does not answer."""
    from supervisor.xmlrpc import SupervisorTransport

    transport = SupervisorTransport(None, None, f"unix://{address}")
    try:
        found = cast(list[dict[str, str]], ServerProxy("http://localhost", transport).supervisor.getAllProcessInfo())
    except (OSError, HTTPException, Fault):
        return []
    finally:
        transport.close()
    return [program["name"] for program in found if program["statename"] == "FATAL"]


def last_lines(log: Path, count: int = 15) -> str:
    """Return the end of a log."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])
    except OSError as error:
        return f"(its log cannot be read: {error.strerror})"
