"""Adds a page's lines to a document: its paragraphs as blocks, its words as boxes."""

from collections.abc import Iterator, Sequence

from rag.parsing.building import DocumentBuilder
from rag.parsing.model import Box, Page
from rag.parsing.pdf_layout import LayoutStyle, Paragraph, paragraphs_of
from rag.parsing.pdf_lines import Line
from rag.parsing.pdf_ruling import Grid


def add_page(
    builder: DocumentBuilder,
    number: int,
    lines: list[Line],
    style: LayoutStyle,
    size: tuple[float, float],
    *,
    scanned: bool = False,
    grids: Sequence[Grid] = (),
) -> Page:
    """Append what stands on page ``number``, ``size`` (width, height) in points, and return the page with its boxes."""
    width, height = round(size[0], 2), round(size[1], 2)
    boxes: list[Box] = []
    start: int | None = None
    end = builder.length
    for paragraph in paragraphs_of(lines, style, grids):
        text, spans = paragraph.text_and_spans(style)
        if not text.strip():
            continue
        at = builder.add(paragraph.kind, text, level=paragraph.level)
        start = at if start is None else start
        end = builder.length
        boxes.extend(_boxes(paragraph, spans, at, width, height))
    return Page(number, end if start is None else start, end, width, height, tuple(boxes), scanned)


def _boxes(paragraph: Paragraph, spans: list[tuple[int, int]], at: int, width: float, height: float) -> Iterator[Box]:
    """The boxes of a paragraph's words, cut to the page; a word without extent has none."""
    for word, (start, end) in zip(paragraph.words(), spans, strict=True):
        x0, x1 = max(0.0, round(word.x0, 2)), min(width, round(word.x1, 2))
        y0, y1 = max(0.0, round(word.y0, 2)), min(height, round(word.y1, 2))
        if x0 < x1 and y0 < y1:
            yield Box(at + start, at + end, x0, y0, x1, y1)
