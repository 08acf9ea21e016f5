"""Makes tables of a PDF page's words: in ruled grids, and in lines whose cells stand in columns.

Columns without rules are judged: where nearly no line has a word, over all lines that have wide gaps, a column ends.
Lines above that respect these gaps are the table's head. What turns out to be prose in columns, a list or a single line
is no table.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.parsing.model import LIST_MARKER
from rag.parsing.pdf_grid_tables import Cell, Table, filled, ruled
from rag.parsing.pdf_lines import Line
from rag.parsing.pdf_ruling import Grid

_HEAD_LINES = 4
_FAR = 3.2
_HEAD_FAR = 2.4
_PROSE_WORDS = 4.5
_CURRENCY = re.compile(r"[$€£¥(\[]{1,3}")
_CLOSING = re.compile(r"[)\]%*†‡]{1,3}")


def with_tables(lines: Sequence[Line], grids: Sequence[Grid]) -> list[Line | Table]:
    """The lines in their order, those that make tables replaced by these; prose in columns is put in reading order."""
    found: list[Line | Table] = []
    pending: list[Line] = []
    grids = [grid for grid in grids if not (grid.filled and _goes_on(grid, lines))]
    for item in ruled(lines, grids):
        if isinstance(item, Line):
            pending.append(item)
            continue
        found += _aligned(pending)
        found.append(item)
        pending = []
    return found + _aligned(pending)


def _goes_on(grid: Grid, lines: Sequence[Line]) -> bool:
    """Whether rows of the same table stand right above or below: then its ground colours only some of it."""
    left, top, right, bottom = grid.box
    for line in lines:
        near = 0 <= line.y0 - bottom < 3 * line.size or 0 <= top - line.y1 < 3 * line.size
        if near and line.x0 < right and line.x1 > left and len(line.cell_starts()) >= 3:
            return True
    return False


def _aligned(lines: Sequence[Line]) -> list[Line | Table]:
    found: list[Line | Table] = []
    at = 0
    while at < len(lines):
        end = _run_end(lines, at)
        if end - at < 2:
            found.append(lines[at])
            at += 1
            continue
        run = list(lines[at:end])
        columns = _columns(run)
        if len(columns) < 2 or not _keeps(run, columns) or _is_list(run):
            found += run
        elif _is_prose(run, columns):
            found += _column_by_column(run, columns)
        else:
            head = _head(found, run, columns)
            del found[len(found) - sum(map(len, head)) :]
            rows = [_cells(line, columns) for line in run]
            table = filled([_side_by_side([_cells(line, columns) for line in row]) for row in head] + rows)
            if table is not None:
                found.append(_signs_joined(table))
        at = end
    return found


def _run_end(lines: Sequence[Line], at: int) -> int:
    """Where the lines end that may be one table: rows near each other, among them single lines of one cell."""
    if not lines[at].cell_starts() or not lines[at].upright:
        return at
    end = at + 1
    for index in range(at + 1, len(lines)):
        line, above = lines[index], lines[index - 1]
        size = max(line.size, above.size)
        if not line.upright or not 0.3 * size < line.y1 - above.y1 < _FAR * size:
            break
        if line.cell_starts():
            end = index + 1
        elif index - end >= 1:
            break
    return end


def _columns(rows: Sequence[Line]) -> list[tuple[float, float]]:
    """Left and right ends of the columns, from the cells of those rows that have most: others have merged ones."""
    counts = sorted(len(line.cell_starts()) for line in rows)
    usual = 0.7 * counts[len(counts) * 9 // 10]
    full = [line for line in rows if len(line.cell_starts()) >= max(usual, 1)]
    ends: list[tuple[float, int]] = []
    for line in full:
        starts = line.cell_starts()
        for first, last in zip([0, *starts], [*starts, len(line.words)], strict=True):
            cell = line.words[first:last]
            ends += ((cell[0].x0, 1), (max(word.x1 for word in cell), -1))
    few = int(0.12 * len(full))
    columns: list[tuple[float, float]] = []
    depth, start = 0, 0.0
    for x, step in sorted(ends, key=lambda end: (end[0], -end[1])):
        before, depth = depth, depth + step
        if before <= few < depth:
            start = x
        elif depth <= few < before:
            columns.append((start, x))
    least = 0.4 * rows[0].size
    joined: list[tuple[float, float]] = []
    for left, right in columns:
        if joined and left - joined[-1][1] < least:
            joined[-1] = joined[-1][0], right
        else:
            joined.append((left, right))
    return joined


def _between(columns: Sequence[tuple[float, float]]) -> list[float]:
    return [(left[1] + right[0]) / 2 for left, right in pairwise(columns)]


def _keeps(rows: Sequence[Line], columns: Sequence[tuple[float, float]]) -> bool:
    """Whether most of the rows have their gaps where the columns end."""
    middles = _between(columns)
    kept = sum(_respects(line, middles, 0.6) for line in rows)
    return kept >= 0.7 * len(rows)


def _respects(line: Line, middles: Sequence[float], share: float) -> bool:
    inside = [x for x in middles if line.x0 < x < line.x1]
    free = sum(not any(word.x0 < x < word.x1 and not word.tilted for word in line.words) for x in inside)
    return free >= share * len(inside)


def _is_list(rows: Sequence[Line]) -> bool:
    """Whether the wide gap is only the one after a list item's sign or number."""
    return all(LIST_MARKER.match(line.words[0].text) and line.cell_starts() in ([1], []) for line in rows)


