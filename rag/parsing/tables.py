"""Writes rows of cells as a Markdown table: one row a line, so that a row can be found and quoted."""

from collections.abc import Sequence

from rag.parsing import limits
from rag.parsing.building import collapse


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """The rows as a Markdown table, the first as its header; empty rows and empty columns are left out.

    Returns an empty string when no cell holds text.
    """
    filled = [[collapse(cell).replace("|", "\\|") for cell in row] for row in rows]
    filled = [row for row in filled if any(row)]
    width = max(map(len, filled), default=0)
    used = [column for column in range(width) if any(column < len(row) and row[column] for row in filled)]
    if not used:
        return ""
    lines = ["| " + " | ".join(row[c] if c < len(row) else "" for c in used) + " |" for row in filled]
    lines.insert(1, "|" + " --- |" * len(used))
    return "\n".join(lines)


class CellBudget:
    """Counts the table cells of one document and stops it beyond ``limits.MAX_TABLE_CELLS``."""

    def __init__(self) -> None:
        self._left = limits.MAX_TABLE_CELLS

    def take(self, cells: int = 1) -> None:
        """Count ``cells`` more; raises ``too_large``."""
        self._left -= cells
        if self._left < 0:
            raise limits.too_large(f"{limits.MAX_TABLE_CELLS:,} table cells")
