"""Syncing a query of a real PostgreSQL: the one of the tests, behind a port of this machine."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from documents import services
from documents.errors import DocumentsError
from documents.models import DataSource, RunState
from documents.storage import open_bytes
from tests.documents.syncs import counts, failures

pytestmark = [pytest.mark.connectors, pytest.mark.django_db(transaction=True)]
SECRET = "pg-s3cr3t"


@pytest.fixture(scope="module")
def port(django_db_setup: None) -> Iterator[int]:
    """A TCP port before the server's Unix socket, as a network would be."""
    found = connection.settings_dict
    address = f"{found['HOST']}/.s.PGSQL.{found['PORT'] or 5432}"
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    stopped = threading.Event()

    def carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)

    def accept() -> None:
        while not stopped.is_set():
            try:
                near, _peer = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=join, args=(near,), daemon=True).start()

    def join(near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far:
            far.connect(address)
            back = threading.Thread(target=carry, args=(far, near), daemon=True)
            back.start()
            carry(near, far)
            back.join(timeout=10)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield int(listener.getsockname()[1])
    stopped.set()
    thread.join(timeout=5)
    listener.close()


@pytest.fixture
def customers(settings: Any) -> Iterator[psycopg.Connection[Any]]:
    """A table with three rows, a role that may read it, and a connection that changes it."""
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]
    found = connection.settings_dict
    made = psycopg.connect(
        host=found["HOST"], port=found["PORT"] or 5432, dbname=found["NAME"], user=found["USER"], autocommit=True
    )
    made.execute("DROP TABLE IF EXISTS customers")
    made.execute("CREATE TABLE customers (id int PRIMARY KEY, name text, notes text, tags jsonb, updated timestamptz)")
    made.execute(
        "INSERT INTO customers SELECT n, 'Customer ' || n, 'Pays in 30 days, 100% on time.', '[\"a\"]',"
        " '2026-01-01Z'::timestamptz + n * interval '1 day' FROM generate_series(1, 3) n"
    )
    made.execute("DO $$ BEGIN CREATE ROLE crm_reader LOGIN PASSWORD 'pg-s3cr3t'; EXCEPTION WHEN OTHERS THEN END $$")
    made.execute("GRANT SELECT ON customers TO crm_reader")
    yield made
    made.execute("DROP TABLE customers")
    made.close()


@pytest.fixture
def values(port: int, customers: Any) -> dict[str, Any]:
    return {
        "host": "127.0.0.1", "port": port, "database": connection.settings_dict["NAME"], "user": "crm_reader",
        "password": SECRET, "query": "SELECT * FROM customers -- all of them, 100%", "key_column": "id",
        "changed_column": "updated", "title": "{name}", "template": "Notes: {notes}\n\nTags: {tags}",
        "address": "https://crm.example.com/{id}",
    }  # fmt: skip


@pytest.fixture
def source(cast: Any, values: dict[str, Any], syncing: Any) -> DataSource:
    return services.source_create(user=cast.root, name="Customers", kind="postgres", settings=values)


def text_of(source: DataSource, key: str) -> str:
    with open_bytes(source.documents.get(external_id=key).sha256) as file:
        return str(file.read().decode())


def test_rows_are_followed(cast: Any, source: DataSource, customers: Any, syncing: Any) -> None:
    assert "name" in services.source_check(user=cast.root, kind="postgres", settings=source.settings, source=source)
    assert counts(syncing(source, cast.root)) == (3, 0, 0, 0, 0)
    document = source.documents.get(external_id="2")
    assert (document.filename, document.address) == ("Customer 2.md", "https://crm.example.com/2")
    assert document.modified_at.isoformat() == "2026-01-03T00:00:00+00:00"
    assert text_of(source, "2") == '# Customer 2\n\nNotes: Pays in 30 days, 100% on time.\n\nTags: ["a"]\n'
    customers.execute("UPDATE customers SET notes = 'Pays late.', updated = now() WHERE id = 1")
    customers.execute("DELETE FROM customers WHERE id = 3")
    customers.execute("INSERT INTO customers VALUES (4, 'Customer 4', 'New.', NULL, now())")
    assert counts(syncing(source, cast.root)) == (1, 1, 1, 1, 0)
    assert "Pays late" in text_of(source, "1")


