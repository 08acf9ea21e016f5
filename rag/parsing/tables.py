"""Writes rows of cells as a Markdown table: one row a line, so that a row can be found and quoted."""

from collections.abc import Sequence

from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.building import collapse

_LONGEST_LABEL = 80
_REMEMBERED = 100_000


def markdown_table(rows: Sequence[Sequence[str]], *, keep_first: bool = False) -> str:
    """The rows as a Markdown table, the first as its header; empty rows and empty columns are left out.

    With ``keep_first`` an empty first row stays: the header of a table that has none.

    Returns an empty string when no cell holds text. Raises ``too_large``: rows are written as wide as the widest.
    """
    if sum(len(cell) for row in rows for cell in row) > limits.MAX_CHARACTERS:
        raise limits.too_large(_("%(n)s characters") % {"n": f"{limits.MAX_CHARACTERS:,}"})
    written: dict[str, str] = {"": ""}  # a large table says the same again and again
    filled = [[_written(cell, written) for cell in row] for row in rows]
    filled = [row for index, row in enumerate(filled) if any(row) or (keep_first and index == 0)]
    width = max(map(len, filled), default=0)
    if width * len(filled) > limits.MAX_TABLE_CELLS:
        # Each row is written as wide as the widest.
        raise limits.too_large(_("%(n)s table cells") % {"n": f"{limits.MAX_TABLE_CELLS:,}"})
    used = [column for column in range(width) if any(column < len(row) and row[column] for row in filled)]
    if not used:
        return ""
    lines = ["| " + " | ".join(row[c] if c < len(row) else "" for c in used) + " |" for row in filled]
    lines.insert(1, "|" + " --- |" * len(used))
    return "\n".join(lines)


def _written(cell: str, known: dict[str, str]) -> str:
    text = known.get(cell)
    if text is None:
        text = collapse(cell).replace("|", "\\|")
        if len(known) < _REMEMBERED:
            known[cell] = text
    return text


def carried_down(text: str) -> str:
    """What a cell merged over rows says in the next one: rows are found and quoted alone, so a label stands in each."""
    return text if len(text) <= _LONGEST_LABEL else ""


class CellBudget:
    """Counts the table cells of one document and stops it beyond ``limits.MAX_TABLE_CELLS``."""

    def __init__(self) -> None:
        self._left = limits.MAX_TABLE_CELLS

    def take(self, cells: int = 1) -> None:
        """Count ``cells`` more; raises ``too_large``."""
        self._left -= cells
        if self._left < 0:
            raise limits.too_large(_("%(n)s table cells") % {"n": f"{limits.MAX_TABLE_CELLS:,}"})
