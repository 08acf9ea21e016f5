"""Writes: syncs started, stopped, and items tried again."""

from functools import partial

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from documents.connectors import connector_kind
from documents.errors import DocumentsError, permission_denied
from documents.models import DataSource, ItemStatus, RunPhase, RunState, SourceItem, SyncRun, SyncState
from documents.services.sources import editable_source, hold_runs
from documents.tasks import sync_step


def sync_start(*, user: User, source: DataSource) -> SyncRun:
    """Bring a source up to date, now; the run that is under way if there is one.

    Raises DocumentsError: ``source_not_found``, ``permission_denied``, ``source_does_not_sync``.
    """
    return _started(user, source, lists=True)


def sync_stop(*, user: User, source: DataSource) -> SyncRun | None:
    """End the run that is under way, at once or after the item at hand; None without one."""
    with transaction.atomic():
        hold_runs(source)
        source = _syncing(user, source)
        run = SyncRun.objects.unfinished().select_for_update(of=("self",)).filter(source=source).first()
        if run is None:
            return None
        run.stop_requested = True
        if run.claim is None:
            run.state, run.ended_at = RunState.STOPPED, timezone.now()
            DataSource.objects.filter(pk=source.pk).update(sync_state=SyncState.STOPPED, synced_at=run.ended_at)
        run.save()
        audit(actor=user, action="source.sync_stop", target=source, detail={"run": run.pk})
    return run


def sync_retry(*, user: User, source: DataSource, item_id: int | None = None) -> SyncRun:
    """Fetch an item that failed again, or all of them, without looking for other changes."""
    return _started(user, source, lists=False, item_id=item_id)


def _started(user: User, source: DataSource, *, lists: bool, item_id: int | None = None) -> SyncRun:
    try:
        with transaction.atomic():
            hold_runs(source)
            source = _syncing(user, source)
            run = SyncRun.objects.unfinished().filter(source=source).first()
            made = run is None
            if run is None:
                phase = RunPhase.LISTING if lists else RunPhase.FETCHING
                run = SyncRun.objects.create(
                    source=source, started_by=user, lists=lists, phase=phase, cursor=source.cursor
                )
                DataSource.objects.filter(pk=source.pk).update(sync_state=SyncState.RUNNING)
            if not lists:
                _take_up(source, run, item_id)
            if made or not lists:
                detail = {"run": run.pk, "item": item_id} if not lists else {"run": run.pk}
                audit(actor=user, action="source.sync" if lists else "source.sync_retry", target=source, detail=detail)
            if made:
                # Robust: with Valkey away the run is kept all the same, and beat queues it later.
                transaction.on_commit(partial(sync_step.delay, run.pk), robust=True)
            return run
    except IntegrityError:
        # The scheduler made one at that very moment.
        return SyncRun.objects.filter(source=source).latest("pk")


def _take_up(source: DataSource, run: SyncRun, item_id: int | None) -> None:
    failed = SourceItem.objects.filter(source=source, status=ItemStatus.FAILED)
    if item_id is not None:
        failed = failed.filter(pk=item_id)
    if not failed.update(status=ItemStatus.PENDING, seen_in=run.pk):
        raise DocumentsError("nothing_to_retry", _("It did not fail, or was taken up already."), 409)


def _syncing(user: User, source: DataSource) -> DataSource:
    source = editable_source(user, source)
    if not source.syncs:
        message = _("This data source gets its documents by upload. There is nothing to sync.")
        raise DocumentsError("source_does_not_sync", message, 409)
    if connector_kind(source.kind).admins_only and not user.is_admin:
        raise permission_denied()
    return source