def test_without_a_change_column_rows_are_compared(cast: Any, values: Any, customers: Any, syncing: Any) -> None:
    values = {**values, "changed_column": "", "template": "", "title": "", "address": ""}
    source = services.source_create(user=cast.root, name="Customers", kind="postgres", settings=values)
    syncing(source, cast.root)
    assert "notes: Pays in 30 days" in text_of(source, "1")
    customers.execute("UPDATE customers SET notes = 'Pays late.' WHERE id = 1")
    assert counts(syncing(source, cast.root)) == (0, 1, 2, 0, 0)


def test_another_template_brings_every_row_anew(cast: Any, source: DataSource, syncing: Any) -> None:
    syncing(source, cast.root)
    services.source_update(
        user=cast.root, source=source, name="Customers", description="", visibility="everyone",
        settings={**source.settings, "template": "{notes}"},
    )  # fmt: skip
    assert counts(syncing(source, cast.root)) == (0, 3, 0, 0, 0)


def test_many_rows_come_in_parts_whatever_their_key(
    cast: Any, values: Any, customers: Any, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("documents.connectors.postgres.ROWS_PER_STEP", 2)
    for key in ("id", "name", "updated"):
        source = services.source_create(
            user=cast.root, name=key, kind="postgres", settings={**values, "key_column": key}
        )
        assert counts(syncing(source, cast.root)) == (3, 0, 0, 0, 0), key
        assert counts(syncing(source, cast.root)) == (0, 0, 3, 0, 0), key


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("WITH gone AS (DELETE FROM customers RETURNING *) SELECT * FROM gone", "query_failed"),
        ("SELECT 1 AS id, now() AS updated) AS q; DROP TABLE customers; SELECT * FROM (SELECT 1", "query_failed"),
        ("SELECT *, set_config('transaction_read_only', 'off', false) FROM customers", "query_failed"),
        ("SELECT id, name, notes, tags, updated, pg_sleep(5) FROM customers", "query_timeout"),
        ("SELECT * FROM nowhere", "query_failed"),
        ("SELECT id, name FROM customers", "column_missing"),
    ],
)
def test_a_query_can_only_read_and_not_for_long(
    cast: Any, values: Any, customers: Any, syncing: Any, monkeypatch: Any, query: str, code: str
) -> None:
    monkeypatch.setattr("documents.connectors.postgres.STATEMENT_MS", 700)
    customers.execute("GRANT ALL ON customers TO crm_reader")
    source = services.source_create(
        user=cast.root, name="x", kind="postgres", settings={**values, "query": query, "changed_column": "updated"}
    )
    run = syncing(source, cast.root)
    assert (run.state, run.error_code) == (RunState.FAILED, code), run.error_message
    assert SECRET not in run.error_message
    assert customers.execute("SELECT count(*) FROM customers").fetchone() == (3,)


