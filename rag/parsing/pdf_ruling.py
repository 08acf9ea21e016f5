"""Finds the ruled grids on a PDF page: lines that PDFium draws, joined where they cross, as rows and columns."""

import ctypes
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

Box4 = tuple[float, float, float, float]
Place = Callable[[float, float, float, float], Box4]

_THIN = 2.5
_SHORTEST = 6.0
_NEAR = 2.5
_MOST_OBJECTS = 6000
_MOST_SEGMENTS = 6000
_MOST_RULES = 1500
_MOST_FORMS = 3
_RECTANGLE = 6
_INSET = 15.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line on the displayed page, from ``start`` to ``end`` at ``at``, points; ``down`` when vertical."""

    down: bool
    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells between ascending edges; ``root[row][column]`` is the first cell of the merged one that it belongs to.

    ``filled``: the edges are those of coloured grounds, not drawn lines.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    root: tuple[tuple[tuple[int, int], ...], ...]
    filled: bool = False

    @property
    def box(self) -> Box4:
        """The whole grid."""
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Row and column of the cell at a point, ``None`` outside."""
        if not (self.xs[0] - 1 <= x <= self.xs[-1] + 1 and self.ys[0] - 1 <= y <= self.ys[-1] + 1):
            return None
        column = min(max(bisect_right(self.xs, x) - 1, 0), len(self.xs) - 2)
        row = min(max(bisect_right(self.ys, y) - 1, 0), len(self.ys) - 2)
        return self.root[row][column]


def grids_of(page: pdfium.PdfPage, place: Place) -> list[Grid]:
    """The page's ruled grids of at least two cells, none inside of another; ``place`` says where on the page that is
    laid out a box of PDF user space stands."""
    lines: list[Rule] = []
    fills: list[Rule] = []
    for rule, filled in _rules(page, place):
        (fills if filled else lines).append(rule)
    grids = _grids(lines)
    # Cells may be told apart by their ground alone. One column of these is stripes, not a table.
    grids += [replace(grid, filled=True) for grid in _grids(fills) if len(grid.xs) > 2 and len(grid.ys) > 2]
    return [grid for grid in grids if not any(_inside(grid.box, other.box) for other in grids if other is not grid)]


def _grids(rules: Iterable[Rule]) -> list[Grid]:
    merged = list(_merged(rules))
    if not 4 <= len(merged) <= _MOST_RULES:
        return []
    return [grid for group in _crossing(merged) if (grid := _grid(group)) is not None]


def _inside(inner: Box4, outer: Box4) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def _rules(page: pdfium.PdfPage, place: Place) -> Iterator[tuple[Rule, bool]]:
    """Every straight upright or level line that is drawn, thin rectangles and edges of framed ones among them; and,
    marked with true, the edges of filled areas."""
    box = [ctypes.c_float() for _ in range(4)]
    for path, matrix in _paths(page):
        if not pdfium_c.FPDFPageObj_GetBounds(path, *box):
            continue
        bounds = (box[0].value, box[1].value, box[2].value, box[3].value)
        if matrix is not None:
            bounds = _moved(bounds, matrix)
        width, height = bounds[2] - bounds[0], bounds[3] - bounds[1]
        if min(width, height) <= _THIN:
            if max(width, height) >= _SHORTEST:
                yield _thin(place(*bounds)), False
            continue
        mode, stroke = ctypes.c_int(), ctypes.c_int()
        pdfium_c.FPDFPath_GetDrawMode(path, mode, stroke)
        if stroke.value:
            yield from ((rule, False) for rule in _segments(path, matrix, place))
        elif mode.value and pdfium_c.FPDFPath_CountSegments(path) <= _RECTANGLE:
            x0, y0, x1, y1 = place(*bounds)
            yield from ((Rule(True, x, y0, y1), True) for x in (x0, x1))
            yield from ((Rule(False, y, x0, x1), True) for y in (y0, y1))


