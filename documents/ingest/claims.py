"""Who works on a document: a claim in its row, renewed while the worker lives, and what to do when it does not.

A claim is a random number and a time until which it holds. A worker that was killed, frozen or cut off stops
renewing it; another one takes over, and the first finds its number gone when it next writes.
"""

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from documents.events import announce
from documents.models import Document, Status

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=15)
RENEW_EVERY_S = 4.0
TELL_EVERY_S = 0.2
"""Progress within one step is written and sent at most this often."""

QUEUED_FOR = timedelta(minutes=5)
"""A document that no worker took for so long is queued once more: its message may be lost. Twice does no harm."""

MAX_ATTEMPTS = 10
"""A document that was taken up so often without an end takes its workers down; it is given up."""


class ClaimLost(Exception):
    """The document was deleted, or another worker has taken it over."""


class Claim:
    """The right to write one document's progress and result."""

    def __init__(self, document: Document, token: uuid.UUID) -> None:
        self.document = document
        self.token = token
        self._told_at = 0.0

    @classmethod
    def take(cls, document_id: uuid.UUID) -> "Claim | None":
        """Take up a document. None when it is gone or finished, or when a living worker has it."""
        token = uuid.uuid4()
        taken = (
            Document.objects.claimable()
            .filter(pk=document_id)
            .update(
                claim=token,
                claimed_until=Now() + LEASE,
                attempts=F("attempts") + 1,
                status=Status.PARSING,
                progress_done=0,
                progress_total=0,
                updated_at=Now(),
            )
        )
        document = Document.objects.select_related("source").filter(pk=document_id, claim=token).first()
        if not taken or document is None:
            return None
        claim = cls(document, token)
        if document.attempts > MAX_ATTEMPTS:
            claim.fail("ingest_crashed", _("Indexing broke off again and again. Try again, or upload it in parts."))
            return None
        announce(document)
        return claim

    def rows(self) -> QuerySet[Document]:
        """The document's row while the claim holds, else nothing."""
        return Document.objects.filter(pk=self.document.pk, claim=self.token)

    def progress(self, status: Status, done: int = 0, total: int = 0) -> None:
        """Write and send how far it is; ClaimLost when the claim is. Too frequent news within a step are dropped."""
        now = time.monotonic()
        same_step = status == self.document.status
        if same_step and now - self._told_at < TELL_EVERY_S:
            return
        self._told_at = now
        self._write(status=status, progress_done=done, progress_total=total, claimed_until=Now() + LEASE)
        announce(self.document)

    def fail(self, code: str, message: str) -> None:
        """End with a reason. What was searchable before stays so."""
        with contextlib.suppress(ClaimLost):
            self._write(
                status=Status.FAILED, error_code=code[:60], error_message=message[:500], claim=None, claimed_until=None
            )
            announce(self.document)

    @contextlib.contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew the claim in the background, whatever the foreground is busy with."""
        stopped = threading.Event()
        thread = threading.Thread(target=self._renew_until, args=(stopped,), name="claim", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join(timeout=10)

    def _write(self, **changes: object) -> None:
        if not self.rows().update(updated_at=Now(), **changes):
            raise ClaimLost
        for name, value in changes.items():
            if not isinstance(value, Combinable):
                setattr(self.document, name, value)

    def _renew_until(self, stopped: threading.Event) -> None:
        try:
            while not stopped.wait(RENEW_EVERY_S):
                try:
                    self.rows().update(claimed_until=Now() + LEASE)
                except DatabaseError as error:
                    log.warning("ingest: a claim could not be renewed, trying again: %s", error)
                    connection.close()
        finally:
            connection.close()


def free_stuck() -> list[uuid.UUID]:
    """Documents to queue again: those whose worker is gone, and those whose message seems lost. Marks them queued."""
    with transaction.atomic():
        abandoned = Q(claim__isnull=False)
        waiting_long = Q(claim__isnull=True, queued_at__lt=Now() - QUEUED_FOR)
        stuck = list(
            Document.objects.claimable()
            .filter(abandoned | waiting_long)
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("queued_at")
            .values_list("pk", flat=True)[:1000]
        )
        Document.objects.filter(pk__in=stuck).update(
            status=Status.RECEIVED, claim=None, claimed_until=None, queued_at=Now(), updated_at=Now()
        )
    return stuck
