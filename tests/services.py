"""pytest plugin: sets the environment before Django reads it, and starts PostgreSQL and Valkey when a test needs them.

The servers live for the run in a temporary DATA_DIR that xdist's workers share; DATABASE_URL and REDIS_URL, when set,
are used instead.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from config.embedded import postgres, valkey
from config.embedded.sockets import valkey_socket
from tests.prepared import put_database

SETTINGS = (
    "ADMIN_EMAIL", "ADMIN_PASSWORD", "ALLOWED_HOSTS", "ALLOW_SIGNUP", "DEBUG", "FOLDER_ROOTS", "HOST",
    "LLM_API_KEY", "LLM_BASE_URL", "LLM_MODEL", "LOG_FORMAT", "LOG_LEVEL", "MAX_UPLOAD_MB",
    "OUTBOUND_ALLOW_PRIVATE", "PORT", "PUBLIC_URL", "SECRET_KEY", "ENCRYPTION_KEY", "WEB_PROCESSES",
    "WORKER_CONCURRENCY", "DATABASE_POOL_SIZE", "EMBEDDERS_DIR", "RERANKERS_DIR", "KEEP_EMBEDDINGS_HOURS",
)  # fmt: skip
MARK = "FOOTNOTE_TEST_DATA_DIR"
GIVEN = "FOOTNOTE_TEST_GIVEN"
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 10
CHILDREN: dict[str, subprocess.Popen[bytes]] = {}

for name in SETTINGS:
    os.environ.pop(name, None)
OWNER_PID = 0
if MARK not in os.environ:
    os.environ[MARK] = tempfile.mkdtemp(prefix="fn-test-")
    os.environ[GIVEN] = " ".join(name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name))
    OWNER_PID = os.getpid()
DATA_DIR = Path(os.environ[MARK])
os.environ["DATA_DIR"] = str(DATA_DIR)
if "REDIS_URL" not in os.environ[GIVEN]:
    # Each of xdist's workers has a database of Valkey to itself, as it has one of PostgreSQL.
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1
    os.environ["REDIS_URL"] = f"unix://{valkey_socket(DATA_DIR)}?db={number % 16}"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def start_services() -> None:
    """Start the servers that no URL points at, unless this run has them already."""
    given = os.environ[GIVEN]
    with open(DATA_DIR / "services.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if "DATABASE_URL" not in given and not (DATA_DIR / "postgres.pid").exists():
            put_database(DATA_DIR)
            spawn("postgres", postgres.server_command(DATA_DIR, durable=False))
        if "REDIS_URL" not in given and not (DATA_DIR / "valkey.pid").exists():
            spawn("valkey", valkey.server_command(DATA_DIR, durable=False))
        wait_for(lambda: "REDIS_URL" in given or valkey_socket(DATA_DIR).exists(), "Valkey")
        wait_for(lambda: "DATABASE_URL" in given or postgres.accepts_connections(DATA_DIR), "PostgreSQL")


def spawn(name: str, command: list[str]) -> None:
    """Start a server in a session of its own, so that Ctrl-C reaches pytest first; remember its pid."""
    with open(DATA_DIR / f"{name}.log", "ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    CHILDREN[name] = process
    (DATA_DIR / f"{name}.pid").write_text(str(process.pid))


def wait_for(condition, what: str) -> None:
    """Wait until ``condition()`` holds; RuntimeError after START_TIMEOUT_S."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not start; see {DATA_DIR}")
        time.sleep(0.02)


def stop_services() -> None:
    """Stop what this process started; the process that began the run also removes the data."""
    for name, stop in (("postgres", signal.SIGINT), ("valkey", signal.SIGTERM)):
        process = CHILDREN.pop(name, None)
        if process is not None:
            process.send_signal(stop)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_TIMEOUT_S)
    if os.getpid() == OWNER_PID:
        shutil.rmtree(DATA_DIR, ignore_errors=True)


def _end(_number: int, _frame: object) -> None:
    """End the run as Ctrl-C would, so that the servers end with it."""
    raise KeyboardInterrupt


def pytest_configure(config: pytest.Config) -> None:
    """With xdist, start the servers before its workers: they must outlive each of them."""
    if OWNER_PID:
        signal.signal(signal.SIGTERM, _end)
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        start_services()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers once, in the process that began the run."""
    stop_services()


@pytest.fixture(scope="session")
def services() -> Path:
    """PostgreSQL and Valkey, running; the DATA_DIR they are in."""
    start_services()
    return DATA_DIR