def _paths(page: pdfium.PdfPage) -> Iterator[tuple[object, pdfium.PdfMatrix | None]]:
    """The page's path objects, those of forms drawn on it too, with the matrix of the form."""
    left = _MOST_OBJECTS
    pending: list[tuple[object, pdfium.PdfMatrix | None, int]] = [
        (pdfium_c.FPDFPage_GetObject(page.raw, index), None, 0)
        for index in range(min(pdfium_c.FPDFPage_CountObjects(page.raw), left))
    ]
    while pending and left > 0:
        left -= 1
        found, matrix, depth = pending.pop()
        kind = pdfium_c.FPDFPageObj_GetType(found)
        if kind == pdfium_c.FPDF_PAGEOBJ_PATH:
            yield found, matrix
        elif kind == pdfium_c.FPDF_PAGEOBJ_FORM and depth < _MOST_FORMS:
            own = _matrix(found)
            whole = own if matrix is None else own.multiply(matrix)
            count = min(pdfium_c.FPDFFormObj_CountObjects(found), left)
            pending.extend((pdfium_c.FPDFFormObj_GetObject(found, index), whole, depth + 1) for index in range(count))


def _matrix(found: object) -> pdfium.PdfMatrix:
    raw = pdfium_c.FS_MATRIX()
    if not pdfium_c.FPDFPageObj_GetMatrix(found, raw):
        return pdfium.PdfMatrix()
    return pdfium.PdfMatrix.from_raw(raw)


def _moved(bounds: Box4, matrix: pdfium.PdfMatrix) -> Box4:
    left, bottom, right, top = matrix.on_rect(*bounds)
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def _thin(box: Box4) -> Rule:
    x0, y0, x1, y1 = box
    if x1 - x0 >= y1 - y0:
        return Rule(False, (y0 + y1) / 2, x0, x1)
    return Rule(True, (x0 + x1) / 2, y0, y1)


def _segments(path: object, matrix: pdfium.PdfMatrix | None, place: Place) -> Iterator[Rule]:
    """The straight segments of a stroked path."""
    own = _matrix(path)
    whole = own if matrix is None else own.multiply(matrix)
    x, y = ctypes.c_float(), ctypes.c_float()
    first: tuple[float, float] | None = None
    last: tuple[float, float] | None = None
    for index in range(min(pdfium_c.FPDFPath_CountSegments(path), _MOST_SEGMENTS)):
        segment = pdfium_c.FPDFPath_GetPathSegment(path, index)
        pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
        point = whole.on_point(x.value, y.value)
        kind = pdfium_c.FPDFPathSegment_GetType(segment)
        if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
            first = point
        elif kind == pdfium_c.FPDF_SEGMENT_LINETO and last is not None:
            yield from _straight(last, point, place)
        last = point
        if first is not None and pdfium_c.FPDFPathSegment_GetClose(segment):
            yield from _straight(point, first, place)


def _straight(start: tuple[float, float], end: tuple[float, float], place: Place) -> Iterator[Rule]:
    (x0, x1), (y0, y1) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    if min(x1 - x0, y1 - y0) <= 1 and max(x1 - x0, y1 - y0) >= _SHORTEST:
        yield _thin(place(x0, y0, x1, y1))


