"""Puts a PDF page's lines into reading order where the file's own order is not one.

Files written by programs nearly always have their text in reading order, so it is kept unless there are signs against
it: lines that run through two columns of prose, or an order that goes back up the page without going on to the right.
Then columns are found by the white space between them (an XY cut).
"""

from collections.abc import Sequence
from itertools import pairwise

from rag.parsing.pdf_grid_tables import Table
from rag.parsing.pdf_lines import Line
from rag.parsing.pdf_words import Word

Item = Line | Table
Box4 = tuple[float, float, float, float]
Span = tuple[float, float]

_SHORTEST_RUN = 5
_GUTTER = 0.55
_PROSE_WORDS = 4.0
_MOST_MISSED = 2
_BACK_JUMPS = 2
_LETTERS = 12
_MOST_ITEMS = 3000
_MOST_DEPTH = 12


def unmixed(lines: Sequence[Line]) -> list[Line]:
    """The lines, those that run through columns of prose cut at the white space that they have in common.

    What is on the left of it comes first.
    """
    found: list[Line] = []
    at = 0
    while at < len(lines):
        end, gap = _common_gap(lines, at)
        parts = _parted(lines[at:end], gap) if gap and end - at >= _SHORTEST_RUN else None
        if parts is None:
            found.append(lines[at])
            at += 1
        else:
            found += parts
            at = end
    return found


def _common_gap(lines: Sequence[Line], at: int) -> tuple[int, Span | None]:
    """Where the run of lines ends that have white space in common, and the widest such space."""
    common: list[Span] = []
    end = at
    missed = 0
    for index in range(at, len(lines)):
        line = lines[index]
        if index > at and not 0 < line.y1 - lines[index - 1].y1 < 3 * line.size:
            break
        least = _GUTTER * line.size
        gaps = _gaps(line, least) if line.upright else []
        kept = _shared(common, gaps, least) if index > at else gaps
        if kept:
            common, end, missed = kept, index + 1, 0
        elif missed == _MOST_MISSED or not common:
            break
        else:
            missed += 1
    return end, max(common, key=lambda gap: gap[1] - gap[0], default=None)


def _gaps(line: Line, least: float) -> list[Span]:
    return [(a.x1, b.x0) for a, b in pairwise(line.words) if b.x0 - a.x1 >= least]


def _shared(left: Sequence[Span], right: Sequence[Span], least: float) -> list[Span]:
    return [
        (max(a[0], b[0]), min(a[1], b[1])) for a in left for b in right if min(a[1], b[1]) - max(a[0], b[0]) >= least
    ]


def _parted(lines: Sequence[Line], gap: Span) -> list[Line] | None:
    """The lines' left parts and then their right parts, ``None`` when these are not prose."""
    middle = (gap[0] + gap[1]) / 2
    sides: tuple[list[Line], list[Line]] = ([], [])
    for line in lines:
        for number, words in enumerate(_sides(line, middle)):
            part = Line()
            for word in words:
                part.add(word)
            if part.words:
                sides[number].append(part)
    for side in sides:
        count = sum(len(line.words) for line in side)
        letters = sum(character.isalpha() for line in side for word in line.words for character in word.text)
        length = sum(len(word.text) for line in side for word in line.words)
        widths = sorted(line.x1 - line.x0 for line in side)
        full = sum(width > 0.75 * widths[-1] for width in widths)
        if count < _PROSE_WORDS * len(side) or letters < 0.75 * length or full < 0.6 * len(side):
            return None
    return [*sides[0], *sides[1]]


def _sides(line: Line, middle: float) -> tuple[list[Word], list[Word]]:
    return [word for word in line.words if word.x0 < middle], [word for word in line.words if word.x0 >= middle]


def in_order(items: Sequence[Item], *, unordered: bool = False, mirrored: bool = False) -> list[Item]:
    """The items of a page in reading order: as they are unless they go back up the page more than once, or are known
    to be ``unordered``.

    Of a page that is ``mirrored``, as its text runs from right to left, going back once is enough: many programs write
    its left column first.
    """
    if not (1 if unordered else _BACK_JUMPS) < len(items) <= _MOST_ITEMS:
        return list(items)
    boxes = [_box(item) for item in items]
    # What a figure is labelled with goes up and down and tells nothing.
    telling = [box for box, item in zip(boxes, items, strict=True) if _is_text(item)]
    if not unordered and sum(_goes_back(a, b) for a, b in pairwise(telling)) < (1 if mirrored else _BACK_JUMPS):
        return list(items)
    return [items[index] for index in _cut(list(range(len(items))), boxes, 0)]


def _is_text(item: Item) -> bool:
    if isinstance(item, Table):
        return True
    letters = sum(character.isalpha() for word in item.words for character in word.text)
    return letters >= _LETTERS and len(item.words) > 1 and item.upright


def _box(item: Item) -> Box4:
    if isinstance(item, Line):
        return item.x0, item.y0, item.x1, item.y1
    words = item.words()
    return (
        min(word.x0 for word in words),
        min(word.y0 for word in words),
        max(word.x1 for word in words),
        max(word.y1 for word in words),
    )


def _goes_back(before: Box4, after: Box4) -> bool:
    """Whether one goes up the page to what is not on the right."""
    height = max(before[3] - before[1], 1.0)
    return after[3] < before[1] - 1.5 * min(height, 20.0) and after[0] < before[2] - 2


def _cut(indices: list[int], boxes: Sequence[Box4], depth: int) -> list[int]:
    """The items in reading order: bands from top to bottom, in each the columns, and so on inside of these."""
    if len(indices) < 2 or depth > _MOST_DEPTH:
        return _by_place(indices, boxes)
    order: list[int] = []
    for group in _groups(_bands(indices, boxes), boxes):
        columns = _columns(group, boxes)
        if len(columns) < 2:
            order += _by_place(group, boxes)
            continue
        for column in columns:
            order += _cut(column, boxes, depth + 1)
    return order


def _by_place(indices: Sequence[int], boxes: Sequence[Box4]) -> list[int]:
    return sorted(indices, key=lambda index: (boxes[index][1], boxes[index][0]))


def _bands(indices: Sequence[int], boxes: Sequence[Box4]) -> list[list[int]]:
    """The items between one level white space and the next."""
    bands: list[list[int]] = []
    bottom = float("-inf")
    for index in _by_place(indices, boxes):
        if boxes[index][1] >= bottom - 0.5:
            bands.append([])
        bands[-1].append(index)
        bottom = max(bottom, boxes[index][3])
    return bands


def _groups(bands: Sequence[list[int]], boxes: Sequence[Box4]) -> list[list[int]]:
    """Bands one below the other that have an upright white space in common."""
    groups: list[list[int]] = []
    covered: list[Span] = []
    for band in bands:
        spans = _union([(boxes[index][0], boxes[index][2]) for index in band])
        together = _union([*covered, *spans])
        if groups and len(together) > 1:
            groups[-1] += band
            covered = together
        else:
            groups.append(list(band))
            covered = spans
    return groups


def _union(spans: Sequence[Span]) -> list[Span]:
    """The spans with those joined between which there is less than a column's gap."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1] + 6:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _columns(indices: Sequence[int], boxes: Sequence[Box4]) -> list[list[int]]:
    spans = _union([(boxes[index][0], boxes[index][2]) for index in indices])
    columns: list[list[int]] = [[] for _ in spans]
    for index in indices:
        number = next(n for n, span in enumerate(spans) if span[0] <= boxes[index][0] <= span[1])
        columns[number].append(index)
    return columns
