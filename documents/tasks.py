"""Celery tasks: an id in, one call."""

from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_process_init, worker_ready

from documents import storage
from documents.ingest import free_stuck, ingest, warm_up


@shared_task(acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def ingest_document(document_id: str) -> None:
    """Index a document."""
    ingest(UUID(document_id))


@shared_task(ignore_result=True, expires=60)
def queue_stuck() -> None:
    """Queue documents again whose worker is gone; beat calls it every few seconds."""
    for document_id in free_stuck():
        ingest_document.delay(str(document_id))


@shared_task(ignore_result=True, expires=3600)
def sweep_bytes() -> None:
    """Remove bytes that no document names; beat calls it every hour and a deleted data source once."""
    storage.sweep()


@worker_ready.connect
def _queue_stuck_at_start(**_signal: Any) -> None:
    queue_stuck.delay()


@worker_process_init.connect
def _warm_up_process(**_signal: Any) -> None:
    warm_up()
