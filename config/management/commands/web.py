"""``manage.py web``: pages, API and sockets."""

import contextlib
import logging
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

log = logging.getLogger(__name__)

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
        from django.urls import get_resolver

        from config.asgi import application
        from config.supervision.dealing import reserve
        from config.supervision.processes import Processes
        from rag.embeddings import available_cores, share_cores

        # Django keeps a large body there while it arrives; the system's own folder may be small, or shared.
        tempfile.tempdir = str(settings.FILE_UPLOAD_TEMP_DIR)
        # Imports every view's code, which else waits for the first request.
        len(get_resolver().url_patterns)
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
        count = settings.WEB_PROCESSES or min(MOST_PROCESSES, available_cores())
        # Elsewhere a fork of a process that has loaded the system's libraries may crash.
        if count == 1 or sys.platform != "linux":
            serve(config)
            return
        share_cores(count)
        address = reserve(options["host"], options["port"])
        log.info("%d processes serve %s:%d", count, *address.getsockname()[:2])
        application.loads_first = True
        config.load()
        sys.exit(Processes(count, partial(serve, config), address).run())


def serve(config: "Config", line: "socket | None" = None) -> None:
    """Serve in this process; as one of several what comes through the ``line`` from their parent."""
    from uvicorn import Server
    from uvicorn.config import STARTUP_FAILURE

    from config.supervision.dealt import DealtServer

    server = DealtServer(config, line) if line else Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)
