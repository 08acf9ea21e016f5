"""Audiences: who sees a document, as its data source or as its own grants say."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from documents.models.sources import DataSource, SourceKind

if TYPE_CHECKING:
    from accounts.models import User


class AudienceQuerySet(models.QuerySet["Audience"]):
    """Reads of audiences; the permissions of documents and chunks build on these."""

    def visible_to(self, user: "User | AnonymousUser") -> "AudienceQuerySet":
        """Audiences that ``user`` belongs to: all for an admin, none for the signed out.

        Those of files that were attached to a conversation are nobody's but that conversation's: ``searched_by``.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_admin:
            return self.exclude(source__kind=SourceKind.ATTACHED)
        as_source = Q(inherits=True, source__in=DataSource.objects.visible_to(user))
        named = Q(everyone=True) | Q(source__owner_id=user.pk) | Q(users__contains=[user.pk])
        named |= Q(groups__overlap=ArraySubquery(user.groups.values("pk")))
        return self.filter(as_source | (Q(inherits=False) & named))

    def searched_by(
        self, user: "User | AnonymousUser", sources: Sequence[uuid.UUID] | None, attached: uuid.UUID | None
    ) -> "AudienceQuerySet":
        """What a search of ``user`` may find in these data sources, None for all, and in the files of one conversation.

        ``attached`` is what holds these files; it adds nothing when they are somebody else's.
        """
        seen = self.visible_to(user)
        if sources is not None:
            seen = seen.filter(source__in=sources)
        if attached is None:
            return seen
        own = DataSource.objects.attached_by(user).filter(pk=attached)
        return self.filter(Q(pk__in=seen.values("pk")) | Q(source__in=own))

    def granting(
        self, source: DataSource, *, everyone: bool, users: Iterable[int], groups: Iterable[int]
    ) -> "Audience":
        """The audience of ``source`` with exactly these grants, made when there is none.

        Call it in a transaction that holds the source's row: it keeps two from making, or removing, the same one.
        """
        wanted = Audience(
            source=source,
            everyone=everyone,
            users=[] if everyone else sorted(set(users)),
            groups=[] if everyone else sorted(set(groups)),
        )
        found = self.filter(source=source, key=wanted.content_key()).first()
        if found is None:
            wanted.key = wanted.content_key()
            wanted.save(force_insert=True)
        return found or wanted


class Audience(models.Model):
    """Who sees certain documents of one data source. Never changed: a document moves to another one.

    One that ``inherits`` is seen by whoever sees the source; each source has one, with the source's own id. Any other
    is seen by ``everyone`` who can sign in, or by the ``users`` and ``groups`` with these ids, and always by the
    source's owner and admins. Equal grants are one row, found by ``key``. Ids of people and groups that were deleted
    stay and mean nobody.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(DataSource, models.CASCADE, related_name="audiences", db_index=False)
    inherits = models.BooleanField(default=False)
    everyone = models.BooleanField(default=False)
    users = ArrayField(models.BigIntegerField(), default=list, blank=True)
    groups = ArrayField(models.IntegerField(), default=list, blank=True)
    key = models.CharField(max_length=64, blank=True)

    objects = AudienceQuerySet.as_manager()

    class Meta:
        verbose_name = _("audience")
        verbose_name_plural = _("audiences")
        constraints = (models.UniqueConstraint(fields=("source", "key"), name="audience_once"),)

    def __str__(self) -> str:
        return f"as {self.source_id}" if self.inherits else f"{self.source_id} {self.key[:8]}"

    def content_key(self) -> str:
        """What tells these grants from any others of the source."""
        return hashlib.sha256(json.dumps([self.everyone, self.users, self.groups]).encode()).hexdigest()
