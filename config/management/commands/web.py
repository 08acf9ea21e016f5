"""``manage.py web``: pages, API and sockets."""

import contextlib
import sys
import tempfile
from argparse import ArgumentParser
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.supervision.gate import wait_at_gate

if TYPE_CHECKING:
    from socket import socket

    from uvicorn import Config

STOP_S = 3
MOST_PROCESSES = 4
"""Of those that are started unasked: PostgreSQL and the model have work with their answers too."""


class Command(BaseCommand):
    """Serve pages, the API and sockets."""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address to listen on, which the settings give otherwise."""
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop; open answers get STOP_S seconds to end."""
        import uvicorn

        from config.asgi import application

        # Django keeps a large body there while it arrives; the system's own folder may be small, or shared.
        tempfile.tempdir = str(settings.FILE_UPLOAD_TEMP_DIR)
        wait_at_gate("prepared")
        config = uvicorn.Config(
            application,
            host=options["host"],
            port=options["port"],
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            ws="websockets-sansio",
            ws_max_size=2**20,
            ws_ping_interval=20,
            ws_ping_timeout=20,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=STOP_S,
            proxy_headers=settings.BEHIND_TLS,
            lifespan="on",
        )
        count = settings.WEB_PROCESSES or fitting_processes()
        if count == 1:
            serve(config, None)
            return
        from config.supervision.processes import Processes

        application.loads_first = True
        config.load()
        sys.exit(Processes(count, partial(serve, config, config.bind_socket())).run())


def fitting_processes() -> int:
    """Return how many processes serve unasked: one for each core that we may use, at most MOST_PROCESSES."""
    from rag.embeddings import available_cores

    # Elsewhere a fork of a process that has loaded the system's libraries may crash.
    return min(MOST_PROCESSES, available_cores()) if sys.platform == "linux" else 1


def serve(config: "Config", shared: "socket | None") -> None:
    """Serve in this process, on a socket that is bound already or on one of its own."""
    from uvicorn import Server
    from uvicorn.config import STARTUP_FAILURE

    server = Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[shared] if shared else None)
    if not server.started:
        sys.exit(STARTUP_FAILURE)
