"""Which data source holds the files of a conversation."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.models.conversations import Conversation
from documents.models import DataSource


class ConversationFiles(models.Model):
    """The files of one conversation. Those of a chat that has not begun have no such row yet."""

    conversation = models.OneToOneField(Conversation, models.CASCADE, related_name="files")
    source = models.OneToOneField(DataSource, models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("files of a conversation")
        verbose_name_plural = _("files of conversations")

    def __str__(self) -> str:
        return f"{self.conversation_id}: {self.source_id}"
