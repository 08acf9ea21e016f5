"""Writes a sheet's cells as text: a heading, then each region of cells that hang together as one Markdown table."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.model import ParsedDocument
from rag.parsing.tables import CellBudget, carried_down, markdown_table

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
_MAX_MERGES = 100_000
_MAX_CUTS = 40
"""How often a sheet is cut in turn along its rows and its columns; real ones need three or four."""
_LONG_LINE = 80
_NUMBER = re.compile(r"[-+(]?\W{0,3}\d[\d.,\s%/:()-]*\W{0,3}$|[-–—]$|n/?a$", re.IGNORECASE)

Cells = dict[int, dict[int, str]]


@dataclass(slots=True)
class Sheet:
    """One sheet: its filled cells by row and column, both from 0, and its merged ranges (top, left, bottom, right)."""

    name: str
    cells: Cells = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """Paragraphs that stand beside the cells: comments, text boxes."""

    def put(self, row: int, column: int, text: str) -> None:
        """Fill one cell; text of white space alone and places that no sheet has are left out."""
        if 0 <= row < MAX_ROWS and 0 <= column < MAX_COLUMNS and text and not text.isspace():
            self.cells.setdefault(row, {})[column] = text

    def merge(self, top: int, left: int, bottom: int, right: int) -> None:
        """Remember a merged range."""
        if len(self.merges) < _MAX_MERGES:
            self.merges.append((top, left, bottom, right))


class Workbook:
    """Collects sheets into a document, and bounds what they hold."""

    def __init__(self, kind: str = "xlsx") -> None:
        self.builder = DocumentBuilder("ods" if kind == "ods" else "xlsx")
        self.strings = CellBudget()
        self._cells = limits.MAX_TABLE_CELLS
        self._characters = limits.MAX_CHARACTERS
        self._shown = CellBudget()
        self._hidden: list[str] = []
        self._sheets = 0

    def hide(self, name: str) -> None:
        """Leave out a hidden sheet, and say so."""
        self._hidden.append(collapse(name))

    def count_sheet(self) -> None:
        """Count one sheet more; raises ``too_large``."""
        self._sheets += 1
        if self._sheets > limits.MAX_SHEETS:
            raise limits.too_large(_("%(n)s sheets") % {"n": f"{limits.MAX_SHEETS:,}"})

    def fill(self, sheet: Sheet, row: int, column: int, text: str) -> None:
        """Fill one cell of a sheet. Raises ``too_large``: a long text that is stored once may fill many cells."""
        if not text:
            return
        self._cells -= 1
        self._characters -= len(text)
        if self._cells < 0:
            raise limits.too_large(_("%(n)s table cells") % {"n": f"{limits.MAX_TABLE_CELLS:,}"})
        if self._characters < 0:
            raise limits.too_large(_("%(n)s characters") % {"n": f"{limits.MAX_CHARACTERS:,}"})
        sheet.put(row, column, text)

    def add(self, sheet: Sheet) -> None:
        """Write one sheet; an empty one leaves nothing behind."""
        if not sheet.cells and not sheet.remarks:
            return
        self.builder.add("heading", collapse(sheet.name), level=1)
        for region in regions(sheet):
            self._region(region)
        for remark in sheet.remarks:
            self.builder.add("paragraph", remark)

    def _region(self, region: "Region") -> None:
        cells = region.cells
        columns = sorted({column for row in cells.values() for column in row})
        order = sorted(cells)
        while len(columns) > 1 and len(order) > 1 and list(cells[order[0]]) == columns[:1]:
            # A cell alone in the first column above a table is its title, not its head.
            self.builder.add("paragraph", collapse(cells[order.pop(0)][columns[0]]))
        if len(columns) == 1 and (len(order) == 1 or any(len(cells[row][columns[0]]) > _LONG_LINE for row in order)):
            for row in order:
                self.builder.add("paragraph", cells[row][columns[0]])
            return
        self._shown.take(len(order) * len(columns))
        carried = self._carried(region, order)
        lines = [[cells[row].get(c) or carried.get((row, c), "") for c in columns] for row in order]
        self.builder.add("table", markdown_table(lines))

    def _carried(self, region: "Region", order: list[int]) -> dict[tuple[int, int], str]:
        """What cells merged over rows say in those below their first, by row and column."""
        found: dict[tuple[int, int], str] = {}
        for top, left, bottom, _other in region.merges:
            text = carried_down(region.cells.get(top, {}).get(left, ""))
            if text and bottom > top:
                below = order[bisect_right(order, top) : bisect_right(order, bottom)]
                self._shown.take(len(below))
                found.update(((row, left), text) for row in below)
        return found

    def build(self, title: str) -> ParsedDocument:
        """The document. Without a title of its own it has none: the first sheet's name would not be one."""
        if self._hidden:
            names = ", ".join(self._hidden[:5]) + (" and others" if len(self._hidden) > 5 else "")
            message = _(
                "Hidden sheets were left out: %(names)s. To have them found, show them and upload the file again."
            ) % {"names": names}
            self.builder.note("hidden_sheets", message)
        document = self.builder.build(title)
        return replace(document, title=collapse(title)[:300])


