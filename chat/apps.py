"""App configuration."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Assistants, conversations, answers, traces."""

    name = "chat"
    default_auto_field = "django.db.models.BigAutoField"
