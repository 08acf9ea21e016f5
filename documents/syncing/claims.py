"""Who works on a run: a claim in its row as for documents, and the runs that lost theirs or fell due."""

import contextlib
import logging
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from documents.models import DataSource, RunState, SyncRun, SyncState

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)
RENEW_EVERY_S = 5.0
MAX_ATTEMPTS = 10
"""Steps in a row that broke off and got nothing done: such a run takes its workers down and is given up."""

QUEUED_FOR = timedelta(minutes=5)
"""A run that should have gone on so long ago is queued once more: its message may be lost, or waits behind others."""


class RunLost(Exception):
    """The run is gone with its source, has ended, or another worker has taken it over."""


class RunClaim:
    """The right to work on one run."""

    def __init__(self, run: SyncRun, token: uuid.UUID) -> None:
        self.run = run
        self.token = token

    @classmethod
    def take(cls, run_id: int, ticket: int | None = None) -> "RunClaim | None":
        """Take up a run. None when it has ended, when a living worker has it, or when the ticket is an old one."""
        token = uuid.uuid4()
        rows = SyncRun.objects.claimable().filter(pk=run_id)
        taken = (rows if ticket is None else rows.filter(ticket=ticket)).update(
            claim=token,
            claimed_until=Now() + LEASE,
            attempts=F("attempts") + 1,
            state=RunState.RUNNING,
            started_at=Coalesce("started_at", Now()),
        )
        # The secrets are read by the step: one that cannot be is to end the run, not to break off its claiming.
        mine = SyncRun.objects.select_related("source").defer("source__secrets").filter(pk=run_id, claim=token)
        run = mine.first()
        if not taken or run is None:
            return None
        claim = cls(run, token)
        if run.attempts > MAX_ATTEMPTS:
            claim.finish(RunState.FAILED, "sync_crashed", _("The sync broke off again and again. Ask an admin."))
            return None
        return claim

    def rows(self) -> QuerySet[SyncRun]:
        """The run's row while the claim holds, else nothing."""
        return SyncRun.objects.filter(pk=self.run.pk, claim=self.token)

    def locked(self) -> SyncRun:
        """The row, locked until the end of the transaction; RunLost when the claim is."""
        run = self.rows().select_for_update(of=("self",)).first()
        if run is None:
            raise RunLost
        return run

    def release(self, seconds: float = 0) -> None:
        """End a step: another worker may take the run after ``seconds``."""
        wake_at = timezone.now() + timedelta(seconds=seconds)
        self.rows().update(claim=None, claimed_until=None, attempts=0, wake_at=wake_at, ticket=F("ticket") + 1)

    def finish(self, state: RunState, code: str = "", message: str = "") -> None:
        """End the run, and tell its source how; RunLost when the claim is."""
        with transaction.atomic():
            run = self.locked()
            run.state = state
            run.error_code, run.error_message = code[:60], str(message)[:500]
            run.claim = run.claimed_until = None
            run.ended_at = timezone.now()
            run.save()
            changes: dict[str, object] = {"sync_state": SyncState(state.value), "synced_at": run.ended_at}
            if state == RunState.DONE and run.lists:
                # A listing that was cut has a cursor in its middle; the next one is to begin at the beginning.
                changes["cursor"] = {} if run.truncated else run.cursor
            DataSource.objects.filter(pk=run.source_id).update(**changes)
        self.run = run

    @contextlib.contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew the claim in the background, whatever the foreground is busy with."""
        stopped = threading.Event()
        thread = threading.Thread(target=self._renew_until, args=(stopped,), name="sync-claim", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join(timeout=10)

    def _renew_until(self, stopped: threading.Event) -> None:
        try:
            while not stopped.wait(RENEW_EVERY_S):
                try:
                    self.rows().update(claimed_until=Now() + LEASE)
                except DatabaseError as error:
                    log.warning("sync: a claim could not be renewed, trying again: %s", error)
                    connection.close()
        finally:
            connection.close()


def ticket_of(run_id: int) -> int:
    """The ticket that the next step of a run is to carry."""
    return SyncRun.objects.filter(pk=run_id).values_list("ticket", flat=True).first() or 0


def due_runs(*, queued_for: timedelta = QUEUED_FOR) -> list[int]:
    """Runs to queue: those that a schedule makes now, those whose worker is gone, those whose message seems lost.

    A message seems lost when its run has waited for longer than ``queued_for``. Should it come after all, nothing
    happens: its ticket is an old one.
    """
    made = [run_id for source in DataSource.objects.due()[:200] if (run_id := _scheduled(source))]
    with transaction.atomic():
        abandoned = Q(claim__isnull=False)
        overdue = Q(claim__isnull=True, wake_at__lt=Now() - queued_for)
        lost = list(
            SyncRun.objects.claimable()
            .filter(abandoned | overdue)
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("wake_at")
            .values_list("pk", flat=True)[:1000]
        )
        SyncRun.objects.filter(pk__in=lost).update(
            claim=None, claimed_until=None, wake_at=Now(), ticket=F("ticket") + 1
        )
    return [*made, *lost]


def _scheduled(source: DataSource) -> int | None:
    """The run made for a source that is due; none while one is under way. Says when the next one is."""
    with contextlib.suppress(IntegrityError), transaction.atomic():
        due = DataSource.objects.select_for_update(skip_locked=True, of=("self",)).due().filter(pk=source.pk).first()
        if due is None:
            return None
        minutes = due.sync_minutes
        due.next_sync_at = timezone.now() + timedelta(minutes=minutes) if minutes else None
        due.save(update_fields=["next_sync_at"])
        return begin(due)
    return None


def begin(source: DataSource) -> int | None:
    """A new run of a source, whose row is locked, by nobody's hand; None while one is under way."""
    if source.sync_runs.unfinished().exists():
        return None
    DataSource.objects.filter(pk=source.pk).update(sync_state=SyncState.RUNNING)
    return SyncRun.objects.create(source=source, cursor=source.cursor).pk
