"""What every way in and out has in common: harmless names, a document that starts over, a document removed."""

import re
import unicodedata
import uuid
from collections.abc import Iterable
from functools import partial
from pathlib import PurePosixPath

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from documents import storage
from documents.events import announce_deleted
from documents.models import Document, Status

MAX_FILENAME = 255
MAX_AUTHOR = 300
AUDIENCES = "SELECT id, audience_id FROM documents_document WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE"
UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def clean_filename(name: str) -> str:
    """A file name as it may be shown and sent: no folders, nothing invisible, at most 255 characters."""
    base = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    visible = "".join(each for each in base if unicodedata.category(each) not in UNPRINTABLE)
    visible = re.sub(r"\s+", " ", visible).strip()
    if len(visible) > MAX_FILENAME:
        suffix = PurePosixPath(visible).suffix[:20]
        visible = visible[: MAX_FILENAME - len(suffix)] + suffix
    return visible if visible.strip(". ") else _("Unnamed")


def audiences_of(document_ids: Iterable[uuid.UUID], *, wait: bool = True) -> dict[uuid.UUID, uuid.UUID]:
    """The audience of each of these documents, as it stays until the end of the transaction; none for one that is gone.

    Nobody can delete them, or change who sees them, until then. Without ``wait``, OperationalError when somebody is
    just at it.
    """
    with connection.cursor() as cursor:
        cursor.execute(AUDIENCES + ("" if wait else " NOWAIT"), [sorted(set(document_ids))])
        return dict(cursor.fetchall())


def start_over(document: Document) -> None:
    """Save the document as one that waits to be indexed; whoever works on it loses the claim.

    What was searchable stays so until the new version is swapped in. Call it in a transaction that holds the row.
    """
    document.status = Status.RECEIVED
    document.error_code = document.error_message = ""
    document.progress_done = document.progress_total = document.attempts = 0
    document.claim = document.claimed_until = None
    document.queued_at = timezone.now()
    document.save()


def remove(document: Document, *, actor: User | None) -> None:
    """Delete a document with everything made from it; its bytes go too, unless another document has the same.

    Call it in a transaction that holds the row. Without an actor a sync has found the item gone.
    """
    detail = {"source": document.source.name} | ({"item": document.external_id} if document.external_id else {})
    audit(actor=actor, action="document.delete", target=document, detail=detail)
    discard(document)


def discard(document: Document) -> None:
    """The same without a word in the audit log, for what is nobody's but its owner's."""
    document_id, owner_id = document.pk, document.owner_id
    named = {document.sha256, *document.versions.values_list("sha256", flat=True)}
    document.delete()
    transaction.on_commit(partial(announce_deleted, document_id, owner_id), robust=True)
    for sha256 in named:
        transaction.on_commit(partial(storage.discard_unnamed, sha256), robust=True)
