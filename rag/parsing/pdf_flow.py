"""Follows a text from one column or page of a PDF to the next: paragraphs that go on there, and notes at their feet."""

import re
from collections.abc import Sequence

from rag.parsing.pdf_layout import SENTENCE_END, LayoutStyle, Paragraph, full_width

_NOTE_MARK = re.compile(r"[*†‡§¶]{1,3}\w*|\(?\d{1,3}(?:[.):]|$|[A-Z‘“\"])|\[\d{1,3}\]")
_NOTE_SIZE = 0.93
_FULL = 0.85
_LONG = 0.6
_DIVIDED = ("-", "‐", "\xad")


def with_notes_last(paragraphs: Sequence[Paragraph], style: LayoutStyle) -> tuple[list[Paragraph], list[Paragraph]]:
    """A page's paragraphs without the notes at its foot, and these.

    Notes that stand at the foot of a column inside of a paragraph that goes on in the next column come after it.
    """
    flow: list[Paragraph] = []
    aside: list[Paragraph] = []
    width = width_of(paragraphs)
    for paragraph in paragraphs:
        if _is_aside(paragraph, aside, style):
            aside.append(paragraph)
            continue
        if aside and flow and goes_on(flow[-1], paragraph, width):
            last = flow.pop()
            flow.append(Paragraph(last.kind, [*last.lines, *paragraph.lines], last.level))
            flow += aside
        else:
            flow += aside
            flow.append(paragraph)
        aside = []
    notes = aside if any(_is_note(paragraph, style) for paragraph in aside) else []
    return (flow, notes) if notes else ([*flow, *aside], [])


def _is_aside(paragraph: Paragraph, before: Sequence[Paragraph], style: LayoutStyle) -> bool:
    """Whether it is a note, what follows one in small type, or a caption: text does not end there."""
    if paragraph.kind == "caption" or _is_note(paragraph, style):
        return True
    return bool(before) and _is_note(before[0], style) and _is_small(paragraph, style)


def _is_note(paragraph: Paragraph, style: LayoutStyle) -> bool:
    return _is_small(paragraph, style) and bool(_NOTE_MARK.match(paragraph.lines[0].words[0].text))


def _is_small(paragraph: Paragraph, style: LayoutStyle) -> bool:
    return paragraph.kind in ("paragraph", "list_item") and all(
        line.size < _NOTE_SIZE * style.body for line in paragraph.lines
    )


def may_go_on(paragraph: Paragraph) -> bool:
    """Whether a paragraph that ends a page has no end yet."""
    if paragraph.kind not in ("paragraph", "list_item"):
        return False
    return paragraph.lines[-1].upright and not SENTENCE_END.search(paragraph.lines[-1].words[-1].text)


def goes_on(paragraph: Paragraph, after: Paragraph, width: float) -> bool:
    """Whether ``after``, at the top of the next column or page, is the rest of ``paragraph``. ``width``: that of a full
    line, points.

    It is when no sentence ends before it, the type is the same, and the line before is full, or long where it begins in
    lower case.
    """
    if not may_go_on(paragraph) or after.kind != "paragraph":
        return False
    last, first = paragraph.lines[-1], after.lines[0]
    end, start = last.words[-1].text, first.words[0].text.lstrip("\"'“‘„«([")
    alike = abs(last.size - first.size) <= 0.12 * last.size and last.words[-1].bold == first.words[0].bold
    if not alike or not first.upright:
        return False
    if last.cell_starts() or first.cell_starts() or not start:
        return False
    length = last.x1 - last.x0
    if start[0].islower() and (length >= _LONG * width or end.endswith(_DIVIDED)):
        return True
    if len(after.lines) > 1 and first.x0 > after.lines[1].x0 + 0.8 * first.size:
        return False
    full = length >= _FULL * width and len(paragraph.lines) > 1
    return full and (start[0].isalnum() or end.endswith(_DIVIDED))


def width_of(paragraphs: Sequence[Paragraph]) -> float:
    """The width of a full line of these paragraphs, points."""
    return full_width([line for paragraph in paragraphs for line in paragraph.lines])
