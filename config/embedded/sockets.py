"""Where the embedded servers listen: Unix sockets that every process of the same DATA_DIR finds again."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero included.
LONGEST_SOCKET_PATH = 103
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"
LONGEST_NAME = f"postgres/{POSTGRES_SOCKET}.lock"


def socket_folder(data_dir: Path) -> Path:
    """Return the folder for the sockets of ``data_dir``; it need not exist yet.

    That is ``run`` inside it, or a folder under the temporary directory, named after ``data_dir``, when the path of
    a socket would grow too long for the operating system.
    """
    data_dir = data_dir.resolve()
    folder = data_dir / "run"
    if len(os.fsencode(folder / LONGEST_NAME)) <= LONGEST_SOCKET_PATH:
        return folder
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"footnote-{os.getuid()}-{digest}"
    if len(os.fsencode(short / LONGEST_NAME)) <= LONGEST_SOCKET_PATH:
        return short
    return Path("/tmp") / short.name  # noqa: S108 - checked to be ours by make_private_folder


def make_private_folder(folder: Path, owner: int | None = None) -> Path:
    """Make ``folder`` with access for ``owner`` (default: this user) alone; return it.

    Raises PermissionError when it is a link or somebody else's: a name in a shared temporary directory can be taken.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    allowed = {os.getuid()} if owner is None else {os.getuid(), owner}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in allowed:
        raise PermissionError(f"{folder} belongs to somebody else. Remove it or set another DATA_DIR.")
    if owner is not None and found.st_uid != owner:
        os.chown(folder, owner, -1)
    folder.chmod(0o700)
    return folder


def postgres_socket_folder(data_dir: Path) -> Path:
    """Return the folder that PostgreSQL listens in."""
    return socket_folder(data_dir) / "postgres"


def valkey_socket(data_dir: Path) -> Path:
    """Return the path of Valkey's socket."""
    return socket_folder(data_dir) / VALKEY_SOCKET
