"""``manage.py web``: pages, API and sockets."""

import tempfile
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.supervision.gate import wait_at_gate

STOP_S = 3


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
        uvicorn.run(
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
