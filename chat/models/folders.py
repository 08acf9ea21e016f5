"""Folders: where a person keeps conversations together."""

from typing import Self
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import User

FOLDER_NAME_CHARS = 60


class FolderQuerySet(models.QuerySet["Folder"]):
    """Reads of folders."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """One's own folders."""
        return self.filter(user_id=user.pk) if user.is_authenticated else self.none()


class Folder(models.Model):
    """A name that conversations of one person stand under; ``is_open`` is whether the sidebar lists them there."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="folders")
    name = models.CharField(_("name"), max_length=FOLDER_NAME_CHARS)
    is_open = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FolderQuerySet.as_manager()

    class Meta:
        verbose_name = _("folder")
        verbose_name_plural = _("folders")
        ordering = (Lower("name"), "pk")
        constraints = (models.UniqueConstraint("user", Lower("name"), name="folder_name_once"),)

    def __str__(self) -> str:
        return self.name
