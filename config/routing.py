"""Addresses of the websockets; each app brings its own."""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from chat.routing import websocket_urlpatterns as chat
from documents.routing import websocket_urlpatterns as documents
from playground.routing import websocket_urlpatterns as playground


def websocket_application() -> Any:
    """Return the application for websockets: only from our own pages, and with the session's user."""
    patterns: list[Any] = [*documents, *chat, *playground]
    return AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(patterns)))
