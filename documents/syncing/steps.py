"""One step of a sync: for a few seconds list, fetch and delete, then leave the rest to the next step.

A run lists (``changes``), fetches what is pending, and at the end looks for what is gone. Each thing it does is one
transaction that holds the run's row, so that a step which was killed has counted all it did and nothing else.
"""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import httpx2
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from accounts.errors import AccountsError
from accounts.secrets import readable
from documents.connectors import opened
from documents.connectors.base import Busy, Connector, Fetched, Item, SourceFailed, Unchanged
from documents.errors import DocumentsError
from documents.models import DataSource, ItemStatus, RunPhase, RunState, SourceItem, SyncRun
from documents.storage import receive
from documents.syncing.claims import RunClaim, RunLost
from documents.syncing.items import Applier, QueueDocument, delete_item, pending, take_in, take_up_leftovers
from rag.errors import OutboundError, RagError

log = logging.getLogger(__name__)

STEP_S = 3.0
"""After so many seconds a step ends; a single request that takes longer is waited for."""

SHORT_PAUSE_S = 1.0
"""A pause of up to this is slept through."""

MAX_FAILED_IN_ROW = 20
"""So many items in a row that could not be reached: the source is away, and the sync ends."""

MAX_PAUSES = 6
"""Pauses that the other side may ask for between two answers."""

MAX_RUN_S = 24 * 3600
AWAY = {"rate_limited", "unreachable", "timeout", "outbound_unresolved"}
REFUSED = "access_denied"
"""Refused items stand for a source that is away only while nothing else could be had in the run."""

EMPTY = "source_empty"
MISSING_PER_STEP = 100


def step(run_id: int, queue_document: QueueDocument, ticket: int | None = None) -> float | None:
    """Work on a run for a few seconds; after how many more it wants to go on, None when it has ended.

    With another ``ticket`` than the run's nothing is done. ``queue_document`` is called with the id of each document
    that has new bytes, once that is committed. Only an error of the database itself is raised: then the claim runs out
    and the run is taken up again.
    """
    claim = RunClaim.take(run_id, ticket)
    if claim is None:
        return None
    with claim.kept_alive():
        try:
            return _guarded(claim, queue_document)
        except RunLost:
            log.info("sync: run %s was taken over, or is gone with its source", run_id)
            return None


def _guarded(claim: RunClaim, queue_document: QueueDocument) -> float | None:
    """The step; whatever goes wrong with the source ends the run with a reason."""
    connector: Connector | None = None
    try:
        connector = opened(claim.run.source.kind, secret_settings(claim.run.source), str(claim.run.source_id))
        wait = _Step(claim, connector, queue_document).run()
    except RunLost:
        raise
    except DatabaseError:
        raise
    except (DocumentsError, RagError, AccountsError) as error:
        claim.finish(RunState.FAILED, error.code, str(error.message))
        return None
    except httpx2.HTTPError:
        claim.finish(RunState.FAILED, "unreachable", _("The source did not answer. Check its address."))
        return None
    except SoftTimeLimitExceeded:
        claim.finish(RunState.FAILED, "timeout", _("The source took too long to answer. Try again later."))
        return None
    except Exception:
        log.exception("sync: run %s failed", claim.run.pk)
        claim.finish(RunState.FAILED, "internal_error", _("Something went wrong while syncing. Ask an admin."))
        return None
    finally:
        if connector is not None:
            connector.close()
    if wait is not None:
        claim.release(wait)
    return wait


def secret_settings(source: DataSource) -> dict[str, Any]:
    """The settings of a source with the secrets among them, for its connector alone."""
    secrets = readable(source.secrets)
    return {**source.settings, **(json.loads(secrets) if secrets else {})}


