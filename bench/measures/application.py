"""Footnote as ``make up`` starts it, for benchmarks that measure the whole of it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx2

ROOT = Path(__file__).resolve().parents[2]
ADMIN, PASSWORD = "bench@example.com", "Bench-horse-9-battery"
START_S, STOP_S = 120, 30


@dataclass(frozen=True, slots=True)
class Application:
    """Where it answers, the environment in which its commands find it, and its process id."""

    address: str
    environment: dict[str, str]
    pid: int

    def token(self) -> dict[str, str]:
        """Return the headers of a request by its admin."""
        told = subprocess.run(
            [sys.executable, "manage.py", "token", ADMIN, "--name", "bench"], cwd=ROOT, env=self.environment, text=True,
            capture_output=True, check=True, timeout=60,
        )  # fmt: skip
        return {"authorization": f"Bearer {told.stdout.split()[-1]}"}

    @contextmanager
    def signed_in(self) -> Iterator[httpx2.Client]:
        """A client with the cookies of its admin."""
        with httpx2.Client(base_url=self.address, headers={"origin": self.address}, timeout=60) as client:
            client.get("/accounts/login/").raise_for_status()
            form = {"login": ADMIN, "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
            client.post("/accounts/login/", data=form)
            if "sessionid" not in client.cookies:
                raise SystemExit("Signing in failed.")
            yield client


@contextmanager
def running(
    workers: int = 1, folder: Path | None = None, more: Mapping[str, str] | None = None
) -> Iterator[Application]:
    """Start Footnote with so many worker processes; stop it at the end, also at a SIGTERM.

    Without a ``folder`` its DATA_DIR is an empty one that is removed. ``more`` is added to its environment.
    """
    with tempfile.TemporaryDirectory(prefix="fn-") as empty, _ends_at_sigterm():
        port = _free_port()
        removed = {"REDIS_URL", "DATABASE_URL"}
        environment = {name: value for name, value in os.environ.items() if name not in removed} | {
            "DATA_DIR": str(folder or empty), "PORT": str(port), "ADMIN_EMAIL": ADMIN, "ADMIN_PASSWORD": PASSWORD,
            "WORKER_CONCURRENCY": str(workers), **(more or {}),
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        too_late = threading.Timer(START_S, process.terminate)
        too_late.start()
        try:
            assert process.stdout is not None
            if not any(line.startswith("Ready") for line in process.stdout):
                raise SystemExit(f"Footnote did not start within {START_S} s.")
            too_late.cancel()
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield Application(f"http://127.0.0.1:{port}", environment, process.pid)
        finally:
            too_late.cancel()
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(STOP_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _ends_at_sigterm() -> Iterator[None]:
    """A benchmark that is told to end stops what it started."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
