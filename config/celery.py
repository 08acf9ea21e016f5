"""The Celery application; tasks live in each app's ``tasks`` module."""

import os
from typing import Any

from celery import Celery
from celery.signals import heartbeat_sent, setup_logging

from config.heartbeat import report_worker_alive

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("footnote")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@heartbeat_sent.connect
def _report_alive(**_signal: Any) -> None:
    """Every two seconds, and once at the start: tell /health/ready that a worker takes tasks."""
    report_worker_alive()


@setup_logging.connect
def _keep_logging(**_signal: Any) -> None:
    """Logging is Django's matter: with a listener here Celery leaves it alone."""
