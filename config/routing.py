"""Addresses of the websockets; each app brings its own."""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.middleware import BaseMiddleware
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from accounts.languages import language_of_socket
from chat.routing import websocket_urlpatterns as chat
from documents.routing import websocket_urlpatterns as documents
from playground.routing import websocket_urlpatterns as playground


def websocket_application() -> Any:
    """Return the application for websockets: only from our own pages, and with the session's user."""
    patterns: list[Any] = [*documents, *chat, *playground]
    return AllowedHostsOriginValidator(AuthMiddlewareStack(InLanguage(URLRouter(patterns))))


class InLanguage(BaseMiddleware):
    """Tells the sockets which language their page is in, as ``scope["language"]``."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Handle one connection."""
        told: Any = {**scope, "language": language_of_socket(scope)}
        return await super().__call__(told, receive, send)