def _merged(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Rules in one line that touch, as one."""
    ordered = sorted(rules, key=lambda rule: (rule.down, round(rule.at / _NEAR), rule.start))
    current: Rule | None = None
    for rule in ordered:
        if current is not None and _continues(current, rule):
            current = Rule(rule.down, current.at, current.start, max(current.end, rule.end))
            continue
        if current is not None:
            yield current
        current = rule
    if current is not None:
        yield current


def _continues(before: Rule, rule: Rule) -> bool:
    return before.down == rule.down and abs(before.at - rule.at) <= _NEAR and rule.start <= before.end + _NEAR


def _crossing(rules: Sequence[Rule]) -> list[list[Rule]]:
    """The rules in groups that hang together by crossing or touching."""
    level = [rule for rule in rules if not rule.down]
    upright = [rule for rule in rules if rule.down]
    group_of = list(range(len(rules)))
    numbers = {id(rule): number for number, rule in enumerate(rules)}

    def root(number: int) -> int:
        while group_of[number] != number:
            group_of[number] = group_of[group_of[number]]
            number = group_of[number]
        return number

    for one in upright:
        for other in level:
            if other.start - _NEAR <= one.at <= other.end + _NEAR and one.start - _NEAR <= other.at <= one.end + _NEAR:
                group_of[root(numbers[id(one)])] = root(numbers[id(other)])
    groups: dict[int, list[Rule]] = {}
    for number, rule in enumerate(rules):
        groups.setdefault(root(number), []).append(rule)
    return list(groups.values())


def _grid(rules: Sequence[Rule]) -> Grid | None:
    xs = _positions(rule.at for rule in rules if rule.down)
    ys = _positions(rule.at for rule in rules if not rule.down)
    if len(xs) < 2 or len(ys) < 2 or (len(xs) - 1) * (len(ys) - 1) < 2 or len(xs) > 100 or len(ys) > 1000:
        return None
    upright, level = [r for r in rules if r.down], [r for r in rules if not r.down]
    walls = {(column, row) for column in range(1, len(xs) - 1) for row in _covered(upright, xs[column], ys)}
    floors = {(row, column) for row in range(1, len(ys) - 1) for column in _covered(level, ys[row], xs)}
    root = _with_tables_in_cells(_roots(len(ys) - 1, len(xs) - 1, walls, floors), xs, walls, floors)
    if len({cell for row in root for cell in row}) < 2:
        return None
    return Grid(tuple(xs), tuple(ys), root)


def _positions(values: Iterable[float]) -> list[float]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > 2 * _NEAR:
            found.append(value)
    return found


def _covered(rules: Sequence[Rule], at: float, edges: Sequence[float]) -> Iterator[int]:
    """Which intervals between ``edges`` the rules at ``at`` cover."""
    here = [rule for rule in rules if abs(rule.at - at) <= 2 * _NEAR]
    for index in range(len(edges) - 1):
        middle = (edges[index] + edges[index + 1]) / 2
        if any(rule.start <= middle <= rule.end for rule in here):
            yield index


def _roots(
    rows: int, columns: int, walls: set[tuple[int, int]], floors: set[tuple[int, int]]
) -> tuple[tuple[tuple[int, int], ...], ...]:
    """For each cell the first of those that no rule parts it from, row by row."""
    root = [[(row, column) for column in range(columns)] for row in range(rows)]
    for row in range(rows):
        for column in range(columns):
            if column and (column, row) not in walls:
                root[row][column] = root[row][column - 1]
            elif row and (row, column) not in floors:
                root[row][column] = root[row - 1][column]
    return tuple(map(tuple, root))


def _with_tables_in_cells(
    root: tuple[tuple[tuple[int, int], ...], ...],
    xs: Sequence[float],
    walls: set[tuple[int, int]],
    floors: set[tuple[int, int]],
) -> tuple[tuple[tuple[int, int], ...], ...]:
    """The roots with each table that stands inside of a cell, with a frame of its own, made one with that cell.

    Read row by row the two would be mixed: the inner one's rows are none of the outer one's.
    """
    cells = [list(row) for row in root]
    columns = len(xs) - 1
    bounds = [0, *(row for row in range(1, len(root)) if all((row, c) in floors for c in range(columns))), len(root)]
    for top, bottom in pairwise(bounds):
        rows = range(top, bottom)
        edges = [0, *(c for c in range(1, columns) if all((c, row) in walls for row in rows)), columns]
        for left, right in pairwise(edges):
            inner = sorted({c for c in range(left + 1, right) for row in rows if (c, row) in walls})
            if len(inner) < 2 or not any((r, c) in floors for r in rows[1:] for c in range(left, right)):
                continue
            framed = min(xs[inner[0]] - xs[left], xs[right] - xs[inner[-1]]) < _INSET
            own = not any((c, row) in walls for c in inner for row in range(len(root)) if row not in rows)
            if framed and own and len(bounds) > 2:
                for row in rows:
                    cells[row][left:right] = [(top, left)] * (right - left)
    return tuple(map(tuple, cells))
