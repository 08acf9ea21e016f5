"""The ASGI application: pages and the API through Django, sockets through Channels."""

import os

# Requests share connections; read before the settings are.
os.environ.setdefault("DATABASE_POOL_SIZE", "20")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from config.edge import BodyLimit, RequestId
from config.lifespan import Lifespan
from config.routing import websocket_application

from channels.routing import ProtocolTypeRouter
from django.conf import settings

application = Lifespan(
    RequestId(
        BodyLimit(
            ProtocolTypeRouter({"http": django_application, "websocket": websocket_application()}),
            limit=settings.MAX_UPLOAD_BYTES + 2**20,
        )
    )
)
