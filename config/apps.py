"""Makes the wiring a Django app, so that its commands are found and every process knows the Celery app."""

from importlib import import_module

from django.apps import AppConfig


class WiringConfig(AppConfig):
    """The app that holds the operating commands."""

    name = "config"
    label = "wiring"

    def ready(self) -> None:
        """Bind ``shared_task`` to our Celery app before anything can be enqueued."""
        import_module("config.celery")
