"""Settings of the processes that tests start: the application's own, with passwords that hash quickly."""

import os
from pathlib import Path
from typing import Any

from celery.signals import worker_init
from django.conf.locale import LANG_INFO
from django.utils.translation import gettext_lazy as _

from config.settings import *
from config.settings import CACHES as SHARED
from config.settings import INSTALLED_APPS as APPS
from config.settings import LANGUAGES, STATICFILES_DIRS
from tests.pseudo_language import CLOSE, CODE, OPEN

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]

# Many tests sign in: each server counts for itself, with the processes that it forks.
CACHES = {"default": {**SHARED["default"], "KEY_PREFIX": f"cache-{os.getpid()}"}}

if PSEUDO := os.environ.get("PSEUDO_LANGUAGE"):
    # tests/browser/test_languages.py asks one web process for pages in a language that nobody speaks.
    name = {"bidi": False, "code": CODE, "name": "Marked", "name_local": f"{OPEN}marked{CLOSE}"}
    LANG_INFO[CODE] = name
    LANGUAGES = [*LANGUAGES, (CODE, _("Marked"))]
    LOCALE_PATHS = [Path(PSEUDO) / "locale"]
    STATICFILES_DIRS = [*STATICFILES_DIRS, Path(PSEUDO) / "static"]

INSTALLED_APPS = [*APPS, "tests.process_app.ForgetfulConfig"]


@worker_init.connect
def _leave_calls_waiting(**_signal: Any) -> None:
    """Tests that do without the worker leave calls for it: that does not make it deaf."""
    from config import watchdog

    watchdog.CHECKS = 100_000