class _Step:
    """What one step does."""

    def __init__(self, claim: RunClaim, connector: Connector, queue_document: QueueDocument) -> None:
        self._claim = claim
        self._connector = connector
        self._applier = Applier(claim, queue_document)
        self._until = time.monotonic() + STEP_S
        self._limit = int(claim.run.source.settings.get("max_items", 10_000))

    def run(self) -> float | None:
        """Work until the time is up; the pause before the next step, None when the run has ended."""
        phases: dict[str, Callable[[SyncRun], bool]] = {
            RunPhase.LISTING: self._list,
            RunPhase.FETCHING: self._fetch_next,
            RunPhase.CHECKING: self._check_missing,
        }
        while True:
            run = self._claim.rows().first()
            if run is None:
                raise RunLost
            if run.stop_requested:
                self._claim.finish(RunState.STOPPED)
                return None
            if run.started_at and (time.time() - run.started_at.timestamp()) > MAX_RUN_S:
                raise SourceFailed("sync_timeout", _("The sync took more than a day. Narrow down what it takes."))
            try:
                if phases[run.phase](run):
                    self._finish(run)
                    return None
            except Busy as busy:
                self._count_pause(run, busy)
                if busy.seconds > SHORT_PAUSE_S:
                    return busy.seconds
                time.sleep(max(busy.seconds, 0.01))
            if time.monotonic() > self._until:
                return 0

    def _finish(self, run: SyncRun) -> None:
        if run.truncated:
            message = _("The source holds more than %(limit)d items; the rest was left out.") % {"limit": self._limit}
            self._claim.finish(RunState.DONE, "too_many_items", message)
        else:
            self._claim.finish(RunState.DONE)

    def _list(self, run: SyncRun) -> bool:
        """One part of the listing."""
        if not run.lists:
            self._go_to(RunPhase.FETCHING)
            return False
        changes = self._connector.changes(run.cursor)
        with transaction.atomic():
            locked = self._claim.locked()
            take_in(locked, changes.items, self._limit)
            for external_id in changes.deleted:
                delete_item(locked, external_id)
            locked.cursor, locked.attempts = changes.cursor, 0
            if not changes.more or locked.truncated:
                locked.phase = RunPhase.FETCHING
                locked.full = changes.full and not locked.truncated
                if locked.full:
                    self._doubt_emptiness(locked)
                take_up_leftovers(locked)
            locked.save()
        return False

    def _doubt_emptiness(self, run: SyncRun) -> None:
        """End a run whose listing is empty though documents came from there: more likely something is not mounted.

        When a person starts a sync after one that ended so, it is meant.
        """
        items = SourceItem.objects.filter(source=run.source_id)
        if items.filter(seen_in=run.pk).exists() or not items.exists():
            return
        before = SyncRun.objects.filter(source=run.source_id, pk__lt=run.pk).order_by("-pk").first()
        if run.started_by_id is None or before is None or before.error_code != EMPTY:
            message = _(
                "The source is empty, though documents came from it. Nothing was deleted. Check what is connected "
                "there; if it is meant to be empty, press Sync now once more."
            )
            raise SourceFailed(EMPTY, message)

    def _fetch_next(self, run: SyncRun) -> bool:
        """One pending item; without any, the next phase or the end."""
        row = pending(run).first()
        if row is None:
            if not run.full or run.truncated:
                return True
            self._go_to(RunPhase.CHECKING)
            return False
        item = Item(row.external_id, row.name, row.listed_revision, row.address, row.modified_at, row.hint)
        try:
            outcome = self._connector.fetch(item, row.state, run.cursor)
        except SourceFailed:
            raise
        except (DocumentsError, OutboundError) as error:
            self._failed(row, error.code, str(error.message))
            return False
        if isinstance(outcome, Fetched):
            self._fetched(row, outcome)
        elif isinstance(outcome, Unchanged):
            self._applier.unchanged(row, outcome.found, self._limit)
        else:
            self._applier.gone(row)
        return False

    def _fetched(self, row: SourceItem, outcome: Fetched) -> None:
        if outcome.content is None:
            self._applier.without_bytes(row, outcome, self._limit)
            return
        if outcome.same_as is not None and not self._applier.leads_back(row, outcome.same_as):
            outcome.content.close()
            self._applier.without_bytes(row, outcome, self._limit)
            return
        try:
            with outcome.content, receive(outcome.content) as received:
                self._applier.fetched(row, outcome, received, self._limit)
        except (DocumentsError, OutboundError) as error:
            self._failed(row, error.code, str(error.message))
        except OSError:
            self._failed(row, "file_unreadable", _("The file could not be read to its end. Try again later."))

    def _failed(self, row: SourceItem, code: str, message: str) -> None:
        in_row = self._applier.failed(row, code, message, away=code in AWAY, refused=code == REFUSED)
        if in_row >= MAX_FAILED_IN_ROW:
            raise SourceFailed(code, message)

    def _check_missing(self, run: SyncRun) -> bool:
        """Some of the items that a full listing did not name: deleted, or fetched once to see whether they are gone."""
        missing = SourceItem.objects.filter(source=run.source_id).exclude(seen_in=run.pk).order_by("pk")
        if self._connector.verifies_missing:
            found = missing.update(status=ItemStatus.PENDING, seen_in=run.pk)
            self._go_to(RunPhase.FETCHING)
            return not found
        names = list(missing.values_list("external_id", flat=True)[:MISSING_PER_STEP])
        with transaction.atomic():
            locked = self._claim.locked()
            for external_id in names:
                delete_item(locked, external_id)
            locked.save()
        return not names

    def _count_pause(self, run: SyncRun, busy: Busy) -> None:
        """Note a pause that the other side asked for; one that asks again and again is given up."""
        if busy.polite:
            return
        if run.pauses < MAX_PAUSES:
            self._claim.rows().update(pauses=run.pauses + 1)
            return
        message = _("The other side asked for pauses again and again. Sync less often, or try again later.")
        row = pending(run).first() if run.phase == RunPhase.FETCHING else None
        if row is None:
            raise SourceFailed("rate_limited", message)
        self._failed(row, "rate_limited", message)

    def _go_to(self, phase: RunPhase) -> None:
        if not self._claim.rows().update(phase=phase):
            raise RunLost
