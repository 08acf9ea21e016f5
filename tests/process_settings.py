"""Settings of the processes that tests start: the application's own, with passwords that hash quickly."""

from typing import Any

from celery.signals import worker_init

from config.settings import *
from config.settings import INSTALLED_APPS as APPS

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]

INSTALLED_APPS = [*APPS, "tests.process_app.ForgetfulConfig"]


@worker_init.connect
def _leave_calls_waiting(**_signal: Any) -> None:
    """Tests that do without the worker leave calls for it: that does not make it deaf."""
    from config import watchdog

    watchdog.CHECKS = 100_000
