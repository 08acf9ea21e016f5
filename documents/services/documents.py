"""Writes: documents taken in, given another file, retried and deleted."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from documents import storage
from documents.errors import DocumentsError, document_not_found, permission_denied, same_as_another, source_not_found
from documents.events import announce
from documents.ingest.rows import clean_filename, remove, start_over
from documents.models import DataSource, Document, Status
from documents.services.metadata import checked, write
from documents.services.sources import default_source
from documents.tasks import ingest_waiting


@dataclass(frozen=True, slots=True)
class Replaced:
    """A document that was given a file, and whether there is anything new about it to index."""

    document: Document
    changed: bool


def document_upload(
    *,
    user: User,
    file: storage.Readable,
    filename: str,
    source: DataSource | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Document:
    """Take in a file and queue its indexing; without a source it goes where ``default_source`` says.

    ``metadata`` is what ``document_describe`` takes, for a new document. Bytes that the source already has are the
    document it already has, taken up again if it had failed. Raises DocumentsError: ``source_not_found``,
    ``source_syncs``, ``permission_denied``, ``invalid_metadata``, ``empty_file``, ``too_large``.
    """
    values = checked(metadata or {})
    source = source or default_source(user=user)
    _check_upload(user, source)
    with storage.receive(file) as received:
        check_received(received)
        try:
            with transaction.atomic():
                received.keep()
                return _document_of(user, source, received, clean_filename(filename), values)
        except IntegrityError as error:
            # The lock on the bytes leaves one reason: the data source was deleted meanwhile.
            raise source_not_found() from error


def document_replace(*, user: User, document_id: uuid.UUID, file: storage.Readable, filename: str) -> Replaced:
    """Give an uploaded document another file, and its name: a new version of it, queued to be indexed.

    Until that is done searches see the version before, and for good when the new file cannot be read. Who works on the
    former file loses its claim. The same file under the same name leaves all as it is, but for a document that had
    failed, which is taken up again. Raises DocumentsError: ``not_found``, ``permission_denied``, ``source_syncs``,
    ``empty_file``, ``too_large``, ``same_as_another``.
    """
    # Before a long upload; once more when it is there.
    with transaction.atomic():
        _uploaded_document(user, document_id)
    with storage.receive(file) as received:
        check_received(received)
        with transaction.atomic():
            # The bytes before the row, as everywhere.
            storage.lock(received.sha256)
            document = _uploaded_document(user, document_id)
            same = document.sha256 == received.sha256
            if not same:
                _check_single(document, received)
            name = clean_filename(filename)
            if same and name == document.filename and document.status != Status.FAILED:
                return Replaced(document, changed=False)
            received.keep()
            _take_file(document, user, received, name)
            return Replaced(document, changed=True)


def document_retry(*, user: User, document_id: uuid.UUID) -> Document:
    """Queue a failed document again; one that has not failed is left as it is."""
    with transaction.atomic():
        document = _editable_document(user, document_id)
        if document.status == Status.FAILED:
            audit(actor=user, action="document.retry", target=document)
            start_over(document)
            queue_on_commit(document)
    return document


def document_delete(*, user: User, document_id: uuid.UUID) -> None:
    """Delete a document with everything made from it; its bytes go too, unless another source has the same file."""
    with transaction.atomic():
        document = _editable_document(user, document_id)
        remove(document, actor=user)


def _document_of(
    user: User, source: DataSource, received: storage.Received, filename: str, values: Mapping[str, Any]
) -> Document:
    """The document of these bytes in the source, made or taken up again where that is needed.

    One that is hidden from the user stays out of it: that it exists is not told.
    """
    same = Document.objects.visible_to(user).filter(source=source, sha256=received.sha256, external_id__isnull=True)
    document = same.select_for_update(of=("self",)).order_by("-audience__inherits", "created_at").first()
    if document is None:
        document = Document(
            source=source,
            owner=user,
            filename=filename,
            size=received.size,
            sha256=received.sha256,
            lane=f"user:{user.pk}",
        )
        write(document, values)
        document.save(force_insert=True)
        audit(actor=user, action="document.upload", target=document, detail={"source": source.name})
        queue_on_commit(document)
    elif document.status == Status.FAILED:
        start_over(document)
        queue_on_commit(document)
    return document


def _take_file(document: Document, user: User, received: storage.Received, filename: str) -> None:
    """Save the document as one that waits to be read from these bytes; the name decides with them how it is read."""
    detail = {"source": document.source.name, "replaces": document.filename}
    before = document.sha256
    document.sha256, document.size, document.filename = received.sha256, received.size, filename
    if "modified" not in document.fixed:
        document.modified_at = timezone.now()
    document.lane = f"user:{user.pk}"
    start_over(document)
    audit(actor=user, action="document.upload", target=document, detail=detail)
    # They stay while the version that is searched was read from them.
    transaction.on_commit(partial(storage.discard_unnamed, before), robust=True)
    queue_on_commit(document)


def check_received(received: storage.Received) -> None:
    """DocumentsError ``empty_file`` for bytes that are none."""
    if received.size == 0:
        raise DocumentsError("empty_file", _("The file is empty. Choose one with text in it."), 422)


def _check_single(document: Document, received: storage.Received) -> None:
    """The same bytes are one document of an audience; the lock on them keeps it so until the commit."""
    others = Document.objects.filter(audience=document.audience_id, sha256=received.sha256, external_id__isnull=True)
    if other := others.first():
        raise same_as_another(other.filename)


def _check_upload(user: User, source: DataSource) -> None:
    if DataSource.objects.uploadable_by(user).filter(pk=source.pk).exists():
        return
    if not DataSource.objects.visible_to(user).filter(pk=source.pk).exists():
        raise source_not_found()
    if source.syncs:
        message = _("%(name)s gets its documents by itself and takes no uploads. Choose another data source.")
        raise DocumentsError("source_syncs", message % {"name": source.name}, 409)
    raise permission_denied()


def _uploaded_document(user: User, document_id: uuid.UUID) -> Document:
    document = _editable_document(user, document_id)
    if document.is_synced:
        message = _(
            "This document comes from %(name)s by itself. Change it there: the next sync brings the new version."
        )
        raise DocumentsError("source_syncs", message % {"name": document.source.name}, 409)
    return document


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


def queue_on_commit(document: Document) -> None:
    """Say that the document is there, and call a worker, when the transaction is committed."""
    # Robust: with Valkey away the upload is kept all the same, and beat queues it later.
    transaction.on_commit(partial(announce, document), robust=True)
    transaction.on_commit(ingest_waiting.delay, robust=True)
