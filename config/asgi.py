"""The ASGI application: pages and the API through Django, sockets through Channels, files straight from disk."""

import os
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

from config.edge import BodyLimit, RequestId
from config.handler import Handler
from config.lifespan import Lifespan
from config.routing import websocket_application
from config.static_files import StaticFiles

# What one request may hold beside the file itself: the form around it.
FORM_BYTES = 2**20


def static_folders() -> list[Path]:
    """Return the folder of collected files when there is one, else every folder that an app brings."""
    if settings.STATIC_ROOT.is_dir():
        return [settings.STATIC_ROOT]
    return [Path(storage.location) for finder in get_finders() for storage in vars(finder)["storages"].values()]


application = Lifespan(
    RequestId(
        StaticFiles(
            BodyLimit(
                ProtocolTypeRouter({"http": Handler(), "websocket": websocket_application()}),
                limit=settings.MAX_UPLOAD_BYTES + FORM_BYTES,
            ),
            prefix=settings.STATIC_URL,
            folders=static_folders(),
            changing=settings.DEBUG,
        )
    )
)
