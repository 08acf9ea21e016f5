"""pytest plugin: empties the tables after a test that committed in milliseconds, where Django takes half a second.

PostgreSQL makes some five hundred files anew when every table is truncated with its indexes, and Django then writes
down again which models and permissions there are. Most tests leave a few rows in a few tables: these are deleted, and
what says which models and permissions there are, which no test changes, is kept.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

KEPT = {"django_content_type", "auth_permission"}
LARGE_BYTES = 2 * 2**20
"""A table that has grown to this, by rows or by what deleted ones left behind, has all truncated."""

TRUNCATED = ("documents_chunkembedding", "documents_chunkterms")
"""Always: a vector that is deleted stays in its index until a vacuum, and triggers note words that are."""

ATTEMPTS = 5

# As truncating does, the lock waits for whoever still writes.
EMPTY = """
DO $$
DECLARE emptied regclass;
BEGIN
    LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE;
    IF (SELECT max(pg_table_size(each)) > {large} FROM unnest(ARRAY[{names}]::regclass[]) AS each) THEN
        TRUNCATE {tables};
    ELSE
        FOR emptied IN
            SELECT each FROM unnest(ARRAY[{names}]::regclass[]) AS each WHERE pg_relation_size(each) > 0
        LOOP
            EXECUTE CASE WHEN emptied = ANY(ARRAY[{truncated}]::regclass[]) THEN 'TRUNCATE ' ELSE 'DELETE FROM ' END
                || emptied;
        END LOOP;
    END IF;
END $$
"""


@pytest.fixture(scope="session", autouse=True)
def _quick_flush() -> Iterator[None]:
    from django.core.management.commands import flush
    from django.db import OperationalError
    from django.db.backends.postgresql.operations import DatabaseOperations

    def sql_flush(operations: DatabaseOperations, _style: Any, tables: Sequence[str], **_options: bool) -> list[str]:
        emptied = [operations.quote_name(table) for table in tables if table not in KEPT]
        names = ", ".join(f"'{name}'" for name in emptied)
        truncated = ", ".join(f"'{name}'" for name in TRUNCATED)
        return [EMPTY.format(tables=", ".join(emptied), names=names, large=LARGE_BYTES, truncated=truncated)]

    def execute_sql_flush(operations: DatabaseOperations, statements: list[str]) -> None:
        for _attempt in range(ATTEMPTS - 1):
            # A deadlock with a worker that runs for other tests.
            with contextlib.suppress(OperationalError):
                execute(operations, statements)
                return
        execute(operations, statements)

    execute = DatabaseOperations.execute_sql_flush
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute_sql_flush)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_given, **_further: None)
        yield
