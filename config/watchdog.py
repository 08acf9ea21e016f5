"""Ends a worker that takes nothing up although work waits, so that its supervisor starts another.

Celery's worker can lose its hold on the queue without noticing: its loop waits on a connection that broke, or it keeps
a place for a task whose process was killed. Whatever the cause, the sign is the same: messages wait, a process is
free, and nothing is received.
"""

import contextlib
import logging
import os
import signal
from typing import Any

import psutil
import redis
from celery.worker import state
from django.conf import settings

log = logging.getLogger(__name__)

CHECK_EVERY_S = 10.0
CHECKS = 6
"""So many checks in a row must find work waiting and nothing received: a minute."""

TIMEOUT_S = 2.0
STATUS = 70


class Watchdog:
    """Looks after the worker of this process; for its main thread.

    A timer's signal drives it, as that comes through to a loop that hangs, and no thread is there when processes are
    forked.
    """

    def __init__(self, queues: list[str], processes: int) -> None:
        """``queues`` are those the worker takes messages from, ``processes`` how many tasks it can do at a time."""
        self.queues = queues
        self.processes = processes
        self._received = False
        self._deaf = 0
        self._valkey = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=None
        )

    def start(self) -> None:
        """Check from now on, until the process ends."""
        signal.signal(signal.SIGALRM, lambda _number, _frame: self.check())
        signal.setitimer(signal.ITIMER_REAL, CHECK_EVERY_S, CHECK_EVERY_S)

    def heard(self) -> None:
        """Note that a message was received."""
        self._received = True

    def check(self) -> None:
        """End the process, with those it has forked, when it has been deaf for long enough."""
        deaf = not self._received and self._has_free_process() and self._work_waits()
        self._received = False
        self._deaf = self._deaf + 1 if deaf else 0
        if self._deaf >= CHECKS:
            log.critical("worker: nothing was received while work waited; ending, to be started again")
            _end()

    def _has_free_process(self) -> bool:
        # A task whose process was killed may still be listed.
        busy = sum(psutil.pid_exists(task.worker_pid) for task in list(state.active_requests) if task.worker_pid)
        return busy < self.processes

    def _work_waits(self) -> bool:
        try:
            return any(self._valkey.llen(queue) for queue in self.queues)
        except redis.RedisError:
            # Without a queue there is nothing to be deaf to: the worker connects again by itself.
            return False


def watch(consumer: Any) -> Watchdog:
    """Watch over the worker that ``consumer`` receives messages for."""
    watchdog = Watchdog(list(consumer.app.amqp.queues.consume_from), consumer.pool.limit)
    watchdog.start()
    return watchdog


def _end() -> None:
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()
    logging.shutdown()
    os._exit(STATUS)
