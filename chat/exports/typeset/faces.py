"""The fonts of a PDF: a face and, for what it lacks, the ones that stand in for it.

``fonts/`` holds what ``scripts/make_pdf_fonts.py`` cut from the fonts of the pages. Chinese, Japanese and Korean text
names fonts that readers of PDF bring along, as these would weigh megabytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

FOLDER = Path(__file__).parent / "fonts"
FACES = {
    "serif": ("serif", "arabic"),
    "bold": ("bold", "arabic-bold"),
    "italic": ("italic", "serif", "arabic"),
    "mono": ("mono", "serif", "arabic"),
}
_EAST_ASIAN = (
    (0x3040, 0x30FF, "HeiseiMin-W3"),
    (0xAC00, 0xD7A3, "HYSMyeongJo-Medium"),
    (0x3000, 0x303F, "STSong-Light"),
    (0x3400, 0x9FFF, "STSong-Light"),
    (0xFF00, 0xFFEF, "STSong-Light"),
)

Colour = tuple[float, float, float]
INK: Colour = (0.11, 0.12, 0.13)
SOFT: Colour = (0.38, 0.40, 0.42)
ACCENT: Colour = (0.03, 0.36, 0.43)
RULE: Colour = (0.80, 0.80, 0.78)
SHADE: Colour = (0.955, 0.953, 0.94)


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks: a face of ``FACES``, its size and rise in points, its colour, where it leads to."""

    face: str = "serif"
    size: float = 10.5
    colour: Colour = INK
    rise: float = 0.0
    link: str = ""

    def but(self, **changes: object) -> "Style":
        """The same with changes."""
        return replace(self, **changes)  # type: ignore[arg-type]  # names and types are the fields' own


Run = tuple[str, Style]
"""Text that looks the same throughout."""


def font_for(face: str, char: str) -> str:
    """The name of the font that draws ``char``; the face's own, which draws a box, when none has it."""
    return _font_for(face, char)


@cache
def width_of(char: str, font: str) -> float:
    """How wide a character is at a size of one point."""
    return float(pdfmetrics.stringWidth(char, font, 1))


@cache
def _font_for(face: str, char: str) -> str:
    for name in FACES[face]:
        if ord(char) in _loaded(name).face.charToGlyph:
            return name
    for first, last, name in _EAST_ASIAN:
        if first <= ord(char) <= last:
            pdfmetrics.registerFont(UnicodeCIDFont(name))
            return name
    return FACES[face][0]


@cache
def _loaded(name: str) -> TTFont:
    font = TTFont(name, str(FOLDER / f"{name}.ttf"))
    pdfmetrics.registerFont(font)
    return font


def faces_there() -> Iterator[str]:
    """The names of all fonts that come along."""
    yield from dict.fromkeys(name for names in FACES.values() for name in names)