def _is_prose(rows: Sequence[Line], columns: Sequence[tuple[float, float]]) -> bool:
    """Whether the columns are those of a page: each line of each holds several words and is about as long."""
    if len(rows) < 3 or len(columns) > 3:
        return False
    for column in range(len(columns)):
        cells = [cell for line in rows if (cell := _cells(line, columns)[column])]
        if sum(map(len, cells)) < _PROSE_WORDS * len(cells) or len(cells) < 0.6 * len(rows):
            return False
    return True


def _column_by_column(rows: Sequence[Line], columns: Sequence[tuple[float, float]]) -> list[Line | Table]:
    found: list[Line | Table] = []
    split = [_cells(line, columns) for line in rows]
    for column in range(len(columns)):
        for cells in split:
            if cells[column]:
                line = Line()
                for word in cells[column]:
                    line.add(word)
                found.append(line)
    return found


def _head(
    above: Sequence[Line | Table], rows: Sequence[Line], columns: Sequence[tuple[float, float]]
) -> list[list[Line]]:
    """The lines right above the rows whose words stand over the columns; those of one height together."""
    head: list[list[Line]] = []
    middles = _between(columns)
    top, bottom = rows[0].y0, rows[0].y1
    for line in reversed(above[-_HEAD_LINES * 2 :]):
        if not isinstance(line, Line) or not line.upright or len(line.words) > 3 * len(columns):
            break
        size = max(line.size, rows[0].size)
        beside = bool(head) and _overlap(line, head[0][0]) > 0.6 * (line.y1 - line.y0)
        near = -0.6 * size < top - line.y0 and bottom - line.y1 < _HEAD_FAR * size
        within = line.x0 >= columns[0][0] - 2 * size and line.x1 <= columns[-1][1] + 4 * size
        if not (beside or near) or not within or not _is_head(line, middles, beside):
            break
        if beside:
            head[0].insert(0, line)
        elif len(head) == _HEAD_LINES:
            break
        else:
            head.insert(0, [line])
            top, bottom = line.y0, line.y0 + size
    return head


def _overlap(line: Line, other: Line) -> float:
    return min(line.y1, other.y1) - max(line.y0, other.y0)


def _is_head(line: Line, middles: Sequence[float], beside: bool) -> bool:
    """Whether the line's words stand over columns: in gaps of theirs, or in pieces that are far apart."""
    if line.cell_starts() or all(word.tilted for word in line.words):
        return True
    return (beside or any(line.x0 < x < line.x1 for x in middles)) and _respects(line, middles, 0.75)


def _side_by_side(lines: Sequence[list[Cell]]) -> list[Cell]:
    return [[word for cells in lines for word in cells[column]] for column in range(len(lines[0]))]


def _cells(line: Line, columns: Sequence[tuple[float, float]]) -> list[Cell]:
    """The line's words by column: parted where a column ends between two words that stand apart."""
    middles = _between(columns)
    cells: list[Cell] = [[] for _ in columns]
    piece: Cell = []
    least = 0.45 * line.size
    for word in line.words:
        if piece:
            before = piece[-1]
            parted = word.x0 - before.x1 > least and any(before.x1 <= x <= word.x0 for x in middles)
            if parted or word.tilted or word.x0 - before.x1 > 4 * least:
                _put(piece, columns, cells)
                piece = []
        piece.append(word)
    _put(piece, columns, cells)
    return cells


def _put(piece: Cell, columns: Sequence[tuple[float, float]], cells: list[Cell]) -> None:
    if not piece:
        return
    left, right = piece[0].x0, piece[-1].x1

    def overlap(column: int) -> tuple[float, float]:
        start, end = columns[column]
        return min(right, end) - max(left, start), -abs((start + end) / 2 - (left + right) / 2)

    shared = [overlap(column)[0] > 0 for column in range(len(columns))]
    if sum(shared) > 1:
        # A heading over several columns stands over the first of them.
        cells[shared.index(True)] += piece
    else:
        cells[max(range(len(columns)), key=overlap)] += piece


def _signs_joined(table: Table) -> Table:
    """The table with columns of nothing but currency signs or closing brackets joined to the figures beside them."""
    rows = table.rows
    for column in reversed(range(len(rows[0]))):
        texts = ["".join(word.text for word in row[column]) for row in rows if row[column]]
        opening = all(_CURRENCY.fullmatch(text) for text in texts) and column + 1 < len(rows[0])
        closing = all(_CLOSING.fullmatch(text) for text in texts) and column > 0
        if len(rows[0]) > 2 and (opening or closing):
            rows = [_merge(row, column if opening else column - 1) for row in rows]
    return Table(rows)


def _merge(row: list[Cell], column: int) -> list[Cell]:
    return [*row[:column], row[column] + row[column + 1], *row[column + 2 :]]
