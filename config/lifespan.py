"""The server's own start and stop: loads what the first question needs, so that nobody waits for it."""

import asyncio
import gc
import logging
import threading
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.db import connection

logger = logging.getLogger(__name__)
LOADING_S = 60.0
"""After this a server listens all the same: /health/ready says what it lacks."""

embedder_loaded = threading.Event()


def embedder_is_loaded() -> bool:
    """Return whether this process can embed a question at once."""
    return embedder_loaded.is_set()


class Lifespan:
    """Answers the server's lifespan messages; everything else goes on to ``app``.

    ``loads_first``: the server listens only when the models are loaded. One of several processes does, so that a
    request never comes to one that is not ready while another is; one alone shows its pages meanwhile.
    """

    def __init__(self, app: ASGI3Application) -> None:
        self.app = app
        self.loads_first = False

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Handle one connection, or the server's start and stop."""
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        loading: asyncio.Task[Any] | None = None
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                loading = asyncio.create_task(asyncio.to_thread(load_models))
                if self.loads_first:
                    await asyncio.wait([loading], timeout=LOADING_S)
                await send({"type": "lifespan.startup.complete"})
            else:
                if loading is not None:
                    loading.cancel()
                await store_answers()
                await send({"type": "lifespan.shutdown.complete"})
                return


def load_models() -> None:
    """Load the shipped embedder and embed one word, which /health/ready asks for; then what the models need."""
    try:
        from rag.embeddings import shipped_embedder
        from rag.late_interaction import shipped_late_interaction

        shipped_embedder().embed_query_and_tokens("ready")
        embedder_loaded.set()
        shipped_late_interaction()
    except Exception:
        logger.exception("The embedder could not be loaded. Questions cannot be answered until it is.")
        return
    try:
        from chat.services.language_models import warm_up

        warm_up()
    except Exception:
        logger.exception("The models' libraries could not be loaded ahead; the first answer loads them.")
    finally:
        connection.close()
        # What stays for good is not looked through for garbage again, in which all answers would stand still.
        gc.freeze()


async def store_answers() -> None:
    """Have the answers stored that are being written: after this the server is killed by its own signal."""
    from chat.services.running import interrupt_all

    try:
        await interrupt_all()
    except Exception:
        logger.exception("Not all answers could be stored; the scheduler marks them as interrupted.")
