"""Pages of a PDF, filled from the top: lines, blocks, and at the foot of each the title and its number."""

import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from chat.exports.typeset.blocks import Block
from chat.exports.typeset.faces import ACCENT, RULE, SHADE, SOFT, Colour, Run, Style
from chat.exports.typeset.lines import Glyph, Line, Paragraph, paragraph

PAGE_WIDTH, PAGE_HEIGHT = A4
MARGIN = 76.0
BOTTOM = 84.0
FOOT = 46.0
MEASURE = PAGE_WIDTH - 2 * MARGIN
LEADING = 1.5
_CELL = 5.0
_MOST_COLUMNS = 12


class Pages:
    """A growing PDF; ``bytes()`` ends it."""

    def __init__(self, title: str) -> None:
        self._bytes = io.BytesIO()
        self._canvas: Any = Canvas(self._bytes, pagesize=A4, pageCompression=1)
        self._canvas.setTitle(title)
        self._canvas.setCreator("Footnote")
        self._title = title
        self._number = 1
        self._y = PAGE_HEIGHT - MARGIN

    def bytes(self) -> bytes:
        """End the last page; the whole file."""
        self._foot()
        self._canvas.save()
        return self._bytes.getvalue()

    def space(self, height: float) -> None:
        """Leave room, unless a page has just begun."""
        if self._y < PAGE_HEIGHT - MARGIN:
            self._y -= height

    def keep(self, height: float) -> None:
        """Go to the next page unless this much is left on this one."""
        if self._y - height < BOTTOM:
            self._foot()
            self._canvas.showPage()
            self._number += 1
            self._y = PAGE_HEIGHT - MARGIN

    def rule(self, width: float = MEASURE) -> None:
        """A thin line across, or as wide as said."""
        self.keep(8)
        self._y -= 4
        self._stroke(MARGIN, self._y, MARGIN + width, self._y)
        self._y -= 4

    def text(self, runs: Sequence[Run], indent: float = 0.0, marker: str = "", quoted: int = 0) -> None:
        """A paragraph; ``marker`` stands before its first line, a line beside it where it is ``quoted``."""
        style = runs[0][1] if runs else Style()
        leading = max((each.size for _text, each in runs if not each.rise), default=style.size) * LEADING
        set_ = paragraph(runs, MEASURE - indent)
        for at, line in enumerate(set_.lines):
            self._begin(leading)
            x = self._start(line, set_, indent)
            self._draw(line, x)
            if marker and at == 0:
                self._marker(marker, style, indent, set_.rtl)
            if quoted:
                side = PAGE_WIDTH - MARGIN - indent + 6 if set_.rtl else MARGIN + indent - 8
                self._stroke(side, self._y - leading * 0.3, side, self._y + leading * 0.7)

    def block(self, block: Block) -> None:
        """A block of Markdown with the room before it."""
        self.space(3 if block.marker else 7)
        if block.kind == "text":
            if block.is_heading:
                self.space(5)
                self.keep(60)
            self.text(block.runs, block.indent, block.marker, block.quoted)
        elif block.kind == "code":
            self._code(block)
        elif block.kind == "table":
            self._table(block)
        else:
            self.rule()

    def _code(self, block: Block) -> None:
        set_ = paragraph(block.runs, MEASURE - block.indent - 16)
        leading = 8.5 * 1.45
        for line in set_.lines:
            self._begin(leading)
            self._fill(MARGIN + block.indent, self._y - leading * 0.3, MEASURE - block.indent, leading)
            self._draw(line, MARGIN + block.indent + 8)

    def _table(self, block: Block) -> None:
        columns = min(_MOST_COLUMNS, max((len(row) for row in block.cells), default=0))
        if not columns:
            return
        room = MEASURE - block.indent
        widths = _widths([row[:columns] for row in block.cells], columns, room)
        rtl = any(paragraph(cell, room).rtl for cell in block.cells[0])
        for number, row in enumerate(block.cells):
            cells = [
                paragraph(cell, width - _CELL, otherwise_rtl=rtl) for cell, width in zip(row, widths, strict=False)
            ]
            for at in range(max((len(cell.lines) for cell in cells), default=0)):
                self._begin(9.0 * LEADING)
                used = 0.0
                for cell, width in zip(cells, widths, strict=False):
                    x = (
                        PAGE_WIDTH - MARGIN - block.indent - used - width + _CELL
                        if rtl
                        else MARGIN + block.indent + used
                    )
                    if at < len(cell.lines):
                        shift = width - _CELL - cell.lines[at].width if cell.rtl else 0.0
                        self._draw(cell.lines[at], x + shift)
                    used += width
            self._y -= 4
            start, end = (0.0, block.indent) if rtl else (block.indent, 0.0)
            self._stroke(MARGIN + start, self._y, PAGE_WIDTH - MARGIN - end, self._y, RULE if number else SOFT)
            self._y -= 1

    def _begin(self, leading: float) -> None:
        """Go down to the base of the next line."""
        self.keep(leading)
        self._y -= leading

    def _start(self, line: Line, set_: Paragraph, indent: float) -> float:
        return PAGE_WIDTH - MARGIN - indent - line.width if set_.rtl else MARGIN + indent

    def _marker(self, marker: str, style: Style, indent: float, rtl: bool) -> None:
        line = paragraph([(marker, style.but(colour=SOFT))], MEASURE).lines[0]
        self._draw(line, PAGE_WIDTH - MARGIN - indent + 5 if rtl else MARGIN + indent - line.width - 5)

    def _draw(self, line: Line, x: float) -> None:
        at = 0
        glyphs = line.glyphs
        while at < len(glyphs):
            end = at
            while end < len(glyphs) and (glyphs[end].font, glyphs[end].style) == (glyphs[at].font, glyphs[at].style):
                end += 1
            x += self._draw_alike(glyphs[at:end], x)
            at = end

    def _draw_alike(self, glyphs: Sequence[Glyph], x: float) -> float:
        """Draw glyphs of one font and style; their width."""
        style = glyphs[0].style
        width = sum(glyph.width for glyph in glyphs)
        self._canvas.setFont(glyphs[0].font, style.size)
        self._canvas.setFillColorRGB(*style.colour)
        self._canvas.drawString(x, self._y + style.rise, "".join(glyph.char for glyph in glyphs))
        if style.link:
            box = (x, self._y - style.size * 0.25, x + width, self._y + style.size * 0.8)
            self._canvas.linkURL(style.link, box, relative=0)
            self._stroke(x, self._y - 1.5, x + width, self._y - 1.5, ACCENT)
        return width

    def _stroke(self, x: float, y: float, to_x: float, to_y: float, colour: Colour = RULE) -> None:
        self._canvas.setStrokeColorRGB(*colour)
        self._canvas.setLineWidth(0.5)
        self._canvas.line(x, y, to_x, to_y)

    def _fill(self, x: float, y: float, width: float, height: float) -> None:
        self._canvas.setFillColorRGB(*SHADE)
        self._canvas.rect(x, y, width, height, stroke=0, fill=1)

    def _foot(self) -> None:
        kept, self._y = self._y, FOOT
        style = Style(size=8.5, colour=SOFT)
        number = paragraph([(str(self._number), style)], MEASURE).lines[0]
        title = paragraph([(self._title, style)], MEASURE - 60)
        self._draw(title.lines[0], MARGIN)
        self._draw(number, PAGE_WIDTH - MARGIN - number.width)
        self._y = kept


def _widths(rows: Sequence[Sequence[Sequence[Run]]], columns: int, room: float) -> list[float]:
    """Of each column: what its longest cell takes where there is room, else a share by that."""
    wanted = [_CELL * 3] * columns
    for row in rows:
        for at, cell in enumerate(row):
            lines = paragraph(cell, room * 4).lines
            wanted[at] = max(wanted[at], max(line.width for line in lines) + 2 * _CELL)
    if sum(wanted) <= room:
        return [each + (room - sum(wanted)) / columns for each in wanted]
    # A very long cell must not leave the others without room.
    capped = [min(each, room * 2 / columns) for each in wanted]
    return [each * room / sum(capped) for each in capped]
