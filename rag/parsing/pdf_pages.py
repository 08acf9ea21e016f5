"""Adds the pages of a PDF to a document: their paragraphs as blocks, their words as boxes.

A paragraph that goes on on the next page is one block; each page has its part of it. So that the pages follow each
other in the text, notes at the foot of a page are then written before that paragraph.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rag.parsing.building import DocumentBuilder
from rag.parsing.model import Box, Page
from rag.parsing.pdf_flow import goes_on, may_go_on, width_of, with_notes_last
from rag.parsing.pdf_layout import LayoutStyle, Paragraph, paragraphs_of
from rag.parsing.pdf_lines import Line
from rag.parsing.pdf_ruling import Grid
from rag.parsing.pdf_turning import Turn
from rag.parsing.pdf_words import Word

_MOST_PIECES = 20


@dataclass(slots=True)
class PageLines:
    """One page, read: its lines and ruled grids, turned so that they run level; ``loaded`` is false for a page that
    PDFium cannot open, ``scanned`` true for one whose text was read from its picture."""

    number: int
    turn: Turn
    lines: list[Line] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    loaded: bool = True
    scanned: bool = False


@dataclass(slots=True)
class _Draft:
    """A page of the document that is being written."""

    page: PageLines
    start: int | None = None
    end: int = 0
    boxes: list[Box] = field(default_factory=list)


class PageWriter:
    """Writes page after page to a builder."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._pages: list[Page] = []
        self._waiting: list[_Draft] = []
        self._open: list[tuple[_Draft, Paragraph]] = []
        self._width = 0.0
        self._style = LayoutStyle()

    def add(self, page: PageLines, lines: Sequence[Line], style: LayoutStyle) -> None:
        """Append what stands on a page: ``lines`` of it, those that are no furniture."""
        self._style = style
        draft = _Draft(page)
        self._waiting.append(draft)
        turn = page.turn
        found = paragraphs_of(lines, style, page.grids, unordered=turn.rotated, mirrored=turn.way == "mirrored")
        if not found:
            return
        flow, notes = with_notes_last(found, style)
        if self._open and flow and goes_on(self._open[-1][1], flow[0], self._width):
            self._open.append((draft, flow.pop(0)))
            if not flow and not notes and len(self._open) < _MOST_PIECES:
                return
        self._close()
        self._width = width_of(found)
        held = [flow.pop()] if flow and may_go_on(flow[-1]) else []
        for paragraph in [*flow, *notes]:
            self._write([(draft, paragraph)])
        if held:
            self._open = [(draft, held[0])]
        else:
            self._settle()

    def finish(self) -> tuple[Page, ...]:
        """The pages; to be called once, at the end."""
        self._close()
        self._settle()
        return tuple(self._pages)

    def _close(self) -> None:
        """Write the paragraph that was held back because it might go on."""
        if self._open:
            self._write(self._open)
            self._open = []

    def _write(self, pieces: Sequence[tuple[_Draft, Paragraph]]) -> None:
        """Append one paragraph, which may stand on several pages."""
        whole = pieces[0][1]
        if len(pieces) > 1:
            whole = Paragraph(whole.kind, [line for _, piece in pieces for line in piece.lines], whole.level)
        text, spans = whole.text_and_spans(self._style)
        if not text.strip():
            return
        at = self._builder.add(whole.kind, text, level=whole.level)
        begun = 0
        for number, (draft, piece) in enumerate(pieces):
            words = piece.words()
            own = spans[begun : begun + len(words)]
            begun += len(words)
            draft.start = (at + own[0][0] if number else at) if draft.start is None else draft.start
            draft.end = at + own[-1][1] if number < len(pieces) - 1 else self._builder.length
            draft.boxes.extend(_boxes(words, own, at, draft.page.turn))

    def _settle(self) -> None:
        """Make pages of the drafts of which all is written."""
        for draft in self._waiting:
            turn = draft.page.turn
            end = self._pages[-1].end if self._pages else 0
            start, end = (end, end) if draft.start is None else (draft.start, draft.end)
            width, height = round(turn.width, 2), round(turn.height, 2)
            self._pages.append(
                Page(draft.page.number, start, end, width, height, tuple(draft.boxes), draft.page.scanned)
            )
        self._waiting = []


def _boxes(words: Sequence[Word], spans: Sequence[tuple[int, int]], at: int, turn: Turn) -> Iterator[Box]:
    """The boxes of words on the page as displayed, cut to it; a word without extent has none."""
    width, height = round(turn.width, 2), round(turn.height, 2)
    for word, (start, end) in zip(words, spans, strict=True):
        x0, y0, x1, y1 = turn.back(word.x0, word.y0, word.x1, word.y1)
        x0, x1 = max(0.0, round(x0, 2)), min(width, round(x1, 2))
        y0, y1 = max(0.0, round(y0, 2)), min(height, round(y1, 2))
        if x0 < x1 and y0 < y1:
            yield Box(at + start, at + end, x0, y0, x1, y1)
