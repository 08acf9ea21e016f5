"""Writes: documents taken in, retried and deleted; data sources made, changed and deleted.

Each function checks the permission, writes the audit log in its transaction, and sends events and jobs on commit.
"""

import re
import unicodedata
import uuid
from collections.abc import Iterable
from functools import partial
from pathlib import PurePosixPath

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from documents import storage
from documents.errors import DocumentsError, document_not_found, permission_denied, source_not_found
from documents.events import announce, announce_deleted
from documents.models import DataSource, Document, Status, Visibility
from documents.tasks import ingest_document, sweep_bytes

SHARED_SLUG = "uploads"
MAX_FILENAME = 255
DELETE_ATTEMPTS = 3
UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def document_upload(*, user: User, file: storage.Readable, filename: str, source: DataSource | None = None) -> Document:
    """Take in a file and queue its indexing; without a source it goes where ``default_source`` says.

    Bytes that the source already has are the document it already has, taken up again if it had failed. Raises
    DocumentsError: ``source_not_found``, ``permission_denied``, ``empty_file``, ``upload_too_large``.
    """
    source = source or default_source(user=user)
    _check_upload(user, source)
    with storage.receive(file) as received:
        if received.size == 0:
            raise DocumentsError("empty_file", _("The file is empty. Choose one with text in it."), 422)
        try:
            with transaction.atomic():
                received.keep()
                return _document_of(user, source, received, clean_filename(filename))
        except IntegrityError as error:
            # The lock on the bytes leaves one reason: the data source was deleted meanwhile.
            raise source_not_found() from error


def document_retry(*, user: User, document_id: uuid.UUID) -> Document:
    """Queue a failed document again; one that has not failed is left as it is."""
    with transaction.atomic():
        document = _editable_document(user, document_id)
        if document.status == Status.FAILED:
            audit(actor=user, action="document.retry", target=document)
            _start_over(document)
    return document


def document_delete(*, user: User, document_id: uuid.UUID) -> None:
    """Delete a document with everything made from it; its bytes go too, unless another source has the same file."""
    with transaction.atomic():
        document = _editable_document(user, document_id)
        audit(actor=user, action="document.delete", target=document, detail={"source": document.source.name})
        owner_id, sha256 = document.owner_id, document.sha256
        document.delete()
        transaction.on_commit(partial(announce_deleted, document_id, owner_id), robust=True)
        transaction.on_commit(partial(storage.discard_unnamed, sha256), robust=True)


def source_create(
    *,
    user: User,
    name: str,
    description: str = "",
    visibility: str = Visibility.EVERYONE,
    groups: Iterable[Group] = (),
    users: Iterable[User] = (),
) -> DataSource:
    """Make a data source that belongs to ``user``; only editors and admins may."""
    if not user.is_editor:
        raise permission_denied()
    with transaction.atomic():
        source = DataSource.objects.create(
            name=_checked_name(name),
            slug=_free_slug(name),
            description=description.strip(),
            visibility=_checked_visibility(visibility),
            owner=user,
        )
        source.groups.set(groups)
        source.users.set(users)
        audit(actor=user, action="source.create", target=source, detail=_rights(source))
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
) -> DataSource:
    """Change a data source; who may see its documents changes with the commit, for searches too."""
    with transaction.atomic():
        source = _editable_source(user, source)
        before = _rights(source)
        source.name = _checked_name(name)
        source.description = description.strip()
        source.visibility = _checked_visibility(visibility)
        source.save()
        source.groups.set(groups)
        source.users.set(users)
        audit(actor=user, action="source.update", target=source, detail={"before": before, "after": _rights(source)})
    return source


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
        # Locked before anything is collected, so that an index being swapped in is waited for and deleted too.
        documents = Document.objects.select_for_update().filter(source=source).order_by("pk")
        owners = dict(documents.values_list("pk", "owner_id"))
        source = _editable_source(user, source)
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


def clean_filename(name: str) -> str:
    """A file name as it may be shown and sent: no folders, nothing invisible, at most 255 characters."""
    base = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    visible = "".join(each for each in base if unicodedata.category(each) not in UNPRINTABLE)
    visible = re.sub(r"\s+", " ", visible).strip()
    if len(visible) > MAX_FILENAME:
        suffix = PurePosixPath(visible).suffix[:20]
        visible = visible[: MAX_FILENAME - len(suffix)] + suffix
    return visible if visible.strip(". ") else _("Unnamed")


def _document_of(user: User, source: DataSource, received: storage.Received, filename: str) -> Document:
    """The document of these bytes in the source, made or taken up again where that is needed."""
    document = Document.objects.select_for_update().filter(source=source, sha256=received.sha256).first()
    if document is None:
        document = Document.objects.create(
            source=source, owner=user, filename=filename, size=received.size, sha256=received.sha256
        )
        audit(actor=user, action="document.upload", target=document, detail={"source": source.name})
        _queue_on_commit(document)
    elif document.status == Status.FAILED:
        _start_over(document)
    return document


def _check_upload(user: User, source: DataSource) -> None:
    if not DataSource.objects.visible_to(user).filter(pk=source.pk).exists():
        raise source_not_found()
    if not DataSource.objects.uploadable_by(user).filter(pk=source.pk).exists():
        raise permission_denied()


def _editable_document(user: User, document_id: uuid.UUID) -> Document:
    document = (
        Document.objects.visible_to(user)
        .select_for_update(of=("self",))
        .select_related("source")
        .filter(pk=document_id)
        .first()
    )
    if document is None:
        raise document_not_found()
    if not Document.objects.editable_by(user).filter(pk=document_id).exists():
        raise permission_denied()
    return document


def _editable_source(user: User, source: DataSource) -> DataSource:
    locked = DataSource.objects.visible_to(user).select_for_update(of=("self",)).filter(pk=source.pk).first()
    if locked is None:
        raise source_not_found()
    if not DataSource.objects.editable_by(user).filter(pk=source.pk).exists():
        raise permission_denied()
    return locked


def _start_over(document: Document) -> None:
    document.status = Status.RECEIVED
    document.error_code = document.error_message = ""
    document.progress_done = document.progress_total = document.attempts = 0
    document.claim = document.claimed_until = None
    document.queued_at = timezone.now()
    document.save()
    _queue_on_commit(document)


def _queue_on_commit(document: Document) -> None:
    # Robust: with Valkey away the upload is kept all the same, and beat queues it later.
    transaction.on_commit(partial(announce, document), robust=True)
    transaction.on_commit(partial(ingest_document.delay, str(document.pk)), robust=True)


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


def _rights(source: DataSource) -> dict[str, object]:
    return {
        "visibility": source.visibility,
        "groups": sorted(source.groups.values_list("name", flat=True)),
        "users": sorted(source.users.values_list("email", flat=True)),
    }
