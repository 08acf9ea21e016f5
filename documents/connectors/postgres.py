"""PostgreSQL: each row of a query becomes a document.

The query runs as a part of ours, in a read-only transaction with a statement timeout, at an address that the outbound
policy permits. A row is told apart by its key column and taken for changed when its change column is another, or,
without one, when anything in it is.
"""

import contextlib
import io
import json
import os
import re
import socket
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import psycopg
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg import sql
from pydantic import AfterValidator, Field

from documents.connectors.base import (
    Changes,
    ConnectorBase,
    ConnectorKind,
    ConnectorSettings,
    Cursor,
    Fetched,
    Gone,
    Item,
    Label,
    Outcome,
    SourceFailed,
    Surroundings,
)
from documents.errors import upload_too_large
from rag.outbound.policy import resolve

ROWS_PER_STEP = 1000
STATEMENT_MS = 30_000
CONNECT_S = 5
PLACEHOLDER = re.compile(r"\{([^{}\n]{1,100})\}")


def _one_select(text: str) -> str:
    query = text.strip().rstrip(";").strip()
    if not re.match(r"(select|with|table|values)\b", query, re.IGNORECASE):
        raise ValueError(_("Write one SELECT statement."))
    return query


def _host(text: str) -> str:
    if "/" in text or "," in text or text.startswith("@"):
        raise ValueError(_("Write one host name or address. Sockets of this machine cannot be used."))
    return text


class PostgresSettings(ConnectorSettings):
    """Where the database is, what to ask it, and how a row becomes a document."""

    host: Annotated[str, Field(min_length=1, max_length=250), AfterValidator(_host), Label(gettext_lazy("Host"))]
    port: Annotated[int, Field(ge=1, le=65535), Label(gettext_lazy("Port"))] = 5432
    database: Annotated[str, Field(min_length=1, max_length=100), Label(gettext_lazy("Database"))]
    user: Annotated[
        str,
        Field(min_length=1, max_length=100),
        Label(gettext_lazy("User"), gettext_lazy("A role of its own that may read these tables and nothing else.")),
    ]
    password: Annotated[
        str,
        Field(max_length=1000),
        Label(gettext_lazy("Password"), gettext_lazy("Stored encrypted and never shown again."), secret=True),
    ] = ""
    sslmode: Annotated[
        str,
        Field(pattern="^(prefer|require|verify-full)$"),
        Label(
            gettext_lazy("Encryption"),
            choices=(
                ("prefer", gettext_lazy("If the server offers it")),
                ("require", gettext_lazy("Always")),
                ("verify-full", gettext_lazy("Always, and check the server's certificate")),
            ),
        ),
    ] = "prefer"
    query: Annotated[
        str,
        Field(min_length=1, max_length=20_000),
        AfterValidator(_one_select),
        Label(gettext_lazy("Query"), gettext_lazy("One SELECT. Each row becomes a document."), lines=6, chooses=True),
    ]
    key_column: Annotated[
        str,
        Field(min_length=1, max_length=63),
        Label(
            gettext_lazy("Key column"),
            gettext_lazy("It tells rows apart, and stays the same when a row changes."),
            chooses=True,
        ),
    ]
    changed_column: Annotated[
        str,
        Field(max_length=63),
        Label(
            gettext_lazy("Change column"),
            gettext_lazy(
                "It has another value whenever the row changes, such as updated_at. Empty: rows are compared."
            ),
            chooses=True,
        ),
    ] = ""
    title: Annotated[
        str,
        Field(max_length=500),
        Label(
            gettext_lazy("Title"),
            gettext_lazy("With columns in braces. Empty: the key."),
            placeholder="{name}",
            chooses=True,
        ),
    ] = ""
    template: Annotated[
        str,
        Field(max_length=20_000),
        Label(
            gettext_lazy("Text"),
            gettext_lazy("Markdown, with columns in braces such as {description}. Empty: every column with its name."),
            lines=6,
            chooses=True,
        ),
    ] = ""
    address: Annotated[
        str,
        Field(max_length=1000),
        Label(
            gettext_lazy("Web address"),
            gettext_lazy("Where people see the row, with columns in braces."),
            placeholder="https://crm.example.com/customers/{id}",
            chooses=True,
        ),
    ] = ""

    def destination(self) -> str:
        """The server and the role there."""
        return f"{self.user}@{self.host}:{self.port}/{self.database}"


