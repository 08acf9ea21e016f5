"""``manage.py up``: the real thing, on a DATA_DIR of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

from config.embedded.postgres import running_server
from config.supervision.instance import leftover_processes
from tests.conftest import ROOT, free_port
from tests.prepared import put_database

READY_S = 60


class Instance:
    """A ``manage.py up`` and its DATA_DIR."""

    def __init__(self, data_dir, **environment):
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        removed = {"REDIS_URL", "DATABASE_URL"}
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in removed},
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            **environment,
        }
        self.process = None

    def start(self):
        """Start and return what it said until it was ready."""
        self.process = self.spawn()
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("Sign in as"):
                return "".join(lines)
        raise AssertionError(f"not ready, status {self.process.wait(10)}: {''.join(lines)}")

    def spawn(self):
        """Start a ``manage.py up`` as the leader of a process group, as a terminal would."""
        return subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def stop(self, number=signal.SIGTERM):
        """Send a signal to the group and return the exit status and the seconds it took."""
        started = time.monotonic()
        os.killpg(self.process.pid, number)
        self.process.stdout.read()
        return self.process.wait(30), time.monotonic() - started

    def manage(self, *words):
        """Run another command beside it."""
        return subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, text=True, timeout=180,
            capture_output=True,
        )  # fmt: skip

    def program(self, word):
        """Return the process id of the program whose command line ends with ``word``."""
        found = [process.pid for process in leftover_processes(self.data_dir) if words_of(process)[-1:] == [word]]
        return min(found, default=None)

    def left(self):
        """Return what still runs on the DATA_DIR."""
        server = running_server(self.data_dir)
        return [words_of(process) for process in leftover_processes(self.data_dir)] + ([server] if server else [])


def words_of(process):
    """Return a process's command line, empty when it has ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def ready(url):
    """Return whether /health/ready answers 200."""
    try:
        with urlopen(f"{url}/health/ready", timeout=5) as response:
            return response.status == 200
    except (URLError, OSError):
        return False


def within(seconds, condition):
    """Return whether ``condition()`` comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def instance(tmp_path):
    """An installation that has not been started."""
    made = Instance(tmp_path / "data")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()
    if made.process is not None:
        made.process.stdout.close()
    assert made.left() == []


@pytest.mark.endurance
def test_one_life_of_an_installation(instance):
    said = instance.start()
    assert f"Ready: {instance.url}\n" in said
    password_file = instance.data_dir / "admin-password"
    assert said.splitlines()[-1] == f"Sign in as admin@example.com with the password in {password_file}"
    assert password_file.stat().st_mode & 0o777 == 0o600
    assert ready(instance.url)

    second = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=instance.environment,
        text=True,
        capture_output=True,
        timeout=30,
    )
    assert second.returncode == 1
    assert f"already runs on {instance.data_dir}: {instance.url}" in second.stderr

    beside = instance.manage("shell", "-v", "0", "-c", "from accounts.models import User; print(User.objects.count())")
    assert beside.stdout.strip() == "1", beside.stderr

    for name in ("web", "worker"):
        killed = instance.program(name)
        os.kill(killed, signal.SIGKILL)
        assert within(20, lambda name=name, killed=killed: instance.program(name) not in {None, killed})
    assert within(READY_S, lambda: ready(instance.url))

    status, seconds = instance.stop()
    assert status == 0
    assert seconds < 15
    assert instance.left() == []

    gone = instance.manage("shell", "-v", "0", "-c", "from accounts.models import User; print(User.objects.count())")
    assert gone.returncode == 1
    assert gone.stderr.strip() == f"Footnote is not running on {instance.data_dir}; start it with make up."


@pytest.mark.endurance
def test_what_killed_ones_left_does_not_keep_the_next_from_starting(tmp_path):
    # The path is too long for a socket, which then lies in a short folder.
    killed = Instance(tmp_path / ("long-" * 25))
    put_database(killed.data_dir)
    try:
        killed.start()
        for process in leftover_processes(killed.data_dir):
            if "supervisor.supervisord" in words_of(process):
                process.kill()
        os.killpg(killed.process.pid, signal.SIGKILL)
        killed.process.communicate()
        assert running_server(killed.data_dir)

        said = killed.start()
        assert re.search(r"Ended \d+ processes that a killed Footnote had left", said)
        assert f"Ready: {killed.url}\n" in said
        assert killed.manage("shell", "-v", "0", "-c", "print('beside')").stdout == "beside\n"

        server = running_server(killed.data_dir)
        for process in leftover_processes(killed.data_dir):
            process.kill()
        os.kill(server, signal.SIGKILL)
        os.killpg(killed.process.pid, signal.SIGKILL)
        killed.process.communicate()
        # The number of the dead server belongs to another program by now: this one.
        file = killed.data_dir / "postgres" / "postmaster.pid"
        file.write_text("\n".join([str(os.getpid()), *file.read_text().splitlines()[1:]]) + "\n")
        assert f"Ready: {killed.url}\n" in killed.start()
    finally:
        status, _seconds = killed.stop(signal.SIGINT)
        killed.process.stdout.close()
    assert status == 0
    assert killed.left() == []


def test_a_taken_port_is_named(instance):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", instance.port))
        taken.listen()
        done = instance.manage("up")
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{instance.port}" in done.stderr


def test_a_wrong_setting_is_named(tmp_path):
    done = Instance(tmp_path / "data", WORKER_CONCURRENCY="many").manage("up")
    assert done.returncode == 2
    assert done.stderr.startswith("Footnote cannot start: WORKER_CONCURRENCY: 'many' is not a whole number.")


@pytest.mark.endurance
def test_a_start_that_fails_stops_everything_and_says_why(instance):
    (instance.data_dir / "postgres").mkdir(parents=True)
    (instance.data_dir / "postgres" / "PG_VERSION").write_text("12\n")
    done = instance.manage("up")
    assert done.returncode == 1
    assert "postgres does not stay up" in done.stderr
    assert instance.left() == []
