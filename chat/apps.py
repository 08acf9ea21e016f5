"""App configuration."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Assistants, conversations, answers, traces."""

    name = "chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say which assistants use a reranker when one is to be deleted."""
        from chat.services.assistants import assistants_reranking_with
        from documents.rerankers import reranker_uses

        reranker_uses.connect(assistants_reranking_with, dispatch_uid="chat")
