"""The id of the request being answered, for log lines and error messages."""

import re
import secrets
from contextvars import ContextVar

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def new_request_id(offered: str = "") -> str:
    """Return the id a proxy offered when it is harmless in a log, else a new one."""
    return offered if ACCEPTABLE.fullmatch(offered) else secrets.token_hex(8)
