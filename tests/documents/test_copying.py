"""Rows that are copied into the database: what goes wrong meanwhile."""

import threading
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection

from documents.ingest.binary_copy import bigint, copy_rows

pytestmark = pytest.mark.django_db(transaction=True)
COPY = "COPY documents_staleposting (chunk_id, audience_id) FROM STDIN (FORMAT binary)"


def end_session(pid: int) -> None:
    """What a database does that is shut down."""

    def end() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        connection.close()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join(20)


def test_a_database_that_goes_away_in_a_copy_is_an_error_of_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]

    def rows() -> Iterator[tuple[bytes, ...]]:
        yield bigint(1), bytes(16)
        end_session(pid)

    with pytest.raises(OperationalError):
        copy_rows(COPY, rows())
    connection.close()
