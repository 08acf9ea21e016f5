"""Sources that are looked at every few seconds, and synced when something there has changed.

A look costs a listing without a run. What the last listing saw stands in the source's cursor, so nothing else is kept.
"""

import contextlib
import time
from collections.abc import Iterator
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from documents.connectors import CONNECTORS, opened
from documents.errors import DocumentsError
from documents.models import DataSource, RunState
from documents.syncing.claims import begin

LOOK_S = 5.0
"""For all sources together; those that were not reached have their turn another time."""

REST = timedelta(minutes=5)
"""After a run that left something open, which looking again would not mend."""


def runs_of_changes() -> list[int]:
    """Runs made for watched sources that are not as their last listing saw them."""
    enough = time.monotonic() + LOOK_S
    made: list[int] = []
    for source in _watched():
        if time.monotonic() > enough:
            break
        if _differs(source) and (run_id := _begun(source)) is not None:
            made.append(run_id)
    return made


def _watched() -> Iterator[DataSource]:
    kinds = [name for name, kind in CONNECTORS.items() if kind.watches]
    rows = DataSource.objects.defer("secrets").filter(kind__in=kinds, settings__watch=True)
    for source in rows.order_by("?").iterator():
        last = source.sync_runs.order_by("-pk").first()
        clean = last is None or (last.state == RunState.DONE and not last.error_code)
        rested = last is not None and last.ended_at is not None and last.ended_at < timezone.now() - REST
        if clean or rested:
            yield source


def _differs(source: DataSource) -> bool:
    """Whether something changed; not when it cannot be looked at, which is a matter for a sync."""
    try:
        connector = opened(source.kind, source.settings, str(source.pk))
        with contextlib.closing(connector):
            seen = connector.glance()
    except DocumentsError:
        return False
    return bool(seen) and seen != source.cursor.get("seen")


def _begun(source: DataSource) -> int | None:
    with contextlib.suppress(IntegrityError), transaction.atomic():
        row = DataSource.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=source.pk).first()
        return begin(row) if row is not None else None
    return None
