"""Fixtures that every package's tests share: the servers, the running application, a browser and the cast."""

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.db import connections

from rag.embeddings import available_cores
from tests.connections import KEPT_S
from tests.prepared import TEMPLATE
from tests.services import GIVEN

ROOT = Path(__file__).resolve().parents[1]
SUITES = ("evaldata", "endurance", "connectors", "formats", "journeys", "pages", "pictures")
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out browser tests with NO_BROWSER, and those of suites of their own unless ``-m`` asks for them.

    Browser tests come last: Playwright leaves an event loop running in the thread, in which no other can be run.
    """
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    unwanted = {"browser"} if os.environ.get("NO_BROWSER") else set()
    unwanted |= {suite for suite in SUITES if suite not in config.option.markexpr}
    left_out = [item for item in items if any(mark.name in unwanted for mark in item.iter_markers())]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: some tests wait for a process or a page."""
    return available_cores() + 1


def pytest_collection_finish() -> None:
    """Keep the collector from looking through all modules and tests again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """A database on a server of this run's own goes with the server, whoever is connected to it."""
    return "DATABASE_URL" not in os.environ[GIVEN]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(services: Path, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Start the database before pytest-django makes the test database; each xdist worker gets its own.

    On a server that was given, threads give their connections back at once: one that is kept would keep the test
    database from being dropped.
    """
    database = connections.databases["default"]
    database["CONN_MAX_AGE"] = 0
    if "DATABASE_URL" not in os.environ[GIVEN]:
        database["CONN_MAX_AGE"] = KEPT_S
        database["TEST"]["TEMPLATE"] = TEMPLATE


@pytest.fixture(autouse=True)
def _services_for_apps(request: pytest.FixtureRequest) -> None:
    """Every test outside the engine may use PostgreSQL and Valkey."""
    if "rag" not in request.path.parts:
        request.getfixturevalue("services")


@pytest.fixture(autouse=True)
def _remembered_vectors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside the engine, whose tests are of the model, a text is embedded once."""
    if "rag" not in request.path.parts:
        from tests.remembered_vectors import remember

        remember(monkeypatch)


@pytest.fixture(autouse=True)
def _fresh_sets() -> None:
    """Forget which vectors are searched, and the languages: the test before may have had another database."""
    from documents.embedders import forget_searched_set
    from documents.retrieval.lexicon import forget_languages

    forget_searched_set()
    forget_languages()


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    """A cheap hash first: the real one is made to take long."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]


@dataclass(frozen=True)
class Server:
    """The running application: its address for pages and for sockets."""

    url: str

    @property
    def socket_url(self) -> str:
        """Address for websockets."""
        return self.url.replace("http", "ws", 1)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def process_environment(django_db_setup: None, services: Path) -> dict[str, str]:
    """The environment of a Footnote process that shares this run's test database, Valkey and files."""
    from django.conf import settings
    from django.db import connection

    found = connection.settings_dict
    login = f"{found['USER']}:{found['PASSWORD']}" if found["PASSWORD"] else found["USER"]
    address = f"postgresql://{login}@/{found['NAME']}?host={found['HOST']}&port={found['PORT']}"
    return {
        **os.environ,
        "DATABASE_URL": address,
        "REDIS_URL": settings.REDIS_URL,
        # One starts sooner, and most tests are not about several.
        "WEB_PROCESSES": "1",
        "DATA_DIR": str(settings.DATA_DIR),
        # Servers and folders that tests make.
        "OUTBOUND_ALLOW_PRIVATE": "127.0.0.1",
        "FOLDER_ROOTS": str(settings.DATA_DIR / "folders"),
        # Users of the tests have cheap hashes, which the application itself does not take.
        "DJANGO_SETTINGS_MODULE": "tests.process_settings",
    }


@contextmanager
def running(
    name: str, words: list[str], environment: dict[str, str], ready: Callable[[], bool], stop: int = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``manage.py WORDS`` until the block ends; its output goes to ``NAME.log`` in the DATA_DIR."""
    log_path = Path(environment["DATA_DIR"]) / f"{name}.log"
    with open(log_path, "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start:\n{log_path.read_text()[-4000:]}")
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(url: str) -> bool:
    """Return whether a GET of ``url`` is answered with 200."""
    try:
        with urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


@pytest.fixture(scope="session")
def server_process(process_environment: dict[str, str]) -> Iterator[Server]:
    """The web process itself, on the test database; use ``server``, which also commits what the test makes."""
    port = free_port()
    found = Server(f"http://127.0.0.1:{port}")
    words = ["web", "--port", str(port)]
    environment = {**process_environment, "PORT": str(port)}
    with running("web", words, environment, lambda: answers(f"{found.url}/health/live")):
        yield found


@pytest.fixture
def server(server_process: Server, transactional_db: None) -> Server:
    """The running application on the test database; what the test writes is committed, and gone afterwards."""
    return server_process


@pytest.fixture(scope="session")
def worker_process(process_environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker process on the test database; use ``worker``."""
    from config.heartbeat import KEY, client, valkey_and_worker

    client().delete(KEY)
    with running("worker", ["worker"], process_environment, lambda: valkey_and_worker()[1], signal.SIGQUIT) as process:
        yield process


@pytest.fixture
def worker(worker_process: subprocess.Popen[bytes], transactional_db: None) -> Iterator[subprocess.Popen[bytes]]:
    """A running Celery worker on the test database; what the test writes is committed, and gone afterwards."""
    with at_work():
        yield worker_process


@contextmanager
def at_work() -> Iterator[None]:
    """Let the run's worker take tasks in the block alone: it has other files than tests that do without it."""
    from django.conf import settings

    from config.celery import app

    queues = [queue.name for queue in settings.CELERY_TASK_QUEUES]
    app.control.purge()
    for queue in queues:
        ask_worker(partial(app.control.add_consumer, queue, reply=True, limit=1))
    try:
        yield
    finally:
        for queue in queues:
            ask_worker(partial(app.control.cancel_consumer, queue, reply=True, limit=1))
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while any(ask_worker(app.control.inspect(limit=1).active).values()):
            assert time.monotonic() < deadline, "The worker still does what the test called it for."
            time.sleep(0.05)


def ask_worker(question: Callable[[], Any]) -> Any:
    """Ask until there is an answer: a worker that has just started does not hear yet."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while not (answer := question()):
        assert time.monotonic() < deadline, "The worker does not answer."
    return answer


@pytest.fixture(scope="session")
def browser():
    """One Chromium for the run; open pages in a context of their own: ``browser.new_context()``."""
    from playwright.sync_api import sync_playwright

    from tests.browser_path import browser_path

    path = browser_path()
    # Playwright's loop runs in this thread, which Django takes for code that must not touch the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    if path is None:
        pytest.fail("No browser to test with; scripts/find_browser.sh says how to get one.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@dataclass(frozen=True)
class People:
    """The fixed cast: editor and teammate share the group Team; the stranger is in none."""

    admin: object
    editor: object
    teammate: object
    member: object
    stranger: object


@pytest.fixture
def people(db: None) -> People:
    """Admin, editor, teammate, member and stranger; each signs in as NAME@example.com with PASSWORD."""
    from django.contrib.auth.models import Group

    from accounts.models import Role, User

    team = Group.objects.create(name="Team")
    roles = {"admin": Role.ADMIN, "editor": Role.EDITOR, "teammate": Role.EDITOR, "member": Role.MEMBER,
             "stranger": Role.EDITOR}  # fmt: skip
    made = {
        name: User.objects.create_user(f"{name}@example.com", PASSWORD, role=role, name=name.title())
        for name, role in roles.items()
    }
    team.user_set.add(made["editor"], made["teammate"])
    return People(**made)


PASSWORD = "Correct-horse-9"
