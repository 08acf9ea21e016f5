"""Conversations and their messages; an answer is a message of the assistant's."""

from datetime import datetime
from typing import Self
from uuid import UUID, uuid4

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat.models.assistants import Assistant, AssistantVersion
from chat.models.folders import Folder
from documents.models import DocumentVersion

TITLE_CHARS = 80


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Reads of conversations."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """One's own conversations; an admin's role gives no look into other people's."""
        return self.filter(user_id=user.pk) if user.is_authenticated else self.none()

    def listed(self) -> Self:
        """Those that are not in the archive, the newest first."""
        return self.filter(archived_at=None).order_by("-updated_at", "-pk")

    def archived(self) -> Self:
        """Those in the archive, the one that came last first."""
        return self.filter(archived_at__isnull=False).order_by("-archived_at", "-pk")

    def pinned(self) -> Self:
        """Those that stay on top, the one that was pinned last first."""
        return self.filter(archived_at=None, pinned_at__isnull=False).order_by("-pinned_at", "-pk")

    def below_pinned(self) -> Self:
        """Those of ``listed`` that are not pinned."""
        return self.listed().filter(pinned_at=None)

    def before(self, field: str, value: datetime, pk: UUID) -> Self:
        """What comes after the row with this ``value`` and id in an order of ``-field, -pk``."""
        same = models.Q(**{field: value, "pk__lt": pk})
        return self.filter(models.Q(**{f"{field}__lt": value}) | same, **{f"{field}__lte": value})


class Conversation(models.Model):
    """Messages of one person with an assistant: a tree, of which the branch that ends at ``leaf`` is shown.

    A conversation that is pinned stands on top and not in its folder, to which it returns; one in the archive stands
    nowhere else, and comes back to where it was.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="conversations")
    assistant = models.ForeignKey(Assistant, models.SET_NULL, null=True, related_name="conversations")
    title = models.CharField(_("title"), max_length=TITLE_CHARS, blank=True)
    leaf = models.ForeignKey("Message", models.SET_NULL, null=True, blank=True, related_name="+")
    folder = models.ForeignKey(Folder, models.SET_NULL, null=True, blank=True, related_name="conversations")
    pinned_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ("-updated_at",)
        indexes = (models.Index(fields=["user", "-updated_at"], name="conversation_recent"),)

    def __str__(self) -> str:
        return self.title or str(self.pk)


class Role(models.TextChoices):
    """Who speaks."""

    USER = "user", _("User")
    ASSISTANT = "assistant", _("Assistant")


class Status(models.TextChoices):
    """Where an answer stands. A user's message is always complete."""

    RUNNING = "running", _("Being written")
    COMPLETE = "complete", _("Complete")
    REFUSED = "refused", _("The documents do not answer")
    FAILED = "failed", _("Failed")
    STOPPED = "stopped", _("Stopped")
    INTERRUPTED = "interrupted", _("Interrupted")


PATH = """
WITH RECURSIVE path AS (
    SELECT message.*, 1 AS up FROM chat_message message WHERE message.id = %(message)s
    UNION ALL
    SELECT parent.*, path.up + 1 FROM chat_message parent JOIN path ON parent.id = path.in_reply_to_id
    WHERE path.up < %(limit)s
)
SELECT * FROM path ORDER BY up
"""


class MessageQuerySet(models.QuerySet["Message"]):
    """Reads of messages."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Messages of one's own conversations."""
        return self.filter(conversation__user_id=user.pk) if user.is_authenticated else self.none()

    def answers(self) -> Self:
        """What assistants said."""
        return self.filter(role=Role.ASSISTANT)

    def running(self) -> Self:
        """Answers being written."""
        return self.filter(status=Status.RUNNING)

    def path_to(self, message_id: UUID, limit: int) -> "list[Message]":
        """The last ``limit`` messages from a conversation's beginning to this message, oldest first."""
        rows = self.raw(PATH, {"message": message_id, "limit": limit})
        return list(reversed(list(rows)))

    def newest_below(self, message_id: UUID) -> UUID:
        """The end of the branch that one comes to from a message by taking the newest reply each time."""
        replies = self.filter(in_reply_to__isnull=False).order_by("created_at", "pk")
        newest = dict(replies.values_list("in_reply_to_id", "pk"))
        # As many steps as there are messages at most, whatever the rows say.
        for _step in range(len(newest)):
            if message_id not in newest:
                break
            message_id = newest[message_id]
        return message_id

    def with_sources(self) -> Self:
        """Each with its citations, passages and what they point to, in a fixed number of queries."""
        return self.select_related("version__assistant").prefetch_related(
            "citations__document", "citations__version", "passages__document", "passages__version", "passages__source"
        )

    def with_citations(self) -> Self:
        """Each with its citations and what they point to, and of its passages only where they are from.

        For whole conversations: of each cited version it loads nothing but the text.
        """
        texts = DocumentVersion.objects.only("pk", "text")
        places = apps.get_model("chat", "Passage").objects.only("message_id", "document_id", "source_id")
        return self.select_related("version__assistant").prefetch_related(
            "citations__document", Prefetch("citations__version", texts), Prefetch("passages", places)
        )


class Message(models.Model):
    """A question or an answer. An answer names the assistant version that made it, so that it can be replayed.

    ``in_reply_to`` is an answer's question, and of a question the answer that it follows: None at the beginning.
    Several replies to one message are branches of the conversation.

    An answer's ``filters`` are those that its question says, a question's those that were taken away before it was
    asked again: as ``chat.events.FilterPayload`` has them, without their labels. A question's ``scope`` is what it was
    narrowed to: lists of ids as ``documents`` and ``sources``, empty where it was not.

    ``kept_citations`` are those of an imported answer whose documents are not here: as ``CitationPayload`` has them,
    with nothing to follow.
    ``begun_at`` is when a stopped answer began to go on, ``stop_wanted`` that somebody asked a running one to end: the
    process that writes it looks there too, because Valkey may lose what was left in it.

    ``event_seq`` is the number of the last event whose effect this row holds: a browser that got the row ignores
    events up to it.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, null=True, related_name="messages")
    role = models.CharField(max_length=10, choices=Role)
    text = models.TextField(blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.COMPLETE)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    filters = models.JSONField(default=list, blank=True)
    kept_citations = models.JSONField(default=list, blank=True)
    scope = models.JSONField(default=dict, blank=True)
    in_reply_to = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="replies")
    version = models.ForeignKey(AssistantVersion, models.SET_NULL, null=True, blank=True, related_name="answers")
    asked_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    begun_at = models.DateTimeField(null=True, blank=True)
    stop_wanted = models.BooleanField(default=False)
    ms = models.PositiveIntegerField(null=True)
    event_seq = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ("created_at", "pk")
        indexes = (
            models.Index(fields=["conversation", "created_at"], name="message_in_order"),
            models.Index(fields=["status"], condition=models.Q(status="running"), name="message_running"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["conversation"],
                condition=models.Q(status="running"),
                name="one_running_answer",
            ),
        )

    def __str__(self) -> str:
        return f"{self.role}: {self.text[:60]}"
