"""Gathers a PDF page's words, in the file's order, into lines of type."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.parsing.pdf_words import Word

BULLET = re.compile(r"(?:[•●○▪■□◦‣⁃∙·➢➤✓✔*–—-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]|\[\d{1,3}\])$")
"""The sign, number or letter that a list item begins with, as a word."""

_CELL_GAP = 1.6


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


def lines_of(words: Sequence[Word]) -> list[Line]:
    """Words in the file's order, gathered into lines."""
    lines: list[Line] = []
    for word in words:
        if not lines or (word.breaks and not _continues_line(lines[-1], word)):
            lines.append(Line())
        lines[-1].add(word)
    return lines


def _continues_line(line: Line, word: Word) -> bool:
    """True when the word stands on the same height and to the right, as the next cell of a row does."""
    overlap = min(line.y1, word.y1) - max(line.y0, word.y0)
    return overlap > 0.5 * min(line.y1 - line.y0, word.height) and word.x0 >= line.words[-1].x1 - 1
