"""The sign of life that workers leave in Valkey for /health/ready: a key that expires."""

from functools import lru_cache

import redis
from django.conf import settings

KEY = "footnote:worker-alive"
LIFETIME_S = 15
TIMEOUT_S = 2.0


@lru_cache(maxsize=1)
def client() -> redis.Redis:
    """Return this process's connection for signs of life, which gives up soon."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=None
    )


def report_worker_alive() -> None:
    """Say that a worker is connected and takes tasks; lasts LIFETIME_S seconds."""
    client().set(KEY, "1", ex=LIFETIME_S)


def valkey_and_worker() -> tuple[bool, bool]:
    """Return whether Valkey answers, and whether a worker gave a sign of life lately."""
    try:
        return True, client().get(KEY) is not None
    except redis.RedisError:
        return False, False
