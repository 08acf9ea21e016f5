"""Gathers a PDF page's words, in the file's order, into lines of type."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.parsing.pdf_words import WIDE, Way, Word

_CELL_GAP = 1.6
_SPACED_OUT = 4


@dataclass(slots=True)
class Line:
    """Words on one line of type; boxes in points, origin top left."""

    words: list[Word] = field(default_factory=list)
    x0: float = 0.0
    y0: float = 0.0
    x1: float = 0.0
    y1: float = 0.0
    _size: float = 0.0
    _starts: list[int] | None = None

    def add(self, word: Word) -> None:
        """Append a word and grow around it."""
        if not self.words:
            self.x0, self.y0, self.x1, self.y1 = word.x0, word.y0, word.x1, word.y1
        self.words.append(word)
        self._size, self._starts = 0.0, None
        self.x0, self.y0 = min(self.x0, word.x0), min(self.y0, word.y0)
        self.x1, self.y1 = max(self.x1, word.x1), max(self.y1, word.y1)

    @property
    def size(self) -> float:
        """Height of most of its type, points."""
        if not self._size:
            heights: dict[float, int] = {}
            for word in self.words:
                size = round(word.size, 1)
                heights[size] = heights.get(size, 0) + len(word.text)
            self._size = max(max(heights, key=heights.__getitem__), 0.1)
        return self._size

    @property
    def bold(self) -> bool:
        """Whether all of it is set in a bold face."""
        return all(word.bold for word in self.words)

    @property
    def upright(self) -> bool:
        """False for a line that runs up or down the page."""
        return all(word.upright for word in self.words)

    def cell_starts(self) -> list[int]:
        """Indices of the words before which a wide gap stands, as between the cells of a table."""
        if self._starts is None:
            gap = _CELL_GAP * self.size
            self._starts = [i for i in range(1, len(self.words)) if self.words[i].x0 - self.words[i - 1].x1 > gap]
        return self._starts


def lines_of(words: Sequence[Word], way: Way = "level") -> list[Line]:
    """Words in the file's order, gathered into lines. ``way``: which way the text ran before the page was turned."""
    lines: list[Line] = []
    begun = 0
    for word in words:
        ends = word.breaks and not (lines and _continues_line(lines[-1], word))
        # Where lines do not run level, or from the right, PDFium's line ends may be missing and its order reversed.
        apart = way != "level" and bool(lines) and word.upright and not _overlap(lines[-1].words[-1], word)
        if way == "mirrored" and ends:
            lines[begun:] = sorted(lines[begun:], key=lambda line: line.y0)
            begun = len(lines)
        if not lines or apart or (ends and way in ("level", "mirrored")):
            lines.append(Line())
        lines[-1].add(word)
    if way == "mirrored":
        lines[begun:] = sorted(lines[begun:], key=lambda line: line.y0)
    for line in lines:
        _unspace(line)
    return lines


def _unspace(line: Line) -> None:
    """Take the spaces out of a line of Chinese or Japanese set in wide spacing: all its characters stand alone."""
    if WIDE.match(line.words[0].text) or WIDE.match(line.words[-1].text):
        wide = [word for word in line.words if WIDE.match(word.text)]
        if len(wide) >= _SPACED_OUT and all(len(word.text) == 1 for word in wide):
            for before, word in pairwise(line.words):
                if WIDE.match(before.text) and WIDE.match(word.text):
                    word.spaced = False


def _overlap(before: Word, word: Word) -> bool:
    """Whether they have height in common, as all on one line have, small type set high or low too."""
    shared = min(before.y1, word.y1) - max(before.y0, word.y0)
    return not before.upright or shared > 0.25 * min(before.height, word.height)


def _continues_line(line: Line, word: Word) -> bool:
    """True when the word stands on the same height and to the right, as the next cell of a row does."""
    overlap = min(line.y1, word.y1) - max(line.y0, word.y0)
    return overlap > 0.5 * min(line.y1 - line.y0, word.height) and word.x0 >= line.words[-1].x1 - 1
