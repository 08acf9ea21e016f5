"""``/health/live``: the process answers. ``/health/ready``: a question can be asked and a document read."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection
from django.http import HttpRequest, JsonResponse

from config.heartbeat import valkey_and_worker
from config.lifespan import embedder_is_loaded

T = TypeVar("T")
CHECK_TIMEOUT_S = 3.0
MISSING = {
    "database": "PostgreSQL does not answer.",
    "valkey": "Valkey does not answer.",
    "worker": "No worker has given a sign of life lately.",
    "embedder": "The embedder is not loaded yet.",
}


async def live(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process handles requests."""
    return JsonResponse({"status": "live"})


async def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 with each part's state, or 503 and a sentence on each part that is missing."""
    database, broker = await asyncio.gather(within(database_answers, False), within(valkey_and_worker, (False, False)))
    parts = {"database": database, "valkey": broker[0], "worker": broker[1], "embedder": embedder_is_loaded()}
    missing = [MISSING[name] for name, works in parts.items() if not works]
    body: dict[str, Any] = {
        "status": "ready" if not missing else "not ready",
        "parts": {name: "ok" if works else "missing" for name, works in parts.items()},
        "missing": missing,
    }
    response = JsonResponse(body, status=200 if not missing else 503)
    # Whoever asks learns it; Django would also log an error for each time somebody asks.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


async def within(check: Callable[[], T], otherwise: T) -> T:
    """Return the result of a blocking check, or ``otherwise`` when it takes longer than CHECK_TIMEOUT_S."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(check), CHECK_TIMEOUT_S)
    except TimeoutError:
        return otherwise


def database_answers() -> bool:
    """Return whether PostgreSQL answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return True
    except Exception:
        return False
    finally:
        connection.close()
