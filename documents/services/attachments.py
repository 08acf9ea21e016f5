"""Writes: the files of one conversation, which its owner alone can find, and only there.

What holds them is a data source of a kind of its own, one for each conversation: its audience is in no search but that
conversation's, and one row's deletion takes all of them along. Nothing of this goes to the audit log, as nothing of a
conversation does.
"""

import uuid
from collections.abc import Callable, Iterable

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from documents import storage
from documents.errors import DocumentsError, document_not_found
from documents.ingest.rows import clean_filename, discard, start_over
from documents.models import DataSource, Document, SourceKind, Status, Visibility
from documents.services.documents import check_received, queue_on_commit

MOST_FILES = 20
"""Files of one conversation."""


def attachments_open(*, user: User) -> DataSource:
    """Make what holds the files of one conversation of ``user``'s."""
    return DataSource.objects.create(
        name=_("Files of this conversation"),
        slug=f"attached-{uuid.uuid4().hex}",
        kind=SourceKind.ATTACHED,
        visibility=Visibility.RESTRICTED,
        owner=user,
    )


def attachment_add(*, user: User, file: storage.Readable, filename: str, into: Callable[[], DataSource]) -> Document:
    """Take in a file of a conversation and queue its indexing; whoever asks may, not editors alone.

    ``into`` gives what holds the conversation's files, and is called in the transaction. The same bytes are one
    document of a conversation, taken up again if it had failed. Raises DocumentsError: ``empty_file``, ``too_large``,
    ``too_many_files``, ``attachments_gone``, and what ``into`` raises.
    """
    with storage.receive(file) as received:
        check_received(received)
        try:
            with transaction.atomic():
                received.keep()
                return _document_of(user, into(), received, clean_filename(filename))
        except IntegrityError as error:
            # The locks leave one reason: the conversation was deleted meanwhile.
            raise attachments_gone() from error


def attachment_delete(*, user: User, document_id: uuid.UUID) -> None:
    """Delete a file of one of the user's own conversations; DocumentsError ``not_found``."""
    with transaction.atomic():
        own = Document.objects.filter(source__in=DataSource.objects.attached_by(user))
        document = own.select_for_update(of=("self",)).filter(pk=document_id).first()
        if document is None:
            raise document_not_found()
        discard(document)


def attachments_drop(*, source_ids: Iterable[uuid.UUID]) -> None:
    """Delete what holds the files of conversations, with the files; of no other kind of data source."""
    with transaction.atomic():
        rows = DataSource.objects.select_for_update(of=("self",)).filter(kind=SourceKind.ATTACHED)
        # Held first, as whoever adds a file does: one that is just being added is waited for.
        sources = list(rows.filter(pk__in=list(source_ids)).order_by("pk"))
        for source in sources:
            for document in Document.objects.select_for_update().filter(source=source).order_by("pk"):
                discard(document)
            source.delete()


def attachments_gone() -> DocumentsError:
    """What held the files is not there, or is somebody else's: both read the same."""
    return DocumentsError("attachments_gone", _("The conversation of this file is gone. Attach the file again."), 404)


def _document_of(user: User, source: DataSource, received: storage.Received, filename: str) -> Document:
    own = DataSource.objects.attached_by(user).select_for_update(of=("self",), no_key=True)
    if not own.filter(pk=source.pk).exists():
        raise attachments_gone()
    document = source.documents.select_for_update(of=("self",)).filter(sha256=received.sha256).first()
    if document is None:
        if source.documents.count() >= MOST_FILES:
            message = _("A conversation takes %(most)d files. Take one out, or upload them as documents.")
            raise DocumentsError("too_many_files", message % {"most": MOST_FILES}, 409)
        document = Document.objects.create(
            source=source,
            owner=user,
            filename=filename,
            size=received.size,
            sha256=received.sha256,
            lane=f"user:{user.pk}",
        )
        queue_on_commit(document)
    elif document.status == Status.FAILED:
        start_over(document)
        queue_on_commit(document)
    return document
