"""The Celery application; tasks live in each app's ``tasks`` module."""

import os
from typing import Any

from celery import Celery
from celery.signals import heartbeat_sent, setup_logging, task_received, worker_ready

from config.heartbeat import report_worker_alive

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("footnote")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@heartbeat_sent.connect
def _report_alive(**_signal: Any) -> None:
    """Every two seconds, and once at the start: tell /health/ready that a worker takes tasks."""
    report_worker_alive()


@worker_ready.connect
def _watch_over(sender: Any, **_signal: Any) -> None:
    """See to it that a worker that has gone deaf is started again."""
    # Here, because every process imports this module, and only a worker needs that one.
    from config.watchdog import watch

    watchdog = watch(sender)
    task_received.connect(lambda **_signal: watchdog.heard(), weak=False)


@setup_logging.connect
def _keep_logging(**_signal: Any) -> None:
    """Logging is Django's matter: with a listener here Celery leaves it alone."""
