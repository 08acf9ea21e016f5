"""``manage.py worker_alive``: exits with 0 when a worker gave a sign of life lately; for health checks."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.heartbeat import valkey_and_worker


class Command(BaseCommand):
    """Tell whether a worker takes tasks."""

    help = __doc__
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit with status 1 when none does."""
        if not valkey_and_worker()[1]:
            sys.exit(1)
