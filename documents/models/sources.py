"""Data sources: where documents come from, and who may see them."""

import contextlib
import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.secrets import EncryptedTextField

if TYPE_CHECKING:
    from accounts.models import User


class SourceKind(models.TextChoices):
    """How a data source gets its documents."""

    UPLOAD = "upload", _("Uploads")
    FOLDER = "folder", _("Folder")
    WEBSITE = "website", _("Website")
    S3 = "s3", _("S3 bucket")
    GIT = "git", _("Git repository")
    POSTGRES = "postgres", _("PostgreSQL query")
    NOTION = "notion", _("Notion")
    ATTACHED = "attached", _("Files of a conversation")


WITHOUT_SYNC = (SourceKind.UPLOAD, SourceKind.ATTACHED)
"""Kinds whose documents people bring."""


class SyncState(models.TextChoices):
    """How the last sync of a source is or was; nothing before the first."""

    NEVER = "", _("Never synced")
    RUNNING = "running", _("Syncing")
    DONE = "done", _("In sync")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Sync failed")


class Visibility(models.TextChoices):
    """Who sees the documents of a data source."""

    EVERYONE = "everyone", _("Everyone who can sign in")
    RESTRICTED = "restricted", _("Only chosen groups and people")


class DataSourceQuerySet(models.QuerySet["DataSource"]):
    """Reads of data sources; the permissions of documents and chunks build on these."""

    def listed(self) -> "DataSourceQuerySet":
        """Those that people know of: not what holds the files of one conversation."""
        return self.exclude(kind=SourceKind.ATTACHED)

    def attached_by(self, user: "User | AnonymousUser") -> "DataSourceQuerySet":
        """What holds the files of ``user``'s own conversations. No role gives a look into other people's."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(kind=SourceKind.ATTACHED, owner_id=user.pk)

    def visible_to(self, user: "User | AnonymousUser") -> "DataSourceQuerySet":
        """Sources whose documents ``user`` may read: all for an admin, none for the signed out."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        listed = self.listed()
        if user.is_admin:
            return listed
        in_group = DataSource.groups.through.objects.filter(
            datasource_id=OuterRef("pk"), group_id__in=user.groups.values("pk")
        )
        named = DataSource.users.through.objects.filter(datasource_id=OuterRef("pk"), user_id=user.pk)
        return listed.filter(Q(visibility=Visibility.EVERYONE) | Q(owner_id=user.pk) | Exists(named) | Exists(in_group))

    def uploadable_by(self, user: "User | AnonymousUser") -> "DataSourceQuerySet":
        """Sources that ``user`` may add documents to: for editors and admins, every one they see that takes uploads."""
        if not user.is_authenticated or not user.is_editor:
            return self.none()
        return self.visible_to(user).filter(kind=SourceKind.UPLOAD)

    def editable_by(self, user: "User | AnonymousUser") -> "DataSourceQuerySet":
        """Sources that ``user`` may change and delete: all for an admin, an editor's own."""
        if not user.is_authenticated or not user.is_active or not user.is_editor:
            return self.none()
        return self.listed() if user.is_admin else self.listed().filter(owner_id=user.pk)

    def due(self) -> "DataSourceQuerySet":
        """Sources whose schedule says that they are to be synced by now."""
        return self.exclude(kind__in=WITHOUT_SYNC).filter(next_sync_at__lte=Now())

    def named(self, key: str) -> "DataSource | None":
        """The source with this id, slug or name, whatever the case of the name; the oldest of several."""
        key = key.strip().replace("\x00", "")
        condition = Q(slug=key) | Q(name__iexact=key)
        with contextlib.suppress(ValueError):
            condition |= Q(pk=uuid.UUID(key))
        return self.filter(condition).order_by("created_at").first()


class DataSource(models.Model):
    """Where documents come from. It decides who sees those that have no grants of their own.

    ``settings`` and ``secrets`` belong to the connector of this ``kind``; ``secrets`` is JSON too, ciphertext in the
    database. ``cursor`` is where the last complete sync left the connector.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(max_length=140, unique=True, editable=False)
    description = models.TextField(
        _("description"), blank=True, max_length=2000, help_text=_("What its documents are about, in a sentence.")
    )
    kind = models.CharField(max_length=20, choices=SourceKind, default=SourceKind.UPLOAD, editable=False)
    visibility = models.CharField(_("who may see it"), max_length=20, choices=Visibility, default=Visibility.EVERYONE)
    groups = models.ManyToManyField(Group, verbose_name=_("groups"), blank=True, related_name="data_sources")
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("people"), blank=True, related_name="data_sources"
    )
    chunking = models.JSONField(default=dict, blank=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("owner"),
        null=True,
        editable=False,
        related_name="owned_data_sources",
    )
    settings = models.JSONField(default=dict, editable=False)
    secrets = EncryptedTextField(blank=True, editable=False)
    sync_minutes = models.PositiveIntegerField(_("sync every so many minutes"), null=True, editable=False)
    next_sync_at = models.DateTimeField(null=True, editable=False, db_index=True)
    cursor = models.JSONField(default=dict, editable=False)
    sync_state = models.CharField(max_length=10, choices=SyncState, blank=True, editable=False)
    synced_at = models.DateTimeField(_("last synced"), null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DataSourceQuerySet.as_manager()

    class Meta:
        verbose_name = _("data source")
        verbose_name_plural = _("data sources")
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it, a new one with the audience of those who see it."""
        new = self._state.adding
        with transaction.atomic():
            super().save(*args, **kwargs)
            if new:
                self.audiences.create(pk=self.pk, inherits=True)

    @property
    def syncs(self) -> bool:
        """Whether its documents come from outside by themselves."""
        return self.kind not in WITHOUT_SYNC
