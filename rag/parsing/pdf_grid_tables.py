"""Makes tables of what stands in the ruled grids of a PDF page.

Not all that lies over a grid is in its cells: text may be laid across it, and coloured grounds may be an ornament
behind text. A word that a wall of the grid cuts through tells of both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.parsing.pdf_lines import Line
from rag.parsing.pdf_ruling import Grid
from rag.parsing.pdf_words import Word

_MOST_IN_CELL = 1200
_MOST_ON_AVERAGE = 250
_MOST_CUT = 0.05
_MOST_LAID_OVER = 20
_INSIDE = 1.5

Cell = list[Word]


@dataclass(slots=True)
class Table:
    """Rows of cells of words; every row has as many cells."""

    rows: list[list[Cell]]

    def words(self) -> list[Word]:
        """All words, row by row and cell by cell."""
        return [word for row in self.rows for cell in row for word in cell]


def grids_of_tables(grids: Sequence[Grid], lines: Sequence[Line]) -> list[Grid]:
    """The grids whose cells hold text: not frames around text, nor coloured grounds that text runs across."""
    return [grid for grid in grids if _holds_table(grid, lines)]


def _holds_table(grid: Grid, lines: Sequence[Line]) -> bool:
    held = [(cell, word) for line in lines for word in line.words if (cell := _cell(grid, word)) is not None]
    if grid.filled and sum(_is_cut(grid, word) for _, word in held) > _MOST_CUT * len(held):
        return False
    return _of_grid(grid, held) is not None


def ruled(lines: Sequence[Line], grids: Sequence[Grid]) -> list[Line | Table]:
    """The lines in their order, the words in grids replaced by tables where the first of them stands."""
    if not grids:
        return list(lines)
    held: list[list[tuple[tuple[int, int], Word]]] = [[] for _ in grids]
    place: dict[int, int] = {}
    over = _laid_over(lines, grids)
    for line in lines:
        for word in line.words:
            for number, grid in enumerate(grids):
                cell = _cell(grid, word)
                if cell is not None and id(word) not in over:
                    held[number].append((cell, word))
                    place[id(word)] = number
                    break
    tables = [_of_grid(grid, words) for grid, words in zip(grids, held, strict=True)]
    items: list[Line | Table] = []
    shown: set[int] = set()
    for line in lines:
        rest = Line()
        for word in line.words:
            number = place.get(id(word), -1)
            table = tables[number] if number >= 0 else None
            if table is None:
                rest.add(word)
            elif number not in shown:
                if rest.words:
                    items.append(rest)
                    rest = Line()
                shown.add(number)
                items.append(table)
        if rest.words:
            items.append(rest)
    return items


def filled(rows: list[list[Cell]]) -> Table | None:
    """The rows without empty ones and empty columns."""
    rows = [row for row in rows if any(row)]
    used = [column for column in range(max(map(len, rows), default=0)) if any(row[column] for row in rows)]
    rows = [[row[column] for column in used] for row in rows]
    return Table(rows) if rows and used else None


def _of_grid(grid: Grid, words: Sequence[tuple[tuple[int, int], Word]]) -> Table | None:
    """The table in a grid; ``None`` when that is a frame around text, or has text in one cell only."""
    rows: list[list[Cell]] = [[[] for _ in grid.xs[1:]] for _ in grid.ys[1:]]
    for (row, column), word in words:
        rows[row][column].append(word)
    sizes = [sum(len(word.text) + 1 for word in cell) for row in rows for cell in row if cell]
    if len(sizes) < 2 or max(sizes) > _MOST_IN_CELL or sum(sizes) > _MOST_ON_AVERAGE * len(sizes):
        return None
    table = filled(rows)
    # One row or one column on coloured grounds is a banner or stripes.
    if table and grid.filled and min(len(table.rows), len(table.rows[0])) < 2:
        return None
    return table


def _cell(grid: Grid, word: Word) -> tuple[int, int] | None:
    return grid.cell_at((word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2)


def _is_cut(grid: Grid, word: Word) -> bool:
    """Whether a wall goes through the word."""
    if word.x1 - word.x0 < 4 * _INSIDE:
        return False
    middle = (word.y0 + word.y1) / 2
    left, right = (grid.cell_at(x, middle) for x in (word.x0 + _INSIDE, word.x1 - _INSIDE))
    return left is not None and right is not None and left != right


def _laid_over(lines: Sequence[Line], grids: Sequence[Grid]) -> set[int]:
    """The words, by identity, of text laid across cells: a wall cuts it, and it covers what stands in the cells.

    Both are asked for: text that is too long for its cell is cut by a wall too.
    """
    found: set[int] = set()
    across = [
        (line, piece)
        for line in lines
        for piece in _pieces(line)
        if any(_is_cut(grid, word) for grid in grids for word in piece)
    ]
    if len(across) > _MOST_LAID_OVER:
        return found
    for line, piece in across:
        others = (word for other in lines if other is not line for word in other.words)
        if any(_covers(word, other) for other in others for word in piece):
            found.update(id(word) for word in piece)
    return found


def _pieces(line: Line) -> Iterator[Sequence[Word]]:
    for first, last in pairwise([0, *line.cell_starts(), len(line.words)]):
        yield line.words[first:last]


def _covers(word: Word, other: Word) -> bool:
    """Whether the two are printed one over the other, not only near."""
    high = min(word.y1, other.y1) - max(word.y0, other.y0)
    wide = min(word.x1, other.x1) - max(word.x0, other.x0)
    return high > 0.5 * min(word.height, other.height) and wide > _INSIDE
