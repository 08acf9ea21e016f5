"""``manage.py worker``: reads, splits and embeds documents, and does what else takes long."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.celery import app
from config.supervision.gate import wait_at_gate

NICENESS = 5


class Command(BaseCommand):
    """Run the Celery worker."""

    help = __doc__
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until told to stop: SIGTERM ends after the task at hand, SIGQUIT gives it back to the queue."""
        # Whoever asks a question does not wait for documents to be read.
        os.nice(NICENESS)
        app.loader.import_default_modules()
        wait_at_gate("prepared")
        # Neighbours are of no use to us, and waiting for their answers would cost a second at each start.
        app.worker_main(["worker", "--without-gossip", "--without-mingle", f"--loglevel={settings.LOG_LEVEL}"])
