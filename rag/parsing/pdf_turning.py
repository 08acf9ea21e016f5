"""Turns a PDF page so that its text runs from left to right and from top to bottom, whichever way it was written.

Lines, columns and tables are then found in one way for Arabic and Hebrew (the page is mirrored), for Chinese and
Japanese written downwards and for pages set sideways or upside down (it is rotated). Boxes are turned back at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.parsing.pdf_words import RIGHT_TO_LEFT, WIDE, Way, Word

Box4 = tuple[float, float, float, float]

_FEWEST = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """Which way a page's text runs. ``width`` and ``height``: the page as displayed, points."""

    way: Way
    width: float
    height: float

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the turned page, points."""
        return (self.height, self.width) if self.way in ("down", "up") else (self.width, self.height)

    @property
    def rotated(self) -> bool:
        """Whether lines do not run level on the page as displayed: the file's order says little then."""
        return self.way in ("down", "up", "over")

    def turned(self, x0: float, y0: float, x1: float, y1: float) -> Box4:
        """A box of the displayed page on the turned one."""
        match self.way:
            case "mirrored":
                return self.width - x1, y0, self.width - x0, y1
            case "down":
                return y0, self.width - x1, y1, self.width - x0
            case "up":
                return self.height - y1, x0, self.height - y0, x1
            case "over":
                return self.width - x1, self.height - y1, self.width - x0, self.height - y0
            case _:
                return x0, y0, x1, y1

    def back(self, x0: float, y0: float, x1: float, y1: float) -> Box4:
        """A box of the turned page on the displayed one."""
        match self.way:
            case "down":
                return self.width - y1, x0, self.width - y0, x1
            case "up":
                return y0, self.height - x1, y1, self.height - x0
            case _:
                return self.turned(x0, y0, x1, y1)


def turn_words(words: Sequence[Word], width: float, height: float) -> Turn:
    """How most of the page's text runs; the words are moved accordingly."""
    turn = Turn(_way(words), width, height)
    if turn.way != "level":
        for word in words:
            word.x0, word.y0, word.x1, word.y1 = turn.turned(word.x0, word.y0, word.x1, word.y1)
    return turn


def _way(words: Sequence[Word]) -> Way:
    counts: dict[Way, int] = {}
    total = backwards = 0
    before: Word | None = None
    for word in words:
        length = len(word.text)
        total += length
        backwards += len(RIGHT_TO_LEFT.findall(word.text)) if not word.text.isascii() else 0
        way = _way_of(word, before)
        if way is not None:
            counts[way] = counts.get(way, 0) + length
        before = word
    for way, count in counts.items():
        if 2 * count > total and count >= _FEWEST:
            return way
    return "mirrored" if 2 * backwards > total else "level"


def _way_of(word: Word, before: Word | None) -> Way | None:
    """Which way a word runs that does not run level; ``before``: the one before it in the file's order."""
    if word.angle == 180:
        return "over"
    wide = WIDE.match(word.text)
    if word.upright:
        return "down" if wide and before is not None and _stands_below(word, before) else None
    if word.angle == 0:
        # Chinese and Japanese written downwards have their characters upright, one below the other.
        return "down" if wide else None
    return "down" if word.angle == 90 else "up"


def _stands_below(word: Word, before: Word) -> bool:
    """Whether single characters stand one right below the other."""
    size = word.height
    aside = abs(word.x0 + word.x1 - before.x0 - before.x1) / 2
    return len(word.text) == len(before.text) == 1 and aside < 0.3 * size and 0 < word.y0 - before.y0 < 1.6 * size
