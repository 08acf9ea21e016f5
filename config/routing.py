"""Addresses of the websockets; each app brings its own."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator


def websocket_application() -> Any:
    """Return the application for websockets: only from our own pages, and with the session's user."""
    patterns = []
    for app in ("documents", "chat", "playground"):
        if find_spec(app) and find_spec(f"{app}.routing"):
            patterns += import_module(f"{app}.routing").websocket_urlpatterns
    return AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(patterns)))
