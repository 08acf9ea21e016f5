"""Celery tasks: an id in, one call."""

import time
import uuid
from datetime import timedelta
from typing import Any

from celery import current_app, shared_task
from celery.signals import worker_process_init, worker_ready
from kombu.exceptions import ChannelError

from documents import storage
from documents.ingest import ingest_next, waiting, warm_up
from documents.ingest.postings import post_terms
from documents.ingest.rebuilding import build_slice, pack_slice, remove_slice
from documents.ingest.terms import catch_up_slice, fold_counts
from documents.syncing import due_runs, runs_of_changes, step, sweep_folders, ticket_of

MOST_CALLS = 100
MOST_FOLDS = 20
DRAIN_S = 5.0
"""How long one call goes on with the next document before other tasks have their turn."""

SYNC_LIMIT_S = 900
"""A step takes seconds; this bounds one that hangs in a single long request."""


@shared_task(acks_late=True, reject_on_worker_lost=True, ignore_result=True, expires=DRAIN_S)
def ingest_waiting() -> None:
    """Index the documents whose turn it is, one after the other.

    A call that waited longer than another one works has nothing left to do, and expires. What is left when the time is
    over is called for again, and beat calls for what a lost call left.
    """
    enough = time.monotonic() + DRAIN_S
    while ingest_next():
        if time.monotonic() > enough:
            ingest_waiting.delay()
            return


@shared_task(ignore_result=True, expires=60)
def call_workers() -> None:
    """See to it that there are calls enough while documents wait; beat does this every few seconds.

    So a document is found again whose worker was killed, or whose call was lost with the broker.
    """
    for _call in range(min(waiting(), MOST_CALLS) - _calls_queued()):
        ingest_waiting.delay()


def _calls_queued() -> int:
    """How many calls of ``ingest_waiting``, or other tasks of its queue, wait for a worker."""
    queue = getattr(ingest_waiting, "queue", None) or current_app.conf.task_default_queue
    with current_app.connection_for_read() as broker:
        channel: Any = broker.default_channel
        try:
            return int(channel.queue_declare(queue, passive=True).message_count)
        except ChannelError:  # nothing was ever sent to it
            return 0


@shared_task(acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def build_embedding_set(token: str | None = None) -> None:
    """Work for a few seconds on the set of embeddings being built, and call again behind whatever waits by then."""
    following = build_slice(uuid.UUID(token) if token else None)
    if following is not None:
        build_embedding_set.delay(str(following))


@shared_task(ignore_result=True, expires=30)
def tend_embedding_sets() -> None:
    """Go on with a build whose pause is over or whose worker is gone, remove what is over, and give vectors from
    before what is kept beside them now; by beat."""
    build_embedding_set()
    remove_slice()
    if pack_slice():
        tend_embedding_sets.delay()


@shared_task(ignore_result=True, expires=30)
def tend_words() -> None:
    """Fold what was noted about words into their counts and postings, and bring chunks in line for a few seconds;
    by beat."""
    for _turn in range(MOST_FOLDS):
        if not fold_counts():
            break
    for _turn in range(MOST_FOLDS):
        if not post_terms():
            break
    if catch_up_slice():
        tend_words.delay()


@shared_task(ignore_result=True, expires=3600)
def sweep_bytes() -> None:
    """Remove bytes that no document names; beat calls it every hour and a deleted data source once."""
    storage.sweep()


@shared_task(
    acks_late=True,
    reject_on_worker_lost=True,
    ignore_result=True,
    time_limit=SYNC_LIMIT_S + 60,
    soft_time_limit=SYNC_LIMIT_S,
)
def sync_step(run_id: int, ticket: int = 0) -> None:
    """Work on a sync for a few seconds, and queue the next step."""
    wait = step(run_id, lambda _document_id: ingest_waiting.delay(), ticket)
    if wait is not None:
        sync_step.apply_async((run_id, ticket_of(run_id)), countdown=wait)


@shared_task(ignore_result=True, expires=60)
def queue_due_syncs() -> None:
    """Queue syncs that are due, and those whose worker is gone; beat calls it every few seconds."""
    for run_id in due_runs():
        sync_step.delay(run_id, ticket_of(run_id))


@shared_task(ignore_result=True, expires=10)
def look_at_sources() -> None:
    """Queue syncs of watched sources that changed; beat calls it every few seconds."""
    for run_id in runs_of_changes():
        sync_step.delay(run_id, ticket_of(run_id))


@shared_task(ignore_result=True, expires=60)
def resume_syncs() -> None:
    """Queue every sync whose time has come; a worker that starts does this, for one that was killed took messages."""
    for run_id in due_runs(queued_for=timedelta()):
        sync_step.delay(run_id, ticket_of(run_id))


@shared_task(ignore_result=True, expires=3600)
def sweep_sync_folders() -> None:
    """Remove what connectors kept for sources that are gone; beat calls it every hour."""
    sweep_folders()


@worker_ready.connect
def _call_at_start(**_signal: Any) -> None:
    call_workers.delay()
    resume_syncs.delay()


@worker_process_init.connect
def _warm_up_process(**_signal: Any) -> None:
    warm_up()
