"""Syncs: what is known of each item of a data source, and the log of the runs that brought it up to date."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from documents.models.sources import DataSource

MAX_EXTERNAL_ID = 1500


class RunState(models.TextChoices):
    """How far a run is; the last three are final."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


UNFINISHED = (RunState.WAITING, RunState.RUNNING)


class RunPhase(models.TextChoices):
    """What a run does now."""

    LISTING = "listing", _("Looking for changes")
    FETCHING = "fetching", _("Fetching")
    CHECKING = "checking", _("Looking for what is gone")


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    """Reads of runs."""

    def unfinished(self) -> "SyncRunQuerySet":
        """Runs that have not ended."""
        return self.filter(state__in=UNFINISHED)

    def claimable(self) -> "SyncRunQuerySet":
        """Unfinished runs that no living worker holds."""
        return self.unfinished().filter(Q(claimed_until__isnull=True) | Q(claimed_until__lt=Now()))


class SyncRun(models.Model):
    """One sync of a data source, with its counts. A source has at most one that has not ended.

    ``cursor`` is the connector's, in progress; the source takes it over when the run is done. ``full`` says that the
    listing named everything, so that the rest is gone. A run without listing only fetches what is pending.

    Each queued step carries the ``ticket``, which changes when the step is done or given up for lost: a message that
    comes late or twice starts no second chain of steps.
    """

    source = models.ForeignKey(DataSource, models.CASCADE, related_name="sync_runs")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=RunState, default=RunState.WAITING)
    phase = models.CharField(max_length=10, choices=RunPhase, default=RunPhase.LISTING)
    lists = models.BooleanField(default=True)
    cursor = models.JSONField(default=dict)
    full = models.BooleanField(default=False)
    truncated = models.BooleanField(default=False)
    stop_requested = models.BooleanField(default=False)
    new = models.PositiveIntegerField(_("new"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    deleted = models.PositiveIntegerField(_("deleted"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    pauses = models.PositiveSmallIntegerField(default=0)
    failed_in_row = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    ticket = models.PositiveIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    wake_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("sync")
        verbose_name_plural = _("syncs")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("source",), name="sync_run_one_at_a_time", condition=Q(state__in=("waiting", "running"))
            ),
        )
        indexes = (
            models.Index(
                fields=("wake_at",), name="sync_run_unfinished", condition=Q(state__in=("waiting", "running"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.source_id} #{self.pk}"

    @property
    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self.state not in UNFINISHED

    @property
    def handled(self) -> int:
        """Items that this run has dealt with."""
        return self.new + self.changed + self.unchanged + self.failed

    @property
    def took(self) -> timedelta | None:
        """How long it ran, None while it does or when it never began."""
        return self.ended_at - self.started_at if self.ended_at and self.started_at else None

    def counts(self) -> dict[str, int]:
        """What came of the items."""
        return {name: getattr(self, name) for name in ("new", "changed", "unchanged", "deleted", "failed")}


class ItemStatus(models.TextChoices):
    """What became of an item."""

    PENDING = "pending", _("Waiting")
    DONE = "done", _("Done")
    ALIAS = "alias", _("Same as another")
    FAILED = "failed", _("Failed")


class SourceItem(models.Model):
    """What is known of one item of a data source: what was fetched of it last, and what is to be done.

    ``listed_revision`` is what the listing said last, ``revision`` that of the bytes which were fetched last;
    ``sha256`` is their hash. A document that somebody deleted by hand stays away until these change.
    """

    source = models.ForeignKey(DataSource, models.CASCADE, related_name="items")
    external_id = models.CharField(max_length=MAX_EXTERNAL_ID)
    name = models.CharField(max_length=500, blank=True)
    address = models.CharField(max_length=2000, blank=True)
    modified_at = models.DateTimeField(null=True, blank=True)
    listed_revision = models.CharField(max_length=200, blank=True)
    revision = models.CharField(max_length=200, blank=True)
    hint: models.JSONField[Any] = models.JSONField(default=dict)
    state: models.JSONField[Any] = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=10, choices=ItemStatus, default=ItemStatus.PENDING)
    same_as = models.CharField(max_length=MAX_EXTERNAL_ID, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    seen_in = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("source", "external_id"), name="item_once_per_source"),)
        indexes = (
            models.Index(fields=("source", "status", "id"), name="item_source_status"),
            models.Index(fields=("source", "seen_in"), name="item_source_seen"),
        )

    def __str__(self) -> str:
        return self.name or self.external_id