class PostgresConnector(ConnectorBase[PostgresSettings]):
    """Reads a query."""

    def __init__(self, wanted: PostgresSettings, around: Surroundings) -> None:
        super().__init__(wanted, around)
        self._connection: psycopg.Connection[Any] | None = None
        self._type = ""

    def check(self) -> str:
        """Run the query, and see that the columns which the settings name are there."""
        columns = self._columns()
        self._ask(sql.SQL("SELECT 1 FROM {query} LIMIT 1"))
        ((can_write,),) = self._ask(sql.SQL("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
        said = _("The query works. Its columns: %(columns)s.") % {"columns": ", ".join(columns)[:500]}
        if can_write:
            said += " " + _("The role is a superuser: better make one that may only read these tables.")
        return said

    def changes(self, cursor: Cursor) -> Changes:
        """Key and revision of the rows behind the key in ``cursor``."""
        self._columns()
        after = cursor.get("after")
        revision: sql.Composable = sql.SQL("md5(CAST(q AS text))")
        if self._wanted.changed_column:
            revision = sql.SQL("coalesce(CAST({} AS text), '')").format(self._column(self._wanted.changed_column))
        key = self._column(self._wanted.key_column)
        behind: sql.Composable = sql.SQL("")
        if after is not None:
            behind = sql.SQL("AND {} > CAST(%s AS {})").format(key, self._key_type())
        rows = self._ask(
            sql.SQL(
                "SELECT CAST({key} AS text), {revision} FROM {query} WHERE {key} IS NOT NULL {behind} "
                "ORDER BY {key} LIMIT {limit}"
            ),
            [after] if after is not None else [],
            key=key, revision=revision, behind=behind, limit=sql.Literal(ROWS_PER_STEP),
        )  # fmt: skip
        items = [Item(str(row[0]), str(row[0]), revision=f"r{row[1]}") for row in rows]
        if len(rows) == ROWS_PER_STEP:
            return Changes(items, {"after": rows[-1][0]}, more=True)
        return Changes(items, {}, full=True)

    def fetch(self, item: Item, state: Mapping[str, Any], cursor: Cursor) -> Outcome:
        """One row as Markdown."""
        self._columns()
        condition = sql.SQL("{} = CAST(%s AS {})").format(self._column(self._wanted.key_column), self._key_type())
        limit = self._around.max_item_bytes
        rows = self._ask(
            sql.SQL(
                "SELECT CASE WHEN octet_length(CAST(row_to_json(q) AS text)) <= {limit} "
                "THEN CAST(row_to_json(q) AS text) END FROM {query} WHERE {condition} LIMIT 1"
            ),
            [item.external_id],
            limit=sql.Literal(limit), condition=condition,
        )  # fmt: skip
        if not rows:
            return Gone()
        if rows[0][0] is None:
            raise upload_too_large(limit // 2**20)
        row = {name: _text(value) for name, value in json.loads(rows[0][0], parse_float=str, parse_int=str).items()}
        title = " ".join(_filled(self._wanted.title, row).split()) or item.external_id
        address = _filled(self._wanted.address, row).strip()
        content = f"# {title}\n\n{self._body(row)}\n".encode()
        if len(content) > limit:
            raise upload_too_large(limit // 2**20)
        return Fetched(
            io.BytesIO(content), f"{title[:200]}.md", address, _moment(row.get(self._wanted.changed_column, ""))
        )

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def _body(self, row: Mapping[str, str]) -> str:
        if self._wanted.template:
            return _filled(self._wanted.template, row)
        return "\n\n".join(f"{name}: {value}" for name, value in row.items() if value)

    def _column(self, name: str) -> sql.Composable:
        return sql.SQL("q.{}").format(sql.Identifier(name))

    def _key_type(self) -> sql.Composable:
        return sql.SQL(self._type)

    def _columns(self) -> list[str]:
        """The query's columns; SourceFailed when one that the settings name is missing."""
        connection = self._open()
        try:
            cursor = self._bounded(self._whole(sql.SQL("SELECT * FROM {query} LIMIT 0")), [])
            described = cursor.description or []
            names = [column.name for column in described]
            wanted = self._wanted
            named = [wanted.key_column, wanted.changed_column]
            named += [
                each for text in (wanted.title, wanted.template, wanted.address) for each in PLACEHOLDER.findall(text)
            ]
            missing = [name for name in named if name and name not in names]
            if missing:
                message = _("The query gives no column %(missing)s. It gives: %(columns)s.")
                facts = {"missing": ", ".join(missing)[:200], "columns": ", ".join(names)[:200]}
                raise SourceFailed("column_missing", message % facts, 422)
            code = described[names.index(wanted.key_column)].type_code
            row = connection.execute("SELECT format_type(%s, NULL)", [code]).fetchone()
            self._type = str(row[0]) if row else "text"
            return names
        except psycopg.Error as error:
            raise _failed(error) from error

    def _ask(
        self, statement: sql.SQL, values: list[Any] | None = None, **parts: sql.Composable
    ) -> list[tuple[Any, ...]]:
        """Rows of a statement over the query."""
        try:
            return self._bounded(self._whole(statement, **parts), values or []).fetchall()
        except psycopg.Error as error:
            raise _failed(error) from error

    def _bounded(self, statement: sql.Composed, values: list[Any]) -> psycopg.Cursor[Any]:
        """Run a statement, which ends in time whatever the query set before it, and whatever became of the server."""
        connection = self._open()
        end = threading.Timer(2 * STATEMENT_MS / 1000, _hang_up, [connection.fileno()])
        end.daemon = True
        end.start()
        try:
            connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(STATEMENT_MS)))
            return connection.execute(statement, values)
        finally:
            end.cancel()

    def _whole(self, statement: sql.SQL, **parts: sql.Composable) -> sql.Composed:
        # On lines of its own, so that a comment at its end hides nothing of ours. Sent with parameters, as one prepared
        # statement, so that it cannot be two.
        own = sql.SQL(self._wanted.query.replace("%", "%%"))
        return statement.format(query=sql.SQL("(\n{}\n) AS q").format(own), **parts)

    def _open(self) -> psycopg.Connection[Any]:
        """The connection, made at an address that the policy permits; OutboundError, SourceFailed."""
        if self._connection is not None:
            return self._connection
        wanted = self._wanted
        failure: psycopg.Error | None = None
        for address in resolve(wanted.host, wanted.port, self._around.policy):
            try:
                connection = psycopg.connect(
                    host=wanted.host, hostaddr=str(address), port=wanted.port, dbname=wanted.database,
                    user=wanted.user, password=wanted.password or None, sslmode=wanted.sslmode, passfile="/dev/null",
                    sslrootcert="system" if wanted.sslmode == "verify-full" else None, gssencmode="disable",
                    connect_timeout=CONNECT_S, application_name="footnote", client_encoding="utf8",
                    options=f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_MS}"
                    f" -c lock_timeout=5000 -c idle_in_transaction_session_timeout={4 * STATEMENT_MS}"
                    # What a moment is written as must not hang on where the server or the worker stands.
                    " -c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres",
                    tcp_user_timeout=STATEMENT_MS * 2, prepare_threshold=0,
                )  # fmt: skip
            except psycopg.Error as error:
                failure = error
                continue
            connection.read_only = True
            self._connection = connection
            return connection
        raise SourceFailed(
            "database_unreachable", _("The database did not let us in. Check address, role and password."), 502
        ) from failure


def _hang_up(descriptor: int) -> None:
    """End a connection whose server is silent: its own timeout cannot be relied on then."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as line:
        line.shutdown(socket.SHUT_RDWR)


def _failed(error: psycopg.Error) -> SourceFailed:
    """What the server said, without the statement and its values."""
    if isinstance(error, psycopg.errors.QueryCanceled):
        message = _("The query took longer than %(seconds)d seconds. Narrow it down, or add an index.")
        return SourceFailed("query_timeout", message % {"seconds": STATEMENT_MS // 1000}, 502)
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return SourceFailed("query_writes", _("The query wants to change something. It may only read."), 422)
    if isinstance(error, psycopg.OperationalError) and not error.diag.message_primary:
        message = _("The connection to the database broke off. Try again later.")
        return SourceFailed("database_unreachable", message, 502)
    reason = error.diag.message_primary or type(error).__name__
    return SourceFailed("query_failed", _("The query failed: %(reason)s.") % {"reason": reason[:300]}, 422)


def _text(value: Any) -> str:
    """A value as it stands in a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value).replace("\x00", "")


def _filled(template: str, row: Mapping[str, str]) -> str:
    """The template with the values of the columns in braces."""
    return PLACEHOLDER.sub(lambda found: row.get(found[1], ""), template)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


KIND = ConnectorKind(
    kind="postgres",
    title=gettext_lazy("PostgreSQL query"),
    summary=gettext_lazy("Each row of a query becomes a document."),
    icon="database",
    settings=PostgresSettings,
    open=PostgresConnector,
    admins_only=True,
)
