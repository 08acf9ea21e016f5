"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatConfig(AppConfig):
    """Assistants, conversations, answers, traces."""

    name = "chat"
    verbose_name = _("Chat")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say which assistants use a reranker when one is to be deleted; delete a conversation's files with it."""
        from django.db.models.signals import post_delete

        from chat.models import ConversationFiles
        from chat.services.assistants import assistants_reranking_with
        from chat.services.attachments import drop_with_conversation
        from documents.rerankers import reranker_uses

        reranker_uses.connect(assistants_reranking_with, dispatch_uid="chat")
        post_delete.connect(drop_with_conversation, sender=ConversationFiles, dispatch_uid="chat")
