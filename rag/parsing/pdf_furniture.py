"""Leaves out what stands on a page for the page's sake: running headers and footers, page numbers, stamps of archives.

Sure signs are needed. A line near the upper or lower edge that comes again on other pages, whatever numbers are in it,
is said once, where it comes first. A page number, alone or as a piece of such a line, and the few forms in which
archives say where a file came from, are told by place and form on a single page too.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from rag.parsing.pdf_lines import Line
from rag.parsing.pdf_ruling import Grid

_EDGE = 0.12
_NUMBER_EDGE = 0.1
_RIM = 0.045
_SIDE = 0.08
_OUTERMOST = 4
_ON_PAGES = 3
_MOST_KNOWN = 5000
_SMALL = 0.75
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|seite|página|pagina|p\.|s\.)?\s*(?:\d{1,4}|[ivxl]{1,6}|[a-z]-?\d{1,3})"
    r"(?:\s*(?:of|von|de|sur|di|/)\s*\d{1,5})?\W*",
    re.IGNORECASE,
)
_WORDY_NUMBER = re.compile(r"\W*(?:page|seite|página|pagina)\s*\d{1,5}\b.{0,20}", re.IGNORECASE)
_STAMP = re.compile(
    r"download(?:ed)?\s+(?:from|by|on|date)\b|arxiv:\d{4}\.\d{4,5}|published by \S+ scholarsarchive", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")


class Furniture:
    """Knows the lines that come again near the edges of a document's pages."""

    def __init__(self, body: float) -> None:
        """``body``: the size of most of the type, points."""
        self.body = body
        self._known: set[tuple[bool, str]] = set()
        self._said: set[tuple[bool, str]] = set()

    def learn(self, pages: Iterable[tuple[Sequence[Line], float, Sequence[Grid]]]) -> None:
        """Look for lines that come again on these pages, each its lines, height in points and ruled grids."""
        counts: Counter[tuple[bool, str]] = Counter()
        number = 0
        for lines, height, grids in pages:
            number += 1
            counts.update({_key(line, height) for line in _at_edges(lines, height) if not _in_grid(line, grids)})
        least = _ON_PAGES if number > _ON_PAGES else 2
        for key, count in counts.items():
            if count >= least and number > 1 and len(self._known) < _MOST_KNOWN:
                self._known.add(key)

    def without(self, lines: Sequence[Line], size: tuple[float, float], grids: Sequence[Grid] = ()) -> list[Line]:
        """The lines of a page, ``size`` (width, height) in points, that are not furniture."""
        edge = {id(line) for line in _at_edges(lines, size[1]) if not _in_grid(line, grids)}
        outer = _outer_numbers([line for line in lines if id(line) in edge], size[1])
        kept: list[Line] = []
        for line in lines:
            if id(line) in outer or _is_stamp(line, size):
                continue
            if id(line) in edge and (self._comes_again(line, size[1]) or self._is_small_print(line, size[1])):
                continue
            kept.append(line)
        return kept

    def _comes_again(self, line: Line, height: float) -> bool:
        key = _key(line, height)
        if key not in self._known:
            return False
        if key in self._said or _PAGE_NUMBER.fullmatch(_text(line)):
            return True
        self._said.add(key)
        return False

    def _is_small_print(self, line: Line, height: float) -> bool:
        """Whether it is in much smaller type than the body, on the rim of the page where nothing else is printed."""
        rim = line.y1 <= _RIM * height or line.y0 >= (1 - _RIM) * height
        return rim and line.size < _SMALL * self.body and len(line.words) < 30


def _text(line: Line) -> str:
    return " ".join(word.text for word in line.words)


def _key(line: Line, height: float) -> tuple[bool, str]:
    """Whether it stands in the page's upper half, and its text with all numbers alike."""
    return line.y0 < height / 2, _DIGITS.sub("#", _text(line).casefold())[:200]


def _at_edges(lines: Sequence[Line], height: float) -> list[Line]:
    """The outermost lines near the upper and the lower edge."""
    upper = sorted((line for line in lines if line.y1 <= _EDGE * height and line.upright), key=lambda line: line.y0)
    lower = sorted(
        (line for line in lines if line.y0 >= (1 - _EDGE) * height and line.upright), key=lambda line: -line.y1
    )
    return upper[:_OUTERMOST] + lower[:_OUTERMOST]


def _in_grid(line: Line, grids: Sequence[Grid]) -> bool:
    return any(grid.cell_at((line.x0 + line.x1) / 2, (line.y0 + line.y1) / 2) is not None for grid in grids)


def _outer_numbers(edge: Sequence[Line], height: float) -> set[int]:
    """The lines, by identity, that are page numbers or hold one as the piece at an end, outside of all others."""
    found: set[int] = set()
    for upper in (True, False):
        side = [line for line in edge if (line.y0 < height / 2) == upper]
        near = [
            line
            for line in side
            if (line.y1 <= _NUMBER_EDGE * height if upper else line.y0 >= (1 - _NUMBER_EDGE) * height)
        ]
        for line in near:
            inside = [other for other in side if other is not line and not _beyond(line, other, upper)]
            numbered = _PAGE_NUMBER.fullmatch(_text(line)) or _WORDY_NUMBER.fullmatch(_text(line))
            if inside and not numbered:
                continue
            if numbered or _holds_number(line):
                found.add(id(line))
    return found


def _beyond(line: Line, other: Line, upper: bool) -> bool:
    """Whether ``line`` is nearer to the edge than ``other``, or as near."""
    return line.y0 <= other.y0 + 2 if upper else line.y1 >= other.y1 - 2


def _holds_number(line: Line) -> bool:
    """Whether one of the line's pieces, with wide gaps between, is a page number."""
    starts = [0, *line.cell_starts(), len(line.words)]
    pieces = [line.words[first:last] for first, last in pairwise(starts)]
    return 2 <= len(pieces) <= 3 and any(
        len(piece) == 1 and _PAGE_NUMBER.fullmatch(piece[0].text) and piece[0].text.strip("-–. ").isdigit()
        for piece in pieces
    )


def _is_stamp(line: Line, size: tuple[float, float]) -> bool:
    width, height = size
    margin = line.y1 <= _EDGE * height or line.y0 >= (1 - _EDGE) * height
    side = line.x1 <= _SIDE * width or line.x0 >= (1 - _SIDE) * width
    return (margin or side) and bool(_STAMP.match(_text(line)))
