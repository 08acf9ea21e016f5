"""Documents: one file of a data source, and how far its indexing is."""

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from documents.models.audiences import Audience
from documents.models.sources import DataSource, SourceKind

if TYPE_CHECKING:
    from accounts.models import User


class Status(models.TextChoices):
    """How far a document is; the last two are final."""

    RECEIVED = "received", _("Received")
    PARSING = "parsing", _("Reading")
    CHUNKING = "chunking", _("Splitting")
    EMBEDDING = "embedding", _("Indexing")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


FINAL = (Status.READY, Status.FAILED)


class DocumentQuerySet(models.QuerySet["Document"]):
    """Reads of documents."""

    def visible_to(self, user: "User | AnonymousUser") -> "DocumentQuerySet":
        """Documents that ``user`` may read: those of the audiences that they belong to."""
        return self.filter(audience__in=Audience.objects.visible_to(user))

    def openable_by(self, user: "User | AnonymousUser") -> "DocumentQuerySet":
        """Documents that ``user`` may open where something points to them.

        Beside those visible to them, the files of their own conversations, which no list and no search shows.
        """
        own = DataSource.objects.attached_by(user)
        return self.filter(Q(audience__in=Audience.objects.visible_to(user)) | Q(source__in=own))

    def editable_by(self, user: "User | AnonymousUser") -> "DocumentQuerySet":
        """Documents that ``user`` may delete or retry: an editor's own and those in sources they own."""
        if not user.is_authenticated or not user.is_active or not user.is_editor:
            return self.none()
        if user.is_admin:
            return self.exclude(source__kind=SourceKind.ATTACHED)
        return self.visible_to(user).filter(Q(owner_id=user.pk) | Q(source__owner_id=user.pk))

    def unfinished(self) -> "DocumentQuerySet":
        """Documents still on their way."""
        return self.exclude(status__in=FINAL)

    def claimable(self) -> "DocumentQuerySet":
        """Unfinished documents that no living worker holds."""
        free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=Now())
        return self.unfinished().filter(free)


class Lane(models.Model):
    """When a lane of documents last had its turn."""

    name = models.CharField(primary_key=True, max_length=60)
    served_at = models.DateTimeField()

    class Meta:
        verbose_name = _("lane")
        verbose_name_plural = _("lanes")

    def __str__(self) -> str:
        return self.name


class Document(models.Model):
    """One file of a data source, at its current version.

    Who sees it is its ``audience``, which its vectors and terms name too: that of its source unless it has its own.

    ``author``, ``created`` and ``modified_at`` are of what it holds, from the file or from the connector, unless a
    person wrote them: ``fixed`` names those that readings leave alone. ``tags`` are in lower case; ``custom`` holds a
    text, a number, true, false or a date in ISO form by name.

    A document that was uploaded has no ``external_id``; the same bytes are one such document among those of a source
    that the same people see: who uploads a file is never told of one that is hidden from them. One that a sync brought
    keeps its row for as long as the item with that identity exists, whatever its bytes.

    Documents of the same ``lane``, one person's uploads or one source's items, wait for each other; lanes take turns.
    ``ingest_seconds`` is how long the last indexing took.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(DataSource, models.CASCADE, verbose_name=_("data source"), related_name="documents")
    audience = models.ForeignKey(Audience, models.CASCADE, related_name="documents", editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("uploaded by"), null=True, related_name="documents"
    )
    filename = models.CharField(_("file name"), max_length=255)
    title = models.CharField(_("title"), max_length=500, blank=True)
    kind = models.CharField(_("kind"), max_length=16, blank=True)
    size = models.BigIntegerField(_("size in bytes"))
    sha256 = models.CharField(max_length=64, db_index=True)
    external_id = models.CharField(max_length=1500, null=True, blank=True, editable=False)
    address = models.CharField(_("address"), max_length=2000, blank=True)
    modified_at = models.DateTimeField(_("modified"), null=True, blank=True)
    author = models.CharField(_("author"), max_length=300, blank=True)
    created = models.DateTimeField(_("written"), null=True, blank=True)
    tags = ArrayField(models.CharField(max_length=60), verbose_name=_("tags"), default=list, blank=True)
    custom: models.JSONField[Any] = models.JSONField(_("further facts"), default=dict, blank=True)
    fixed = ArrayField(models.CharField(max_length=20), default=list, blank=True, editable=False)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.RECEIVED)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    chunk_count = models.PositiveIntegerField(_("chunks"), default=0)
    current_version = models.OneToOneField(
        "documents.DocumentVersion", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lane = models.CharField(max_length=60, default="", editable=False)
    ingest_seconds = models.FloatField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField(default=timezone.now)
    claim = models.UUIDField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ("-created_at", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("audience", "sha256"), name="document_once_per_audience", condition=Q(external_id__isnull=True)
            ),
            models.UniqueConstraint(
                fields=("source", "external_id"), name="document_item_once", condition=Q(external_id__isnull=False)
            ),
            models.CheckConstraint(condition=Q(size__gte=0), name="document_size_not_negative"),
        )
        indexes = (
            models.Index(fields=("source", "-created_at"), name="document_source_newest"),
            models.Index(fields=("owner", "-updated_at"), name="document_owner_changed"),
            models.Index(fields=("-updated_at",), name="document_ready_latest", condition=Q(status="ready")),
            models.Index(
                fields=("lane", "queued_at"), name="document_unfinished", condition=~Q(status__in=("ready", "failed"))
            ),
        )

    def __str__(self) -> str:
        return self.title or self.filename

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it; a new one is seen by whoever sees its source, unless it was given an audience."""
        if getattr(self, "audience_id", None) is None:
            self.audience_id = self.source_id
        super().save(*args, **kwargs)

    @property
    def is_final(self) -> bool:
        """Whether indexing has ended, well or not."""
        return self.status in FINAL

    @property
    def is_attached(self) -> bool:
        """Whether it is a file of one conversation; reads its data source."""
        return self.source.kind == SourceKind.ATTACHED

    @property
    def is_synced(self) -> bool:
        """Whether a connector brought it, so that its source decides what it holds; reads its data source."""
        return self.external_id is not None or self.source.syncs

    @property
    def has_web_address(self) -> bool:
        """Whether ``address`` is one that a browser can open."""
        return self.address.startswith(("https://", "http://"))
