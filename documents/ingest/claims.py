"""Who works on a document: a claim in its row, renewed while the worker lives, and what to do when it does not.

A claim is a random number and a time until which it holds. A worker that was killed, frozen or cut off stops
renewing it; another one takes over, and the first finds its number gone when it next writes.
"""

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from documents.events import announce
from documents.models import Document, Status

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=15)
RENEW_EVERY_S = 4.0
TELL_EVERY_S = 0.2
"""Progress is written and sent at most this often."""

MAX_ATTEMPTS = 10
"""A document that was taken up so often without an end takes its workers down; it is given up."""


TAKE_NEXT = """
WITH waiting AS (
    SELECT lane, min(queued_at) AS oldest FROM documents_document
    WHERE status NOT IN ('ready', 'failed') AND (claimed_until IS NULL OR claimed_until < now())
    GROUP BY lane
), turns AS MATERIALIZED (
    SELECT waiting.lane FROM waiting LEFT JOIN documents_lane AS served ON served.name = waiting.lane
    ORDER BY served.served_at NULLS FIRST, waiting.oldest LIMIT 20
), chosen AS (
    SELECT first.id, turns.lane FROM turns CROSS JOIN LATERAL (
        SELECT id FROM documents_document AS one
        WHERE one.lane = turns.lane AND one.status NOT IN ('ready', 'failed')
            AND (one.claimed_until IS NULL OR one.claimed_until < now())
        ORDER BY queued_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS first LIMIT 1
), served AS (
    INSERT INTO documents_lane (name, served_at) SELECT lane, clock_timestamp() FROM chosen
    ON CONFLICT (name) DO UPDATE SET served_at = excluded.served_at
)
UPDATE documents_document AS document SET
    claim = %(claim)s, claimed_until = now() + make_interval(secs => %(seconds)s), updated_at = now(),
    attempts = attempts + 1, status = 'parsing', progress_done = 0, progress_total = 0
FROM chosen WHERE document.id = chosen.id RETURNING document.id
"""
"""Takes the oldest document of the lane that was served longest ago; the next lane's when others hold all of its."""


class ClaimLost(Exception):
    """The document was deleted, or another worker has taken it over."""


class Claim:
    """The right to write one document's progress and result."""

    def __init__(self, document: Document, token: uuid.UUID) -> None:
        self.document = document
        self.token = token
        self._told_at = self._began_at = time.monotonic()

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
        return cls._taken(document_id, token) if taken else None

    @classmethod
    def _taken(cls, document_id: uuid.UUID, token: uuid.UUID) -> "Claim | None":
        """The claim with this token; None when its document is gone by now, or was taken up too often."""
        document = Document.objects.select_related("source").filter(pk=document_id, claim=token).first()
        if document is None:
            return None
        claim = cls(document, token)
        if document.attempts > MAX_ATTEMPTS:
            claim.fail("ingest_crashed", _("Indexing broke off again and again. Try again, or upload it in parts."))
            return None
        announce(document)
        return claim

    @classmethod
    def take_next(cls) -> "Claim | None":
        """Take up the document whose turn it is; None when none waits.

        Lanes take turns, the one that was served longest ago first; within a lane it goes by age. So one person's ten
        thousand files hold up another's single file by one document at most.
        """
        for _attempt in range(MAX_ATTEMPTS):
            token = uuid.uuid4()
            with connection.cursor() as cursor:
                cursor.execute(TAKE_NEXT, {"claim": token, "seconds": LEASE.total_seconds()})
                row = cursor.fetchone()
            if row is None:
                return None
            if claim := cls._taken(row[0], token):
                return claim
        return None

    def seconds(self) -> float:
        """How long this work has taken."""
        return round(time.monotonic() - self._began_at, 3)

    def rows(self) -> QuerySet[Document]:
        """The document's row while the claim holds, else nothing."""
        return Document.objects.filter(pk=self.document.pk, claim=self.token)

    def progress(self, status: Status, done: int = 0, total: int = 0) -> None:
        """Write and send how far it is; ClaimLost when the claim is. Too frequent news are dropped.

        So most documents, which take less than a moment, are told of when they are taken up and when they are ready.
        """
        now = time.monotonic()
        if now - self._told_at < TELL_EVERY_S:
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
    def kept_alive(self, on_lost: Callable[[], object]) -> Iterator[None]:
        """Renew the claim in the background, whatever the foreground is busy with.

        ``on_lost`` is called, from the background, when the document is deleted or taken over: to break off the work.
        It is called again while the work goes on: what it breaks off may just not have begun.
        """
        stopped = threading.Event()
        thread = threading.Thread(target=self._renew_until, args=(stopped, on_lost), name="claim", daemon=True)
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

    def _renew_until(self, stopped: threading.Event, on_lost: Callable[[], object]) -> None:
        try:
            while not stopped.wait(RENEW_EVERY_S):
                try:
                    if not self.rows().update(claimed_until=Now() + LEASE) and not stopped.is_set():
                        on_lost()
                except DatabaseError as error:
                    log.warning("ingest: a claim could not be renewed, trying again: %s", error)
                    connection.close()
        finally:
            connection.close()


def waiting() -> int:
    """How many documents wait for a worker, or for another one after theirs was lost."""
    return Document.objects.claimable().count()
