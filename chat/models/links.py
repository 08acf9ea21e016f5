"""Links by which others read a conversation, as far as it went when it was shared."""

import hashlib
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat.models.conversations import TITLE_CHARS, Conversation, Message


def link_digest(token: str) -> str:
    """SHA-256 of a link's token in hex. A token holds 192 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


class SharedLinkQuerySet(models.QuerySet["SharedLink"]):
    """Reads of links."""

    def live(self) -> Self:
        """Links neither revoked nor expired, of people who may still sign in."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=timezone.now(), conversation__user__is_active=True)

    def owned_by(self, user: User) -> Self:
        """Links to one's own conversations."""
        return self.filter(conversation__user=user)


class SharedLink(models.Model):
    """Lets whoever is signed in and has the token read the path that ends at ``leaf``. The token is never stored.

    ``title`` is the conversation's when it was shared, so that a new one is not told. ``opened`` counts others.
    """

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="links")
    leaf = models.ForeignKey(Message, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=TITLE_CHARS, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(null=True, blank=True)
    opened = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True, blank=True)

    objects = SharedLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("shared link")
        verbose_name_plural = _("shared links")
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return str(self.conversation_id)
