"""Runs one embedded server in place of this process: ``python -m config.embedded postgres|valkey DATA_DIR``."""

import os
import sys
from pathlib import Path

from config.embedded import postgres, valkey
from config.supervision.instance import MARK


def main(name: str, data_dir: Path) -> None:
    """Prepare the server's data and become the server; only a failure returns."""
    try:
        if name == "postgres":
            postgres.initialise(data_dir)
            postgres.forget_dead_server(data_dir)
            command = postgres.server_command(data_dir)
        else:
            command = valkey.server_command(data_dir)
    except (postgres.EmbeddedError, OSError) as error:
        sys.exit(f"{name} cannot start: {error}")
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    if name != "postgres":
        # By this mark the next start finds what a killed one left; PostgreSQL is found by its own pid file.
        environment[MARK] = os.environ.get(MARK, "")
    os.execve(command[0], command, environment)  # noqa: S606 - our own words only


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
