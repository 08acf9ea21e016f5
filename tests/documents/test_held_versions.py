"""Versions are held against deletion by who is about to point to them; many may hold the same."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from documents.models import DocumentVersion

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def held_elsewhere(ids: list[int]) -> Iterator[None]:
    """Another transaction holds these versions."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            DocumentVersion.objects.hold(ids)
            held.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(20)
        yield
    finally:
        done.set()
        thread.join(20)


def without_waiting() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '500ms'")


def test_two_answers_hold_the_same_versions_at_the_same_time(cast: Any, make_document: Any) -> None:
    ids = [make_document(cast.library, text).current_version_id for text in ("One fact.", "Another fact.")]
    with held_elsewhere(ids), transaction.atomic():
        without_waiting()
        assert DocumentVersion.objects.hold([*reversed(ids), 0]) == set(ids)


def test_a_version_that_is_held_is_not_deleted(cast: Any, make_document: Any) -> None:
    document = make_document(cast.library, "One fact.")
    with held_elsewhere([document.current_version_id]), transaction.atomic():
        without_waiting()
        with pytest.raises(OperationalError), transaction.atomic():
            document.delete()
    document.delete()
    assert DocumentVersion.objects.hold([document.current_version_id]) == set()
