"""Reads JSON and JSON lines as a person would note them: "key: value" lines, headings for parts, tables for lists."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rag.parsing import limits, text
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, clean, collapse
from rag.parsing.model import ParsedDocument
from rag.parsing.reading import read_text
from rag.parsing.tables import CellBudget, markdown_table

_DEEPEST_HEADING = 6
_SMALL = 8
"""An object with at most so many values gets no heading of its own."""
_LONGEST_LINE = 2000
_MOST_COLUMNS = 24
_LONGEST_CELL = 400
_LEAST_FILLED = 0.5
_TITLES = ("title", "name", "subject", "label", "heading")


def parse(path: Source) -> ParsedDocument:
    """Parse JSON or JSON lines; what is neither is read as text.

    Raises ParsingError: ``unsupported_type``, ``no_text``, ``too_large``.
    """
    return parse_json(read_text(path))


def parse_json(source: str) -> ParsedDocument:
    """The document that decoded JSON makes. Raises ParsingError: ``no_text``, ``too_large``."""
    try:
        value = load(source)
    except (ValueError, RecursionError):
        return text.parse_text(source)
    reader = JsonReader(DocumentBuilder("json"))
    reader.read(value)
    title = next((value[key] for key in _TITLES if isinstance(value, dict) and isinstance(value.get(key), str)), "")
    reader.builder.first_heading = ""  # the first key says nothing about the whole
    return reader.builder.build(title)


def load(source: str) -> Any:
    """The value that ``source`` holds; a list of values when each line is one. Raises ValueError, RecursionError."""
    source = source.lstrip("\ufeff \t\r\n\x1e")
    try:
        return json.loads(source, parse_int=str, parse_float=str, parse_constant=str)
    except ValueError:
        lines = [line.strip(" \t\r\x1e") for line in source.split("\n")]
        lines = [line for line in lines if line]
        if len(lines) < 2:
            raise
        return [json.loads(line, parse_int=str, parse_float=str, parse_constant=str) for line in lines]


class JsonReader:
    """Adds a value's parts to a builder."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self.builder = builder
        self.cells = CellBudget()
        self.lines: list[str] = []

    def read(self, value: Any) -> None:
        """Add all of ``value``."""
        self._value(value, "", 1)
        self._flush()

    def _value(self, value: Any, path: str, level: int) -> None:
        if isinstance(value, dict):
            self._object(value, path, level)
        elif isinstance(value, list):
            self._array(value, path, level)
        else:
            self._line(path, value)

    def _object(self, value: dict[str, Any], path: str, level: int) -> None:
        """First what stands in one line each, then the large parts under headings."""
        large = []
        for key, part in value.items():
            inner = f"{path}.{key}" if path else key
            if not isinstance(part, (dict, list)) or not part:
                self._line(inner, part)
            elif level > _DEEPEST_HEADING or _is_small(part):
                for name, leaf in _leaves(part, inner):
                    self._line(name, leaf)
            else:
                large.append((key, part))
        self._flush()
        for key, part in large:
            self.builder.add("heading", collapse(clean(key)), level=level)
            self._value(part, "", level + 1)
            self._flush()

    def _array(self, items: list[Any], path: str, level: int) -> None:
        rows = self._table(items)
        if rows is not None:
            self._flush()
            self.builder.add("table", markdown_table(rows))
        elif all(not isinstance(item, (dict, list)) for item in items):
            self._flush()
            for item in items:
                self.builder.add("list_item", _scalar(item), level=1, marker="- ")
        else:
            for number, item in enumerate(items):
                self._item(item, f"{path}[{number}]", level)
                self._flush()

    def _item(self, item: Any, path: str, level: int) -> None:
        """One of many: under its own name if it has one and is large, else as lines."""
        if not isinstance(item, (dict, list)):
            self._line(path, item)
        elif isinstance(item, dict) and level <= _DEEPEST_HEADING and not _is_small(item, 4 * _SMALL):
            name = next((item[key] for key in _TITLES if isinstance(item.get(key), str)), "") or path
            self.builder.add("heading", collapse(clean(name)), level=level)
            self._object(item, "", level + 1)
        else:
            for name, leaf in _leaves(item, ""):
                self._line(name, leaf)

    def _table(self, items: Sequence[Any]) -> list[list[str]] | None:
        """Header and rows, when ``items`` are alike: objects or arrays of short values."""
        if len(items) < 2:
            return None
        if all(isinstance(item, list) and item for item in items):
            rows = [[_cell(value) for value in item] for item in items]
            return self._bounded(rows, max(map(len, rows)))
        if not all(isinstance(item, dict) and item for item in items):
            return None
        columns = list(dict.fromkeys(key for item in items for key in item))
        if len(columns) > _MOST_COLUMNS or sum(map(len, items)) < _LEAST_FILLED * len(items) * len(columns):
            return None
        cells = [[_cell(item[key]) if key in item else "" for key in columns] for item in items]
        return self._bounded([list(map(clean, columns)), *cells], len(columns))

    def _bounded(self, rows: list[list[str | None]], width: int) -> list[list[str]] | None:
        checked: list[list[str]] = []
        for row in rows:
            strings = [cell for cell in row if cell is not None and len(cell) <= _LONGEST_CELL]
            if len(strings) < len(row) or width > _MOST_COLUMNS:
                return None
            checked.append(strings)
        self.cells.take(len(checked) * width)
        return checked

    def _line(self, path: str, value: Any) -> None:
        shown = _scalar(value)
        if not path:
            self.lines.append(shown)
        elif "\n" in shown or len(shown) > _LONGEST_LINE:
            # A text of its own: the name first, then the text as it was written.
            self.lines.append(f"{path}:\n{shown}")
            self._flush()
        else:
            self.lines.append(f"{path}: {shown}")

    def _flush(self) -> None:
        if self.lines:
            self.builder.add("paragraph", "\n".join(self.lines))
            self.lines.clear()


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case True | False:
            return str(value).lower()
        case dict() | list():
            return "{}" if isinstance(value, dict) else "[]"
        case _:
            return str(value).strip("\n")


def _cell(value: Any) -> str | None:
    """A table cell's text; ``None`` for what has no place in a cell."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return None if value else ""
    if isinstance(value, list):
        return None if any(isinstance(item, (dict, list)) for item in value) else ", ".join(map(_scalar, value))
    return clean(_scalar(value))


def _is_small(value: Any, most: int = _SMALL) -> bool:
    return sum(1 for _, _ in zip(_leaves(value, ""), range(most + 1), strict=False)) <= most


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Each plain value within ``value`` with its path, "address.lines[0]"; without recursion."""
    stack: list[tuple[str, Any]] = [(path, value)]
    while stack:
        name, part = stack.pop()
        if isinstance(part, dict) and part:
            stack.extend((f"{name}.{key}" if name else key, inner) for key, inner in reversed(part.items()))
        elif isinstance(part, list) and part:
            if all(not isinstance(item, (dict, list)) for item in part) and sum(len(str(item)) for item in part) < 200:
                yield name, ", ".join(map(_scalar, part))
            else:
                stack.extend((f"{name}[{number}]", part[number]) for number in reversed(range(len(part))))
        else:
            yield name[-limits.MAX_DEPTH :], part
