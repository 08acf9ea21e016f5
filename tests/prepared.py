"""A PostgreSQL with every migration, made once and kept in the virtual environment: runs of the tests copy it.

To make and migrate one takes twelve seconds of processor time, to copy it a moment. What it is made of is part of its
name, so that a changed migration, model, setting or package makes another.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from config.embedded import postgres
from config.embedded.sockets import postgres_socket_folder, socket_folder

ROOT = Path(__file__).resolve().parents[1]
MADE_OF = ("*/migrations/*.py", "*/models.py", "*/models/*.py", "config/settings/*.py", "config/embedded/*.py")
FOLDER = Path(sys.prefix) / "test-databases"
TEMPLATE = "migrated"
KEPT = 4
"""So many, of the last branches that one worked on."""

START_TIMEOUT_S = 30
MIGRATE_TIMEOUT_S = 240


def put_database(data_dir: Path) -> None:
    """Put the data of a PostgreSQL where that of ``data_dir`` looks for it.

    Its database is migrated, and so is another that nobody connects to, ``TEMPLATE``: it can be copied at any time.
    """
    kept = FOLDER / version()
    if not kept.exists():
        keep(kept)
    kept.touch()
    final = postgres.data_folder(data_dir)
    final.parent.mkdir(parents=True, exist_ok=True)
    # With its owner: PostgreSQL does not run as root.
    subprocess.run(["cp", "-a", str(postgres.data_folder(kept)), str(final)], check=True)


def version() -> str:
    """A name for what the database is made of."""
    digest = hashlib.blake2b(sys.version.encode(), digest_size=10)
    for path in sources():
        digest.update(f"{path.relative_to(ROOT)} ".encode() + path.read_bytes())
    return digest.hexdigest()


def sources() -> Iterator[Path]:
    """The files that say what is in the database."""
    yield from (Path(__file__), ROOT / "requirements.txt")
    for pattern in MADE_OF:
        yield from sorted(path for path in ROOT.glob(pattern) if not path.is_relative_to(ROOT / "tests"))


def keep(kept: Path) -> None:
    """Make the database and keep it as ``kept``, unless another run was quicker."""
    FOLDER.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=FOLDER))
    try:
        postgres.initialise(draft)
        migrate(draft)
        try:
            draft.rename(kept)
        except OSError:
            if not kept.exists():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    others = [path for path in FOLDER.iterdir() if not path.name.startswith("draft-")]
    for old in sorted(others, key=lambda path: path.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def migrate(data_dir: Path) -> None:
    """Run the migrations on the server of ``data_dir``, which runs meanwhile."""
    server = subprocess.Popen(
        postgres.server_command(data_dir, durable=False), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    sockets = postgres_socket_folder(data_dir)
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not postgres.accepts_connections(data_dir):
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start in {data_dir}")
            time.sleep(0.02)
        address = f"postgresql://{postgres.USER}@/{postgres.DATABASE}?host={sockets}"
        environment = {**os.environ, "DATABASE_URL": address}
        words = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(words, cwd=ROOT, env=environment, check=True, timeout=MIGRATE_TIMEOUT_S)
        with psycopg.connect(host=str(sockets), user=postgres.USER, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE {postgres.DATABASE}")
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(START_TIMEOUT_S)
        shutil.rmtree(socket_folder(data_dir), ignore_errors=True)
