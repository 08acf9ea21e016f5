"""Text cut into lines of a width, each ready to be drawn from left to right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chat.exports.typeset.direction import is_right_to_left, joined, levels, mirrored, plain, visual_order
from chat.exports.typeset.faces import Run, Style, font_for, width_of

_EAST_ASIAN = 0x2E80
"""From here on, lines may break between any two characters."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character as it is drawn; ``width`` in points."""

    char: str
    font: str
    style: Style
    level: int
    width: float


@dataclass(frozen=True, slots=True)
class Line:
    """Glyphs from left to right, and their width in points."""

    glyphs: tuple[Glyph, ...]
    width: float


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that begin at the right where ``rtl``."""

    lines: tuple[Line, ...]
    rtl: bool


def paragraph(runs: Iterable[Run], width: float, *, otherwise_rtl: bool = False) -> Paragraph:
    """Set ``runs`` in lines of ``width`` points; a line feed ends a line. Text without letters is ``otherwise_rtl``."""
    cleaned = [(plain(text), style) for text, style in runs]
    text = "".join(part for part, _style in cleaned)
    styles = [style for part, style in cleaned for _char in part]
    rtl = is_right_to_left(text, otherwise=otherwise_rtl)
    lines: list[Line] = []
    start = 0
    for piece in text.split("\n"):
        glyphs = _glyphs(piece, styles[start : start + len(piece)], rtl)
        lines += [_line(each) for each in _broken(glyphs, width)]
        start += len(piece) + 1
    return Paragraph(tuple(lines), rtl)


def _glyphs(text: str, styles: Sequence[Style], rtl: bool) -> list[Glyph]:
    found = levels(text, rtl=rtl)
    glyphs = []
    for char, at in joined(text):
        style = styles[at]
        drawn = mirrored(char, found[at])
        font = font_for(style.face, drawn)
        glyphs.append(Glyph(drawn, font, style, found[at], width_of(drawn, font) * style.size))
    return glyphs


def _broken(glyphs: Sequence[Glyph], width: float) -> list[Sequence[Glyph]]:
    """Cut at spaces, else between characters where a word alone is too long."""
    lines: list[Sequence[Glyph]] = []
    start = 0
    breakable = 0
    used = 0.0
    for at, glyph in enumerate(glyphs):
        if glyph.char == " ":
            used += glyph.width
            breakable = at + 1
            continue
        if at > start and ord(glyph.char) >= _EAST_ASIAN and glyph.level == 0:
            breakable = at
        if used + glyph.width > width and at > start:
            end = breakable if breakable > start else at
            lines.append(glyphs[start:end])
            start, breakable = end, end
            used = sum(each.width for each in glyphs[start:at])
        used += glyph.width
    lines.append(glyphs[start:])
    return lines


def _line(glyphs: Sequence[Glyph]) -> Line:
    last = len(glyphs)
    while last and glyphs[last - 1].char == " ":
        last -= 1
    kept = glyphs[:last]
    ordered = tuple(kept[at] for at in visual_order([glyph.level for glyph in kept]))
    return Line(ordered, sum(glyph.width for glyph in ordered))
