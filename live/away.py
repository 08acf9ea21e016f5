"""How it shows that PostgreSQL or Valkey cannot be reached, and what is said of it."""

import redis.exceptions
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

AWAY = (OperationalError, InterfaceError, redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)
AWAY_CODE = "unavailable"


def away_message() -> str:
    """The sentence for whoever asked for something meanwhile."""
    return _("A part of Footnote is away right now. Try again in a moment; if it stays, tell an admin.")
