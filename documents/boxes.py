"""Where a span of text stands on its pages, as few boxes as will cover it."""

from collections.abc import Iterable
from dataclasses import dataclass

from documents.models import DocumentPage, DocumentVersion

MAX_SPAN_PAGES = 50
NEAR_POINTS = 48.0
"""A click further from any word than this means none."""

Rectangle = tuple[float, float, float, float]
"""x0, y0, x1, y1 in points, origin at the top left."""


@dataclass(frozen=True, slots=True)
class PageBoxes:
    """The boxes of a span on one page of this number and size in points."""

    number: int
    width: float
    height: float
    boxes: list[Rectangle]


def span_boxes(version: DocumentVersion, start: int, end: int) -> list[PageBoxes]:
    """The boxes of ``text[start:end]``, page by page; no more than MAX_SPAN_PAGES pages."""
    if start >= end:
        return []
    pages = version.pages.filter(start__lt=end, end__gt=start).order_by("number")[:MAX_SPAN_PAGES]
    return [PageBoxes(page.number, page.width, page.height, _on_page(page, start, end)) for page in pages]


def _on_page(page: DocumentPage, start: int, end: int) -> list[Rectangle]:
    return joined((x0, y0, x1, y1) for first, last, x0, y0, x1, y1 in page.boxes if first < end and last > start)


def joined(words: Iterable[Rectangle]) -> list[Rectangle]:
    """Words of a line that follow each other as one box, so that a mark has no gaps."""
    lines: list[Rectangle] = []
    for x0, y0, x1, y1 in words:
        if lines:
            left, top, right, bottom = lines[-1]
            height = max(y1 - y0, bottom - top)
            same_line = min(y1, bottom) - max(y0, top) > 0.5 * min(y1 - y0, bottom - top)
            if same_line and -0.5 * height <= x0 - right <= 1.5 * height:
                lines[-1] = (min(left, x0), min(top, y0), max(right, x1), max(bottom, y1))
                continue
        lines.append((x0, y0, x1, y1))
    return lines


def offset_at(page: DocumentPage, x: float, y: float) -> int | None:
    """Where the word nearest to a point begins in the text; None when nothing is within ``NEAR_POINTS``."""
    nearest, offset = NEAR_POINTS, None
    for start, _end, x0, y0, x1, y1 in page.boxes:
        away = max(x0 - x, x - x1, 0) + max(y0 - y, y - y1, 0)
        if away < nearest:
            nearest, offset = away, start
    return offset
