"""A document's text as a page shows it: its blocks in parts of bearable length, with one span or all chunks marked."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from rag.parsing.model import LIST_MARKER

PART_CHARS = 60_000
"""A part of a long text: what a browser lays out without a pause."""

BLOCKS_PER_PART = 3000
TABLE_RULE = re.compile(r"\s*\|?(\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?\s*")
FIRST_WORD = re.compile(r"(\S+)\s+(?=\S)")
CELL = re.compile(r"(?:\\.|[^|\\])*")

RawBlock = tuple[str, int, int, int]
"""Kind, start, end and level, as a version stores them."""

SpansBetween = Callable[[int, int], Sequence[tuple[int, int, int]]]
"""Gives the chunks that touch a range of the text: ordinal, start and end of each, in order."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters, marked or not; ``chunks`` are the ordinals of those it lies in, where asked for."""

    text: str
    marked: bool
    chunks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A block with its text cut at the marked span; a table has rows of cells instead, the first row its head."""

    kind: str
    level: int
    marker: str = ""
    pieces: list[Piece] = field(default_factory=list)
    rows: list[list[list[Piece]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a text: its number from 1, how many there are, and its blocks."""

    number: int
    count: int
    blocks: list[ShownBlock]


class Marking(Protocol):
    """What says how a run of the text is cut into pieces."""

    start: int

    def pieces(self, text: str, start: int, end: int) -> list[Piece]:
        """``text[start:end]`` in pieces, in order."""
        ...


class ChunkSpans:
    """The chunks of a text, each ``(ordinal, start, end)`` in order; neighbours may overlap.

    ``start`` is the place to show.
    """

    def __init__(self, spans: Sequence[tuple[int, int, int]], start: int) -> None:
        self.start = start
        self._spans = spans
        self._starts = [first for _ordinal, first, _last in spans]
        self._longest = max((last - first for _ordinal, first, last in spans), default=0)

    def pieces(self, text: str, start: int, end: int) -> list[Piece]:
        """``text[start:end]`` cut where a chunk begins or ends, each piece with the chunks that it lies in."""
        low = bisect_left(self._starts, start - self._longest)
        high = bisect_left(self._starts, end)
        near = [span for span in self._spans[low:high] if span[2] > start]
        inner = {place for _ordinal, *places in near for place in places if start < place < end}
        edges = [start, *sorted(inner), end]
        return [
            Piece(text[first:last], False, tuple(span[0] for span in near if span[1] <= first and span[2] >= last))
            for first, last in pairwise(edges)
        ]


class Span:
    """The characters to mark, ``start`` up to ``end``; an empty one marks nothing."""

    def __init__(self, start: int, end: int, length: int) -> None:
        self.start = max(0, min(start, length))
        self.end = max(self.start, min(end, length))

    def pieces(self, text: str, start: int, end: int) -> list[Piece]:
        """``text[start:end]`` cut where the span begins and ends."""
        inside_start, inside_end = max(start, self.start), min(end, self.end)
        if inside_start >= inside_end:
            return [Piece(text[start:end], False)]
        runs = ((start, inside_start, False), (inside_start, inside_end, True), (inside_end, end, False))
        return [Piece(text[first:last], marked) for first, last, marked in runs if first < last]


def part_of(text: str, blocks: list[RawBlock], span: Marking, number: int | None) -> Part:
    """The part with this number, or the one where the span begins when no number is given."""
    number, count, first, last = _place(blocks, span.start, number)
    before = blocks[first - 1][2] if first else 0
    shown = []
    for raw in blocks[first:last]:
        shown.append(_shown(text, raw, text[before : raw[1]].strip(), span))
        before = raw[2]
    return Part(number, count, shown)


def part_with_chunks(text: str, blocks: list[RawBlock], at: int, number: int | None, spans: SpansBetween) -> Part:
    """The part with this number, or the one at the offset ``at``, each piece with the chunks that it lies in."""
    number, _count, first, last = _place(blocks, at, number)
    start, end = (blocks[first][1], blocks[last - 1][2]) if first < last else (0, 0)
    return part_of(text, blocks, ChunkSpans(spans(start, end), at), number)


def _place(blocks: list[RawBlock], at: int, number: int | None) -> tuple[int, int, int, int]:
    """Number of the part, how many there are, and its blocks as the first position and the one after the last."""
    firsts = _first_blocks(blocks)
    if number is None:
        position = bisect_right([block[1] for block in blocks], at) - 1
        number = bisect_right(firsts, max(position, 0))
    number = max(1, min(number, len(firsts)))
    last = firsts[number] if number < len(firsts) else len(blocks)
    return number, len(firsts), firsts[number - 1], last


def _first_blocks(blocks: list[RawBlock]) -> list[int]:
    """Where each part begins, as positions in ``blocks``."""
    firsts = [0]
    begin = blocks[0][1] if blocks else 0
    for position, (_kind, start, _end, _level) in enumerate(blocks):
        if start - begin >= PART_CHARS or position - firsts[-1] >= BLOCKS_PER_PART:
            firsts.append(position)
            begin = start
    return firsts


def _shown(text: str, raw: RawBlock, marker: str, span: Marking) -> ShownBlock:
    kind, start, end, level = raw
    if kind == "table":
        rows = _table_rows(text, start, end, span)
        if rows:
            return ShownBlock(kind, level, rows=rows)
        kind = "code"
    if kind == "list_item":
        if not marker:
            marker, start = _printed_marker(text, start, end)
        marker = marker if any(map(str.isalnum, marker)) else "\u2022"
    return ShownBlock(kind, level, marker, span.pieces(text, start, end))


def _printed_marker(text: str, start: int, end: int) -> tuple[str, int]:
    """The marker that an item begins with in the text itself, as in a PDF, and where what it marks begins."""
    found = FIRST_WORD.match(text, start, end)
    if found is None or not LIST_MARKER.match(found[1]):
        return "", start
    return found[1], found.end()


def _table_rows(text: str, start: int, end: int, span: Marking) -> list[list[list[Piece]]]:
    """The cells of a Markdown table; none when its lines do not look like one."""
    rows = []
    at = start
    for line in text[start:end].splitlines(keepends=True):
        bare = line.strip()
        if not bare.startswith("|"):
            return []
        if not (TABLE_RULE.fullmatch(bare) and "-" in bare):
            rows.append(_cells(text, at + line.index("|") + 1, at + len(line.rstrip()), span))
        at += len(line)
    return rows


def _cells(text: str, start: int, end: int, span: Marking) -> list[list[Piece]]:
    cells = []
    while start < end:
        match = CELL.match(text, start, end)
        close = match.end() if match else end
        inner = text[start:close]
        first = start + len(inner) - len(inner.lstrip())
        cells.append(span.pieces(text, first, max(first, start + len(inner.rstrip()))))
        start = close + 1
    return cells
