"""Addresses of the app's websocket."""

from django.urls import path

from documents.consumers import DocumentsConsumer

websocket_urlpatterns = [path("ws/documents/", DocumentsConsumer.as_asgi())]  # type: ignore[arg-type]  # an ASGI application
