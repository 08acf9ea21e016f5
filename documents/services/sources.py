"""Writes: data sources made, changed and deleted."""

import uuid
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from documents.connectors import forget, opened
from documents.connectors.base import Busy
from documents.errors import DocumentsError, permission_denied, source_not_found
from documents.events import announce_deleted
from documents.models import DataSource, Document, SourceKind, SyncRun, Visibility
from documents.services.connections import Configuration, configure, configured, forget_revisions, schedule
from documents.tasks import sweep_bytes

SHARED_SLUG = "uploads"
DELETE_ATTEMPTS = 3


def source_create(
    *,
    user: User,
    name: str,
    description: str = "",
    visibility: str = Visibility.EVERYONE,
    groups: Iterable[Group] = (),
    users: Iterable[User] = (),
    kind: str = SourceKind.UPLOAD,
    settings: Mapping[str, Any] | None = None,
    sync_minutes: int | None = None,
) -> DataSource:
    """Make a data source that belongs to ``user``; only editors and admins may, some kinds admins alone.

    ``settings`` are the connector's, its secrets among them. Raises DocumentsError also as ``configured`` and
    ``schedule`` do.
    """
    if not user.is_editor:
        raise permission_denied()
    configuration = _configuration(user, kind, settings)
    with transaction.atomic():
        source = DataSource(
            name=_checked_name(name),
            slug=_free_slug(name),
            description=description.strip(),
            visibility=_checked_visibility(visibility),
            owner=user,
            kind=kind,
        )
        if configuration is not None:
            configure(source, configuration)
        schedule(source, sync_minutes)
        source.save()
        source.groups.set(groups)
        source.users.set(users)
        audit(actor=user, action="source.create", target=source, detail=_detail(source, configuration))
    return source


def source_update(
    *,
    user: User,
    source: DataSource,
    name: str,
    description: str,
    visibility: str,
    groups: Iterable[Group] = (),
    users: Iterable[User] = (),
    settings: Mapping[str, Any] | None = None,
    sync_minutes: int | None = None,
) -> DataSource:
    """Change a data source; who may see its documents changes with the commit, for searches too.

    Without ``settings`` the connector's stay as they are. Other settings end a sync that is under way.
    """
    with transaction.atomic():
        hold_runs(source)
        source = editable_source(user, source)
        configuration = None
        before = _detail(source, None)
        source.name = _checked_name(name)
        source.description = description.strip()
        source.visibility = _checked_visibility(visibility)
        if settings is not None and source.syncs:
            configuration = configured(user=user, kind=source.kind, values=settings, stored=source)
            if configure(source, configuration):
                forget_revisions(source)
        schedule(source, sync_minutes)
        source.save()
        source.groups.set(groups)
        source.users.set(users)
        after = _detail(source, configuration)
        audit(actor=user, action="source.update", target=source, detail={"before": before, "after": after})
    return source


def source_check(*, user: User, kind: str, settings: Mapping[str, Any], source: DataSource | None = None) -> str:
    """Try the connection with these settings; a sentence that says what was found.

    Secrets that are left out come from ``source``. Raises DocumentsError and RagError with what is wrong.
    """
    if not user.is_editor:
        raise permission_denied()
    configuration = configured(user=user, kind=kind, values=settings, stored=source)
    key = f"check-{uuid.uuid4()}"
    connector = opened(kind, configuration.values, key)
    try:
        return connector.check()
    except Busy as busy:
        message = _("The other side is busy. Try again in %(seconds)d seconds.") % {"seconds": busy.seconds}
        raise DocumentsError("rate_limited", message, 502) from busy
    finally:
        connector.close()
        forget(key)


def source_delete(*, user: User, source: DataSource) -> None:
    """Delete a data source with all its documents."""
    for attempt in range(DELETE_ATTEMPTS):
        try:
            _delete_source(user, source)
            return
        except IntegrityError:
            # A file was uploaded to it at that very moment; it is deleted with the rest the next time.
            if attempt + 1 == DELETE_ATTEMPTS:
                raise


