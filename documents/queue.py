"""Where waiting documents stand in the queue, and about how long it takes until they are ready."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

PLACES = """
WITH waiting AS (
    SELECT id, lane, row_number() OVER (PARTITION BY lane ORDER BY queued_at, id) AS place FROM documents_document
    WHERE status NOT IN ('ready', 'failed') AND (claimed_until IS NULL OR claimed_until < now())
), lanes AS (
    SELECT lane, count(*) AS length FROM waiting GROUP BY lane
), recent AS (
    SELECT ingest_seconds FROM documents_document
    WHERE status = 'ready' AND ingest_seconds IS NOT NULL ORDER BY updated_at DESC LIMIT 50
)
SELECT
    waiting.id,
    waiting.place + COALESCE(
        (SELECT sum(least(length, waiting.place)) FROM lanes WHERE lanes.lane <> waiting.lane), 0
    )::bigint,
    (SELECT avg(ingest_seconds) FROM recent),
    (SELECT count(*) FROM documents_document WHERE claimed_until >= now())
FROM waiting WHERE waiting.id = ANY(%s)
"""
"""Lanes take turns: before the n-th of its lane come at most n of each other one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue, from 1, and about how many seconds until the document is ready; None while unknown."""

    position: int
    seconds: float | None


def places(document_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Place]:
    """Return the place of each of the documents that waits. Costs one query, none for no documents."""
    wanted = list(document_ids)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(PLACES, [wanted])
        return {
            document_id: Place(position, _estimate(position, pace, workers))
            for document_id, position, pace, workers in cursor.fetchall()
        }


def _estimate(position: int, pace: float | None, workers: int) -> float | None:
    """Seconds, when ``workers`` work at once and a document takes ``pace`` seconds, as the last ones did."""
    return None if pace is None else round(position * pace / max(workers, 1), 1)
