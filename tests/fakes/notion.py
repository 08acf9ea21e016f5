"""A Notion of its own: pages, databases and blocks behind the endpoints of its public API reference.

Version 2022-06-28: POST /v1/search, GET /v1/pages/{id}, GET /v1/databases/{id}, POST /v1/databases/{id}/query,
GET /v1/blocks/{id}/children, GET /v1/users/me.
"""

import json
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.website import Asked, Page, Site

PAGE_SIZE = 2
"""Results at a time, whatever is asked for, so that every list has several parts."""


def rich(text: str) -> list[dict[str, Any]]:
    """Rich text in two parts, as Notion gives what is partly bold."""
    half = len(text) // 2
    return [
        {"type": "text", "plain_text": part, "text": {"content": part}} for part in (text[:half], text[half:]) if part
    ]


class Notion:
    """What an integration with ``token`` may see."""

    def __init__(self, site: Site, token: str) -> None:
        self.token = token
        self.things: dict[str, dict[str, Any]] = {}
        self.children: dict[str, list[dict[str, Any]]] = {}
        self.unlisted: set[str] = set()
        self.refusals: list[Page] = []
        self._clock = 0
        site.otherwise = self.answer

    def page(self, title: str, *blocks: dict[str, Any], database: str = "", **properties: Any) -> str:
        """Add a page and return its id."""
        own_id = str(uuid.uuid4())
        parent = (
            {"type": "database_id", "database_id": database} if database else {"type": "workspace", "workspace": True}
        )
        self.things[own_id] = {
            "object": "page", "id": own_id, "archived": False, "in_trash": False, "parent": parent,
            "url": f"https://www.notion.so/{own_id.replace('-', '')}",
            "properties": {"Name": {"id": "title", "type": "title", "title": rich(title)}, **properties},
        }  # fmt: skip
        self.children[own_id] = list(blocks)
        self.touch(own_id)
        return own_id

    def database(self, title: str) -> str:
        """Add a database and return its id."""
        own_id = str(uuid.uuid4())
        self.things[own_id] = {
            "object": "database", "id": own_id, "archived": False, "in_trash": False, "title": rich(title),
            "description": rich("What this is about."), "url": f"https://www.notion.so/{own_id.replace('-', '')}",
            "properties": {"Name": {"id": "title", "type": "title", "title": {}}},
        }  # fmt: skip
        self.touch(own_id)
        return own_id

    def block(self, kind: str, text: str = "", *children: dict[str, Any], **inner: Any) -> dict[str, Any]:
        """A block, with what stands below it."""
        own_id = str(uuid.uuid4())
        self.children[own_id] = list(children)
        content = {"rich_text": rich(text), **inner} if text or not inner else inner
        return {"object": "block", "id": own_id, "type": kind, "has_children": bool(children), kind: content}

    def touch(self, own_id: str) -> None:
        """Note that it was edited now."""
        self._clock += 1
        self.things[own_id]["last_edited_time"] = f"2026-03-01T10:{self._clock:02}:00.000Z"

    def answer(self, asked: Asked) -> Page:
        """One request."""
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return failed(401, "unauthorized")
        if asked.headers.get("notion-version") != "2022-06-28":
            return failed(400, "missing_version")
        if self.refusals:
            return self.refusals.pop(0)
        parts = urlsplit(asked.path)
        words = parts.path.removeprefix("/v1/").split("/")
        body = json.loads(asked.body or b"{}")
        start = body.get("start_cursor") or parse_qs(parts.query).get("start_cursor", [""])[0]
        match [asked.method, *words]:
            case ["GET", "users", "me"]:
                return answered({"object": "user", "type": "bot", "name": "Reader"})
            case ["POST", "search"]:
                return listed([each for key, each in self.things.items() if not self._hidden(key)], start)
            case ["GET", "pages" | "databases" as kind, key] if key in self.things:
                return (
                    answered(self.things[key])
                    if self.things[key]["object"] == kind[:-1]
                    else failed(404, "object_not_found")
                )
            case ["POST", "databases", key, "query"] if key in self.things:
                rows = [each for each in self.things.values() if each.get("parent", {}).get("database_id") == key]
                return listed([row for row in rows if not row["archived"]], start)
            case ["GET", "blocks", key, "children"] if key in self.children:
                return listed(self.children[key], start)
        return failed(404, "object_not_found")

    def _hidden(self, key: str) -> bool:
        return key in self.unlisted or self.things[key]["archived"]


def answered(body: dict[str, Any]) -> Page:
    return Page(json.dumps(body), type="application/json")


def failed(status: int, code: str) -> Page:
    return Page(json.dumps({"object": "error", "status": status, "code": code}), status, type="application/json")


def listed(results: list[dict[str, Any]], start: str) -> Page:
    """A part of a list, with the cursor of the next: a UUID, as Notion's are."""
    first = uuid.UUID(start).int if start else 0
    more = first + PAGE_SIZE < len(results)
    following = str(uuid.UUID(int=first + PAGE_SIZE)) if more else None
    part = results[first : first + PAGE_SIZE]
    return answered({"object": "list", "results": part, "has_more": more, "next_cursor": following})
