"""App configuration."""

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """Event streams; no tables."""

    name = "live"
