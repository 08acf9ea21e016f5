"""Notion: the pages and databases that were shared with an integration (developers.notion.com/reference).

Pages are told apart by their id and taken for changed when their last_edited_time is another. A database becomes a
table of its rows; its rows are pages of their own too. Search may lag behind, so a page that it leaves out is asked
for before it counts as gone.
"""

import io
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import httpx2
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from documents.connectors.base import (
    Busy,
    Changes,
    ConnectorKind,
    ConnectorSettings,
    Cursor,
    Fetched,
    Gone,
    Item,
    ItemFailed,
    Label,
    Outcome,
    SourceFailed,
    Surroundings,
)
from documents.connectors.http import MAX_JSON_BYTES, HttpConnector, answering, http_failed, source_failed
from documents.connectors.notion_text import block_lines, database_table, plain, property_lines, table, title_of

API = "https://api.notion.com/v1"
VERSION = "2022-06-28"
MAX_REQUESTS = 400
"""For one page: with a hundred blocks each, more than people write."""

MAX_DEPTH = 12
MAX_ROWS = 2000
SHORT_PAUSE_S = 3.0
PAUSES = 8
LISTS = ("bulleted_list_item", "numbered_list_item", "to_do", "toggle")
ID = re.compile(r"[0-9a-fA-F-]{32,36}")


class NotionSettings(ConnectorSettings):
    """Which integration."""

    token: Annotated[
        str,
        Field(max_length=500),
        Label(
            gettext_lazy("Integration token"),
            gettext_lazy("Of an internal integration; share with it the pages that are wanted. Stored encrypted."),
            secret=True,
            needed=True,
        ),
    ] = ""
    databases: Annotated[
        bool,
        Label(
            gettext_lazy("Databases as tables"),
            gettext_lazy("Besides the pages in them, one document for each."),
            chooses=True,
        ),
    ] = True


