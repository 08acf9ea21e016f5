"""``manage.py beat``: queues what is due every so often. Run exactly one."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.celery import app


class Command(BaseCommand):
    """Run the Celery scheduler."""

    help = __doc__
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Queue periodic tasks until told to stop."""
        app.Beat(loglevel=settings.LOG_LEVEL, schedule=str(settings.DATA_DIR / "beat-schedule"), quiet=True).run()