def _delete_source(user: User, source: DataSource) -> None:
    with transaction.atomic():
        hold_runs(source)
        # Locked before anything is collected, so that an index being swapped in is waited for and deleted too.
        documents = Document.objects.select_for_update().filter(source=source).order_by("pk")
        owners = dict(documents.values_list("pk", "owner_id"))
        source = editable_source(user, source)
        audit(actor=user, action="source.delete", target=source, detail={"documents": len(owners)})
        source.delete()
        for document_id, owner_id in owners.items():
            transaction.on_commit(partial(announce_deleted, document_id, owner_id), robust=True)
        transaction.on_commit(sweep_bytes.delay, robust=True)


def default_source(*, user: User) -> DataSource:
    """Where a file goes when nobody says where: the shared source "Uploads", made when it is first needed.

    When "Uploads" is not open to ``user``, the first of the sources that is. Raises DocumentsError
    ``permission_denied`` for somebody who may not upload at all, ``no_source`` when there is none to upload to.
    """
    if not user.is_editor:
        raise permission_denied()
    shared, made = DataSource.objects.get_or_create(
        slug=SHARED_SLUG,
        defaults={"name": _("Uploads"), "description": _("Files that were uploaded without choosing a data source.")},
    )
    if made:
        audit(actor=None, action="source.create", target=shared, detail=_rights(shared))
    uploadable = DataSource.objects.uploadable_by(user)
    source = uploadable.filter(pk=shared.pk).first() or uploadable.order_by("created_at").first()
    if source is None:
        raise DocumentsError("no_source", _("There is no data source you may upload to. Create one."), 409)
    return source


def hold_runs(source: DataSource) -> None:
    """Lock the unfinished run of a source until the end of the transaction; come here before any other lock.

    A sync's step holds its run until it commits, so that after this no document comes from it.
    """
    list(SyncRun.objects.unfinished().select_for_update().filter(source=source).values_list("pk"))


def editable_source(user: User, source: DataSource) -> DataSource:
    """The row, locked until the end of the transaction; DocumentsError when ``user`` may not change it."""
    # Its key stays, so documents may come meanwhile.
    rows = DataSource.objects.visible_to(user).select_for_update(of=("self",), no_key=True)
    locked = rows.filter(pk=source.pk).first()
    if locked is None:
        raise source_not_found()
    if not DataSource.objects.editable_by(user).filter(pk=source.pk).exists():
        raise permission_denied()
    return locked


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 120:
        raise DocumentsError("invalid_name", _("Give the data source a name of at most 120 characters."), 422)
    return name


def _checked_visibility(visibility: str) -> str:
    if visibility not in Visibility.values:
        raise DocumentsError("invalid_visibility", _("Choose who may see it: everyone, or restricted."), 422)
    return visibility


def _free_slug(name: str) -> str:
    base = slugify(name)[:120] or "source"
    taken = set(DataSource.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    # "new" is the address of the page that makes one.
    taken.add("new")
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)


def _configuration(user: User, kind: str, values: Mapping[str, Any] | None) -> Configuration | None:
    """What the connector of this kind needs; None for uploads."""
    if kind != SourceKind.UPLOAD:
        return configured(user=user, kind=kind, values=values or {})
    if values:
        raise DocumentsError("invalid_settings", _("Uploads have no settings. Leave them out."), 422)
    return None


def _detail(source: DataSource, configuration: Configuration | None) -> dict[str, object]:
    """What the audit log tells of a source: never a secret."""
    told: dict[str, object] = {**_rights(source)}
    if source.syncs:
        told |= {"kind": source.kind, "settings": source.settings, "sync_minutes": source.sync_minutes}
    return told | (configuration.detail if configuration else {})


def _rights(source: DataSource) -> dict[str, object]:
    return {
        "visibility": source.visibility,
        "groups": sorted(source.groups.values_list("name", flat=True)),
        "users": sorted(source.users.values_list("email", flat=True)),
    }
