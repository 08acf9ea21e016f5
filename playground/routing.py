"""Addresses of the playground's sockets."""

from django.urls import path

from playground.consumers import PlaygroundConsumer

websocket_urlpatterns = [path("ws/playground/", PlaygroundConsumer.as_asgi())]  # type: ignore[arg-type]  # an ASGI application
