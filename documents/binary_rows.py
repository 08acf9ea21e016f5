"""Rows with many bytes: as text, which Django asks for, they are twice as long and have to be read sign by sign."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from psycopg import Cursor


def fetch_binary(statement: str, parameters: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run one statement and return all of its rows, which the database sends in its binary form."""
    with connection.cursor() as cursor:
        query = cursor.cursor.mogrify(statement, parameters)
    with connection.wrap_database_errors, Cursor(connection.connection) as raw:
        return raw.execute(query, prepare=False, binary=True).fetchall()