@dataclass(slots=True)
class Region:
    """Cells that hang together, with the merged ranges that begin in them."""

    cells: Cells
    merges: list[tuple[int, int, int, int]]


def regions(sheet: Sheet) -> Iterator[Region]:
    """The sheet cut along its blank rows and columns, again and again, from the top and from the left.

    A merged range counts as filled. What stands right of one blank column, on the same rows, and has no labels of its
    own belongs to what stands left of it: reports keep narrow columns free between their figures.
    """
    filled = {row: columns for row, columns in sorted(sheet.cells.items()) if columns}
    merges = [merge for merge in sheet.merges if merge[1] in filled.get(merge[0], ())]
    stack = [(Region(filled, merges), 0)]
    while stack:
        region, depth = stack.pop()
        parts = [region]
        if depth < _MAX_CUTS:
            parts = _by_rows(region) if depth % 2 == 0 else _by_columns(region)
        if len(parts) == 1 and (depth >= _MAX_CUTS or depth % 2 == 1):
            yield region
        else:
            stack.extend((part, depth + 1) for part in reversed(parts))


def _by_rows(region: Region) -> list[Region]:
    reach: dict[int, int] = {}
    for top, _other, bottom, _other in region.merges:
        reach[top] = max(reach.get(top, top), bottom)
    parts: list[Region] = []
    last = -2
    for row, columns in region.cells.items():
        if row > last + 1:
            parts.append(Region({}, []))
        parts[-1].cells[row] = columns
        last = max(last, row, reach.get(row, row))
    if len(parts) > 1:
        for part in parts:
            part.merges = [merge for merge in region.merges if merge[0] in part.cells] if region.merges else []
    return parts if len(parts) > 1 else [region]


def _by_columns(region: Region) -> list[Region]:
    used = sorted({column for columns in region.cells.values() for column in columns})
    reach: dict[int, int] = {}
    for _other, left, _other, right in region.merges:
        reach[left] = max(reach.get(left, left), right)
    spans: list[list[int]] = []
    last = -2
    for column in used:
        if column > last + 1 and not (spans and column == last + 2 and _has_no_labels(region.cells, column)):
            spans.append([])
        spans[-1].append(column)
        last = max(last, column, reach.get(column, column))
    if len(spans) < 2:
        return [region]
    place = {column: i for i, columns in enumerate(spans) for column in columns}
    parts = [Region({}, []) for _other in spans]
    for row, columns in region.cells.items():
        for column, text in columns.items():
            parts[place[column]].cells.setdefault(row, {})[column] = text
    for merge in region.merges:
        if merge[1] in place:
            parts[place[merge[1]]].merges.append(merge)
    return parts


def _has_no_labels(cells: Cells, column: int) -> bool:
    """Whether most of a column, below its head, is figures."""
    texts = [columns[column] for columns in cells.values() if column in columns][:200]
    figures = sum(bool(_NUMBER.match(text)) for text in texts)
    return figures > 0 and figures >= 0.5 * max(len(texts) - 1, 1)
