"""``manage.py sync SOURCE``: bring a data source up to date, and wait for it with ``--wait``."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from documents.errors import DocumentsError
from documents.management.people import acting_user, add_user_argument
from documents.models import DataSource, RunState
from documents.services import sync_start

POLL_S = 0.25


class Command(BaseCommand):
    """Start a sync; the running worker does it."""

    help = "Bring a data source up to date. Exit status 1 when, with --wait, the sync or an item failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("source", metavar="SOURCE", help="data source by name, slug or id")
        parser.add_argument("--wait", action="store_true", help="wait until the sync has ended")
        parser.add_argument("--timeout", type=float, default=3600, metavar="SECONDS", help="how long to wait; 3600")
        add_user_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, wait, report."""
        user = acting_user(options["user"])
        source = DataSource.objects.visible_to(user).named(options["source"])
        if source is None:
            raise CommandError(f"There is no data source {options['source']}.")
        try:
            run = sync_start(user=user, source=source)
        except DocumentsError as error:
            raise CommandError(error.message) from error
        if not options["wait"]:
            self.stdout.write(f"{source.name}: sync {run.pk} queued")
            return
        deadline = time.monotonic() + options["timeout"]
        while not run.is_final:
            if time.monotonic() > deadline:
                raise CommandError("The sync has not ended yet. Is make up running?")
            time.sleep(POLL_S)
            run.refresh_from_db()
        counts = ", ".join(f"{count} {name}" for name, count in run.counts().items())
        self.stdout.write(f"{source.name}: {run.get_state_display().lower()}, {counts}")
        if run.error_message:
            self.stderr.write(run.error_message)
        if run.state != RunState.DONE or run.failed:
            sys.exit(1)
