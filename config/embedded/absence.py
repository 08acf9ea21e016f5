"""Says in one sentence that nothing runs on this DATA_DIR, in place of a driver's traceback."""

import redis
from django.conf import settings
from django.db import OperationalError

from config.supervision.instance import is_running


def explain_absence(error: BaseException | None) -> str | None:
    """Return the sentence when ``error`` comes from an embedded server that nobody started, else None.

    An error that led to another counts too, but only while no ``make up`` holds the DATA_DIR.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        from_database = isinstance(error, OperationalError) and settings.EMBEDDED_DATABASE
        from_valkey = isinstance(error, redis.ConnectionError) and settings.EMBEDDED_VALKEY
        if (from_database or from_valkey) and not is_running(settings.DATA_DIR):
            return f"Footnote is not running on {settings.DATA_DIR}; start it with make up."
        error = error.__cause__ or error.__context__
    return None
