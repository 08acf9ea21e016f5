"""Notion's blocks and properties as Markdown (developers.notion.com/reference/block, .../page-property-values)."""

from collections.abc import Iterable, Mapping
from typing import Any

Json = Mapping[str, Any]

HEADINGS = {"heading_1": "##", "heading_2": "###", "heading_3": "####"}
LINKED = ("bookmark", "embed", "link_preview")
FILES = ("image", "video", "file", "pdf", "audio")
MARKERS = {"bulleted_list_item": "-", "toggle": "-", "numbered_list_item": "1."}


def plain(rich: Any) -> str:
    """The text of a list of rich text objects."""
    parts = rich if isinstance(rich, list) else []
    return "".join(str(part.get("plain_text", "")) for part in parts if isinstance(part, dict))


def title_of(thing: Json) -> str:
    """The title of a page or a database."""
    if isinstance(thing.get("title"), list):
        return plain(thing["title"]).strip()
    for value in _properties(thing).values():
        if value.get("type") == "title":
            return plain(value.get("title")).strip()
    return ""


def property_lines(page: Json) -> list[str]:
    """A page's properties as ``name: value``, without its title and the empty ones."""
    lines = []
    for name, value in _properties(page).items():
        if value.get("type") != "title" and (text := property_text(value)):
            lines.append(f"{name}: {text}")
    return lines


def property_text(value: Json) -> str:
    """The value of a property as text; empty for kinds that hold none."""
    kind = str(value.get("type", ""))
    inner = value.get(kind)
    if kind in ("title", "rich_text"):
        return plain(inner).strip()
    if kind in ("multi_select", "people", "files"):
        return ", ".join(str(each.get("name") or "") for each in _dicts(inner))
    if kind == "checkbox":
        return "yes" if inner else "no"
    if isinstance(inner, dict):
        return _inner_text(kind, inner)
    if kind in ("number", "string", "boolean", "url", "email", "phone_number", "created_time", "last_edited_time"):
        return _scalar(inner)
    return ""


def _inner_text(kind: str, inner: Json) -> str:
    """The value of a property that is an object."""
    if kind in ("select", "status", "created_by", "last_edited_by"):
        return str(inner.get("name") or "")
    if kind == "date":
        return " – ".join(str(inner[end]) for end in ("start", "end") if inner.get(end))
    if kind == "unique_id":
        return "-".join(str(part) for part in (inner.get("prefix"), inner.get("number")) if part is not None)
    if kind == "rollup" and inner.get("type") == "array":
        return ", ".join(text for each in _dicts(inner.get("array")) if (text := property_text(each)))
    return property_text(inner) if kind in ("formula", "rollup") else ""


def block_lines(block: Json, depth: int) -> list[str]:
    """A block without its children, as the lines of one Markdown block; ``depth`` counts the lists it stands in."""
    kind = str(block.get("type", ""))
    inner = block.get(kind)
    if not isinstance(inner, dict):
        return []
    text = plain(inner.get("rich_text"))
    lines = text.splitlines()
    if kind in HEADINGS:
        lines = [f"{HEADINGS[kind]} {_one_line(text)}"] if text.strip() else []
    elif kind in MARKERS:
        lines = [f"{'  ' * depth}{MARKERS[kind]} {_one_line(text)}"]
    elif kind == "to_do":
        lines = [f"{'  ' * depth}- [{'x' if inner.get('checked') else ' '}] {_one_line(text)}"]
    elif kind in ("quote", "callout"):
        lines = [f"> {line}" for line in lines]
    elif kind == "code":
        fence = "````" if "```" in text else "```"
        lines = [f"{fence}{str(inner.get('language', '')).split(' ')[0]}", *lines, fence]
    elif kind == "equation":
        lines = [f"$$ {inner.get('expression', '')} $$"]
    elif kind in ("child_page", "child_database"):
        lines = [str(inner.get("title", ""))]
    elif kind in LINKED or kind in FILES:
        address = str(inner.get("url") or "") if kind in LINKED else ""
        lines = [line for line in (address, plain(inner.get("caption"))) if line]
    return lines


def table(rows: list[list[str]]) -> list[str]:
    """A Markdown table; the first row is its head."""
    if not rows:
        return []
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return [lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]


def database_table(rows: Iterable[Json]) -> list[str]:
    """The pages of a database as a table of their properties."""
    pages = list(rows)
    names = list(dict.fromkeys(name for page in pages for name in _properties(page)))
    names.sort(key=lambda name: all(_properties(page).get(name, {}).get("type") != "title" for page in pages))
    body = [[property_text(_properties(page).get(name, {})) for name in names] for page in pages]
    return table([names, *body]) if names else []


def _properties(thing: Json) -> dict[str, Json]:
    found = thing.get("properties")
    return {str(k): v for k, v in found.items() if isinstance(v, dict)} if isinstance(found, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")
