"""The prompt library: texts that people keep, to begin a question with."""

import re
from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User

BLANK = re.compile(r"\{\{\s*([^{}\n]{1,60}?)\s*\}\}")
"""What is filled in after a prompt was put into the question: ``{{topic}}``. ``blanks.js`` finds the same."""


class SavedPromptQuerySet(models.QuerySet["SavedPrompt"]):
    """Reads of prompts."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """One's own, and those that are shared; an admin's role gives no look into what others keep for themselves."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(Q(owner_id=user.pk) | Q(shared=True))

    def editable_by(self, user: User | AnonymousUser) -> Self:
        """One's own; for admins the shared ones too."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(Q(owner_id=user.pk) | Q(shared=True)) if user.is_admin else self.filter(owner_id=user.pk)

    def containing(self, words: str) -> Self:
        """Those that have ``words`` in their title or their text, whatever the case."""
        words = words.replace("\x00", "").strip()
        return self.filter(Q(title__icontains=words) | Q(text__icontains=words)) if words else self


class SavedPrompt(models.Model):
    """A text with a title; what stands in double braces is filled in when it is used."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="prompts")
    title = models.CharField(_("title"), max_length=100)
    text = models.TextField(_("text"), max_length=8_000)
    shared = models.BooleanField(_("for everyone"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SavedPromptQuerySet.as_manager()

    class Meta:
        verbose_name = _("prompt")
        verbose_name_plural = _("prompts")
        ordering = ("title", "pk")
        constraints = (models.UniqueConstraint(fields=("owner", "title"), name="prompt_title_once"),)

    def __str__(self) -> str:
        return self.title

    @property
    def blanks(self) -> list[str]:
        """The names of what is filled in, each once, in their order."""
        return list(dict.fromkeys(BLANK.findall(self.text)))