def test_a_query_cannot_lift_its_own_limit(
    cast: Any, values: Any, customers: Any, syncing: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("documents.connectors.postgres.STATEMENT_MS", 700)
    query = (
        "SELECT *, set_config('statement_timeout', '0', false), set_config('default_transaction_read_only', 'off', "
        "false), CASE WHEN current_setting('statement_timeout') = '0' THEN pg_sleep(20) END FROM customers"
    )
    source = services.source_create(user=cast.root, name="x", kind="postgres", settings={**values, "query": query})
    assert syncing(source, cast.root).error_code == "query_timeout"


def test_a_moment_is_one_whatever_the_time_zone_of_the_role(
    cast: Any, values: Any, customers: Any, syncing: Any
) -> None:
    source = services.source_create(
        user=cast.root, name="x", kind="postgres", settings={**values, "key_column": "updated"}
    )
    assert counts(syncing(source, cast.root)) == (3, 0, 0, 0, 0)
    customers.execute("ALTER ROLE crm_reader SET timezone = 'Asia/Kathmandu'")
    customers.execute("ALTER ROLE crm_reader SET datestyle = 'German'")
    try:
        assert counts(syncing(source, cast.root)) == (0, 0, 3, 0, 0)
        assert source.documents.get(external_id="2026-01-03 00:00:00+00").modified_at.isoformat() == (
            "2026-01-03T00:00:00+00:00"
        )
    finally:
        customers.execute("ALTER ROLE crm_reader RESET ALL")


def test_a_query_without_rows_deletes_nothing_at_once(
    cast: Any, source: DataSource, customers: Any, syncing: Any
) -> None:
    syncing(source, cast.root)
    customers.execute("DELETE FROM customers")
    assert (syncing(source, cast.root).error_code, source.documents.count()) == ("source_empty", 3)
    assert (syncing(source, cast.root).deleted, source.documents.count()) == (3, 0)


def test_braces_that_name_no_column_are_told_before_anything_is_fetched(
    cast: Any, values: Any, customers: Any, syncing: Any
) -> None:
    for template in ("{nmae}", "{name} {0}", "{name!r}"):
        source = services.source_create(
            user=cast.root, name="x", kind="postgres", settings={**values, "template": template}
        )
        run = syncing(source, cast.root)
        assert (run.error_code, source.documents.count()) == ("column_missing", 0)
    source = services.source_create(
        user=cast.root, name="x", kind="postgres", settings={**values, "template": "{{name}} {} } { {name}"}
    )
    assert syncing(source, cast.root).new == 3
    assert "{Customer 1} {} } { Customer 1" in text_of(source, "1")


def test_a_server_that_falls_silent_is_not_waited_for(cast: Any, values: Any, syncing: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("documents.connectors.postgres.STATEMENT_MS", 300)
    listener = socket.create_server(("127.0.0.1", 0))

    def answer_once() -> None:
        near, _peer = listener.accept()
        with near:
            while True:
                (length,) = struct.unpack("!I", near.recv(4))
                start = near.recv(length - 4)
                if start[:4] == struct.pack("!I", 196608):
                    break
                near.sendall(b"N")
            near.sendall(b"R" + struct.pack("!II", 8, 0) + b"Z" + struct.pack("!I", 5) + b"I")
            while near.recv(1000):
                pass

    thread = threading.Thread(target=answer_once, daemon=True)
    thread.start()
    values = {**values, "port": listener.getsockname()[1]}
    source = services.source_create(user=cast.root, name="x", kind="postgres", settings=values)
    run = syncing(source, cast.root)
    assert (run.state, run.error_code) == (RunState.FAILED, "database_unreachable")
    thread.join(timeout=10)
    listener.close()


def test_a_function_that_writes_is_refused(cast: Any, values: Any, customers: Any, syncing: Any) -> None:
    customers.execute(
        "CREATE OR REPLACE FUNCTION forget() RETURNS int LANGUAGE sql SECURITY DEFINER AS"
        " 'DELETE FROM customers RETURNING id'"
    )
    query = "SELECT forget() AS id, now() AS updated, 'x' AS name, 'x' AS notes, 'x' AS tags"
    source = services.source_create(user=cast.root, name="x", kind="postgres", settings={**values, "query": query})
    assert syncing(source, cast.root).error_code == "query_writes"
    customers.execute("DROP FUNCTION forget()")
    assert customers.execute("SELECT count(*) FROM customers").fetchone() == (3,)


def test_a_row_that_is_too_large_fails_alone(
    cast: Any, source: DataSource, customers: Any, syncing: Any, settings: Any
) -> None:
    settings.MAX_UPLOAD_BYTES = 4000
    customers.execute("UPDATE customers SET notes = repeat('x', 9000) WHERE id = 2")
    assert counts(syncing(source, cast.root)) == (2, 0, 0, 0, 1)
    assert failures(source) == {"2": "too_large"}


def test_only_permitted_addresses_are_connected_to(
    cast: Any, source: DataSource, syncing: Any, settings: Any, values: Any
) -> None:
    settings.OUTBOUND_ALLOW_PRIVATE = []
    assert syncing(source, cast.root).error_code == "outbound_private"
    for host in ("/tmp", "@abstract", "127.0.0.1,10.0.0.1", ""):
        with pytest.raises(DocumentsError) as refused:
            services.source_create(user=cast.root, name="x", kind="postgres", settings={**values, "host": host})
        assert refused.value.code == "invalid_settings"
    with pytest.raises(DocumentsError) as refused:
        services.source_create(user=cast.ada, name="x", kind="postgres", settings=values)
    assert refused.value.code == "permission_denied"


def test_a_database_that_is_away_is_told(cast: Any, source: DataSource, syncing: Any) -> None:
    DataSource.objects.update(settings={**source.settings, "port": 1})
    assert syncing(source, cast.root).error_code == "database_unreachable"
