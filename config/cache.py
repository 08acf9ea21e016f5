"""Django's cache in Valkey, so that every process counts with the others.

What is kept there: how often somebody failed to sign in, and which one-time codes were used.
"""

import json
from typing import Any

from django.core.cache.backends.redis import RedisCache

SCAN_COUNT = 500


class JsonSerializer:
    """Values as JSON: a pickle from a server would run what it says."""

    def dumps(self, value: Any) -> str:
        """Return what is stored."""
        return json.dumps(value)

    def loads(self, stored: bytes) -> Any:
        """Return the value again."""
        return json.loads(stored)


class SharedCache(RedisCache):
    """As Django's, with JSON, in a database that holds other things too."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {"serializer": JsonSerializer, "socket_timeout": 5, "socket_connect_timeout": 5}
        super().__init__(server, {**params, "OPTIONS": {**options, **params.get("OPTIONS", {})}})

    def clear(self) -> None:
        """Remove what is in the cache, and that alone: Django's empties the whole database."""
        client = self._cache.get_client(write=True)
        for key in client.scan_iter(match=self.make_key("*"), count=SCAN_COUNT):
            client.delete(key)