class NotionConnector(HttpConnector[NotionSettings]):
    """Reads what an integration may see."""

    verifies_missing = True

    def __init__(self, wanted: NotionSettings, around: Surroundings) -> None:
        super().__init__(wanted, around, max_bytes=MAX_JSON_BYTES)
        self._requests = 0

    def check(self) -> str:
        """Ask who the integration is."""
        try:
            me = self._call("GET", "/users/me")
        except ItemFailed as error:
            raise source_failed(error) from error
        name = str(me.get("name") or _("the integration"))[:100]
        return _("Notion answers, as %(name)s.") % {"name": name}

    def changes(self, cursor: Cursor) -> Changes:
        """The next hundred pages and databases that search names."""
        asked: dict[str, Any] = {"page_size": 100, "sort": {"direction": "descending", "timestamp": "last_edited_time"}}
        if start := cursor.get("start"):
            asked["start_cursor"] = str(start)
        try:
            found = self._call("POST", "/search", asked)
        except ItemFailed as error:
            raise source_failed(error) from error
        items = [item for each in _results(found) if (item := self._item(each)) is not None]
        if found.get("has_more") and found.get("next_cursor"):
            return Changes(items, {"start": str(found["next_cursor"])}, more=True)
        return Changes(items, {}, full=True)

    def fetch(self, item: Item, state: Mapping[str, Any], cursor: Cursor) -> Outcome:
        """A page or a database as Markdown, unless it is gone or in the bin."""
        self._requests = 0
        is_database = item.hint.get("object") == "database"
        if not ID.fullmatch(item.external_id) or (is_database and not self._wanted.databases):
            return Gone()
        found = self._call("GET", f"/{'databases' if is_database else 'pages'}/{item.external_id}", missing={})
        if not found or found.get("archived") or found.get("in_trash"):
            return Gone()
        title = title_of(found) or _("Untitled")
        lines = (
            self._database(found) if is_database else [*_spaced(property_lines(found)), *self._page(item.external_id)]
        )
        text = "\n".join([f"# {' '.join(title.split())}", "", *lines, ""])
        moment = _moment(found.get("last_edited_time"))
        return Fetched(io.BytesIO(text.encode("utf-8", "replace")), f"{title[:200]}.md", _address(found), moment)

    def _item(self, found: Mapping[str, Any]) -> Item | None:
        kind, own_id = found.get("object"), str(found.get("id", ""))
        if (
            kind not in ("page", "database")
            or not ID.fullmatch(own_id)
            or found.get("archived")
            or found.get("in_trash")
        ):
            return None
        if kind == "database" and not self._wanted.databases:
            return None
        # A database does not change when its rows do: it is fetched each time, and compared by hash.
        edited = str(found.get("last_edited_time") or "")
        return Item(
            own_id, title_of(found) or own_id, revision=edited if kind == "page" else "", address=_address(found),
            modified_at=_moment(edited), hint={"object": kind},
        )  # fmt: skip

    def _database(self, found: Mapping[str, Any]) -> list[str]:
        rows: list[Mapping[str, Any]] = []
        for row in self._pages_of("POST", f"/databases/{found['id']}/query", {}):
            if not row.get("archived") and not row.get("in_trash"):
                rows.append(row)
            if len(rows) >= MAX_ROWS:
                break
        return [*_spaced([plain(found.get("description"))]), *database_table(rows)]

    def _page(self, own_id: str) -> list[str]:
        lines: list[str] = []
        self._add_children(own_id, lines, 0, 0)
        return lines

    def _add_children(self, parent: str, lines: list[str], depth: int, lists: int) -> None:
        """Add the blocks below ``parent``; ``lists`` counts the lists that they stand in."""
        if depth > MAX_DEPTH:
            return
        last = ""
        for block in self._pages_of("GET", f"/blocks/{parent}/children", None):
            kind = str(block.get("type", ""))
            if kind == "table":
                lines.extend(["", *self._table(str(block.get("id")))])
            else:
                # The items of a list stand together, everything else apart.
                apart = not (kind in LISTS and last in LISTS) and not (lists and kind in LISTS)
                lines.extend(([""] if apart else []) + block_lines(block, lists))
                if block.get("has_children") and kind not in ("child_page", "child_database"):
                    self._add_children(str(block.get("id")), lines, depth + 1, lists + (kind in LISTS))
            last = kind

    def _table(self, own_id: str) -> list[str]:
        rows = []
        for row in self._pages_of("GET", f"/blocks/{own_id}/children", None):
            cells = (row.get("table_row") or {}).get("cells") or []
            rows.append([plain(cell) for cell in cells])
        return table(rows)

    def _pages_of(self, method: str, path: str, body: dict[str, Any] | None) -> Iterator[Mapping[str, Any]]:
        """All results of a paged endpoint, hundred by hundred."""
        start = ""
        while True:
            if body is None:
                found = self._call(method, path + "?page_size=100" + (f"&start_cursor={start}" if start else ""))
            else:
                found = self._call(
                    method, path, {**body, "page_size": 100, **({"start_cursor": start} if start else {})}
                )
            yield from _results(found)
            start = str(found.get("next_cursor") or "")
            if not found.get("has_more") or not ID.fullmatch(start):
                return

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, missing: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The JSON of one answer; ``missing``, when given, for one that says that there is no such thing.

        A short pause that Notion asks for is waited for here: a page takes many requests, and should not start over.
        """
        self._requests += 1
        if self._requests > MAX_REQUESTS:
            raise ItemFailed("too_large", _("The page is too large to be read. Split it."), 422)
        headers = {"authorization": f"Bearer {self._wanted.token}", "notion-version": VERSION}
        for attempt in range(PAUSES + 1):
            try:
                with answering(self._web, method, API + path, headers=headers, json=body) as response:
                    return _json(response, missing)
            except Busy as busy:
                if busy.seconds > SHORT_PAUSE_S or attempt == PAUSES:
                    raise
                time.sleep(busy.seconds)
        raise AssertionError("The last attempt returns or raises.")


def _json(response: httpx2.Response, missing: dict[str, Any] | None) -> dict[str, Any]:
    if response.status_code == 401:
        message = _("Notion does not know this token. Make a new one, and write it into the settings.")
        raise SourceFailed("access_denied", message, 502)
    if response.status_code == 404 and missing is not None:
        return missing
    if response.status_code != 200:
        raise http_failed(response)
    response.read()
    try:
        found = response.json()
    except ValueError as error:
        raise ItemFailed("bad_answer", _("Notion's answer could not be understood. Try again later."), 502) from error
    return found if isinstance(found, dict) else {}


def _results(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    results = found.get("results")
    return [each for each in results if isinstance(each, dict)] if isinstance(results, list) else []


def _address(found: Mapping[str, Any]) -> str:
    address = str(found.get("url") or "")
    return address if address.startswith("https://") else ""


def _spaced(lines: list[str]) -> list[str]:
    return [part for line in lines if line for part in (line, "")]


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


KIND = ConnectorKind(
    kind="notion",
    title=gettext_lazy("Notion"),
    summary=gettext_lazy("Pages and databases that were shared with an integration."),
    icon="notebook",
    settings=NotionSettings,
    open=NotionConnector,
)
