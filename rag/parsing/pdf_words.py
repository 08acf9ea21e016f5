"""Gets the words of a PDF page from PDFium, each with its box in the page as it is displayed."""

import ctypes
import math
import re
from dataclasses import dataclass
from typing import Literal

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from rag.parsing.building import clean

Way = Literal["level", "mirrored", "down", "up", "over"]
"""Which way text runs: from left to right, from right to left, down or up the page, upside down."""

_HYPHEN_MARKS = ("\x02", "\ufffe", "\xad")
WIDE = re.compile("[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_TURNED_LIGATURE = re.compile("[\u0622\u0623\u0625\u0627]\u0644")
_MIRRORED = str.maketrans("()[]{}«»‹›", ")(][}{»«›‹")
_TURNED_BRACKET = re.compile(r"[)\]}»›].*\w|.*\w.*[(\[{«‹]$")
_WIDE_RUN = 4
_MAX_WORD = 200
_BOLD_WEIGHT = 600
_UPRIGHT = 1.5
_FIRST = 5
_BOLD = re.compile(r"bold|black|heavy|demi", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Geometry:
    """A page's visible rectangle in PDF user space (origin bottom left) and its clockwise rotation in degrees."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int

    @property
    def width(self) -> float:
        """Width as displayed, points."""
        return self.top - self.bottom if self.rotation in (90, 270) else self.right - self.left

    @property
    def height(self) -> float:
        """Height as displayed, points."""
        return self.right - self.left if self.rotation in (90, 270) else self.top - self.bottom

    def displayed(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        """A rectangle of user space as (left, top, right, bottom) on the displayed page, origin top left."""
        match self.rotation:
            case 90:
                points = (y0 - self.bottom, x0 - self.left, y1 - self.bottom, x1 - self.left)
            case 180:
                points = (self.right - x1, y0 - self.bottom, self.right - x0, y1 - self.bottom)
            case 270:
                points = (self.top - y1, self.right - x1, self.top - y0, self.right - x0)
            case _:
                points = (x0 - self.left, self.top - y1, x1 - self.left, self.top - y0)
        return points


@dataclass(slots=True)
class Word:
    """A word or a piece of one. ``breaks`` and ``spaced``: a line end or white space stands before it in the file's
    order; ``hyphened``: PDFium says that a hyphen at its end only divides it; ``type_size``: height of its line of type
    in points, where the box does not tell it; ``tilted``: it runs neither level nor upright; ``angle``: 0, 90, 180 or
    270 degrees clockwise from level on the displayed page, asked for only where its box or the page give reason to."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    breaks: bool
    spaced: bool
    bold: bool
    hyphened: bool = False
    type_size: float = 0.0
    tilted: bool = False
    angle: int = 0

    @property
    def height(self) -> float:
        """Height of its box, points."""
        return self.y1 - self.y0

    @property
    def upright(self) -> bool:
        """False for a word that runs up or down the page."""
        return len(self.text) < 3 or self.height < _UPRIGHT * (self.x1 - self.x0)

    @property
    def size(self) -> float:
        """Height of its line of type, points, whichever way it runs."""
        return self.type_size or (self.height if self.upright else self.x1 - self.x0)


def words_of(page: pdfium.PdfPage, geometry: Geometry) -> list[Word]:
    """The page's words in the file's order, those outside of the visible page left out."""
    textpage = page.get_textpage()
    try:
        return _WordReader(textpage, geometry).read()
    finally:
        textpage.close()


class _WordReader:
    def __init__(self, textpage: pdfium.PdfTextPage, geometry: Geometry) -> None:
        self.textpage = textpage
        self.geometry = geometry
        self.words: list[Word] = []
        self.first = 0
        self.last = 0
        self.characters: list[str] = []
        self.breaks = False
        self.spaced = False
        self.upside_down = False
        self._rectangle = pdfium_c.FS_RECTF()
        self._name = ctypes.create_string_buffer(128)

    def read(self) -> list[Word]:
        raw = self.textpage.raw
        unicode_of = pdfium_c.FPDFText_GetUnicode
        high = 0
        for index in range(self.textpage.count_chars()):
            code = unicode_of(raw, index)
            if 0xD800 <= code < 0xDC00:
                high = code
                continue
            if 0xDC00 <= code < 0xE000:
                code = 0x10000 + ((high - 0xD800) << 10) + code - 0xDC00 if high else 0xFFFD
            high = 0
            character = chr(code) if code < 0x110000 else "\ufffd"
            if character.isspace():
                self._finish()
                self.breaks = self.breaks or character in "\r\n"
                self.spaced = True
            else:
                self._take(index, character)
        self._finish()
        self._turn_brackets()
        return self.words

    def _turn_brackets(self) -> None:
        """On a page written from right to left, turn the brackets of words that begin with a closing one or end with an
        opening one: PDFium mirrors those that the file has right already."""
        text = "".join(word.text for word in self.words)
        if 2 * len(RIGHT_TO_LEFT.findall(text)) > len(text):
            for word in self.words:
                if _TURNED_BRACKET.match(word.text):
                    word.text = word.text.translate(_MIRRORED)

    def _take(self, index: int, character: str) -> None:
        if not self.characters:
            self.first = index
        self.last = index
        self.characters.append(character)
        if character in _HYPHEN_MARKS:
            # PDFium puts this in place of a hyphen at a line's end, and drops the line's end.
            self._finish()
            self.breaks = True
            return
        wide = character > "\u2e7f" and bool(WIDE.match(character))
        if len(self.characters) >= (_WIDE_RUN if wide else _MAX_WORD):
            self._finish()

    def _finish(self) -> None:
        if not self.characters:
            return
        joined = "".join(self.characters)
        if _TURNED_LIGATURE.search(joined):
            joined = self._with_ligatures_turned()
        self.characters.clear()
        hyphened = joined.endswith(_HYPHEN_MARKS)
        text = clean(joined.rstrip("".join(_HYPHEN_MARKS)) + "-" if hyphened else joined)
        box = self._box()
        if not text or text.isspace() or box is None:
            return
        word = Word(text, *box, self.breaks, self.spaced, self._is_bold(self.first), hyphened)
        self._find_angle(word)
        self.words.append(word)
        self.breaks = self.spaced = False

    def _with_ligatures_turned(self) -> str:
        """The word with lam before alef where both are one glyph: PDFium turns them round with the whole word."""
        joined = "".join(self.characters)
        if len(self.characters) == self.last - self.first + 1:
            for found in _TURNED_LIGATURE.finditer(joined):
                alef, lam = self.first + found.start(), self.first + found.start() + 1
                # The letters of one glyph have one box.
                if self._character_box(alef) == self._character_box(lam):
                    joined = joined[: found.start()] + found.group()[::-1] + joined[found.end() :]
        return joined

    def _box(self) -> tuple[float, float, float, float] | None:
        """The displayed box around the word's first and last character; ``None`` when it is not on the page."""
        first, last = self._character_box(self.first), None
        if self.last != self.first:
            last = self._character_box(self.last)
        first, last = first or last, last or first
        if first is None or last is None:
            return None
        x0, y0, x1, y1 = min(first[0], last[0]), min(first[1], last[1]), max(first[2], last[2]), max(first[3], last[3])
        x0, y0, x1, y1 = self.geometry.displayed(x0, y0, x1, y1)
        if x1 < 0 or y1 < 0 or x0 > self.geometry.width or y0 > self.geometry.height:
            return None
        return x0, y0, x1, y1

    def _character_box(self, index: int) -> tuple[float, float, float, float] | None:
        rectangle = self._rectangle
        if not pdfium_c.FPDFText_GetLooseCharBox(self.textpage.raw, index, ctypes.byref(rectangle)):
            return None
        left, right, bottom, top = rectangle.left, rectangle.right, rectangle.bottom, rectangle.top
        return min(left, right), min(bottom, top), max(left, right), max(bottom, top)

    def _find_angle(self, word: Word) -> None:
        """Which way the word runs; asked only of those whose box is high for their length, and of a page's first."""
        high = len(word.text) > 2 and word.height >= 0.4 * (word.x1 - word.x0)
        if not high and not self.upside_down and len(self.words) >= _FIRST:
            return
        clockwise = math.degrees(pdfium_c.FPDFText_GetCharAngle(self.textpage.raw, self.first)) + self.geometry.rotation
        if high and 10 < clockwise % 90 < 80:
            word.tilted, word.type_size = True, float(pdfium_c.FPDFText_GetFontSize(self.textpage.raw, self.first))
            return
        word.angle = round(clockwise / 90) * 90 % 360
        self.upside_down = word.angle == 180 and (self.upside_down or len(self.words) < _FIRST)

    def _is_bold(self, index: int) -> bool:
        flags = ctypes.c_int()
        size = pdfium_c.FPDFText_GetFontInfo(self.textpage.raw, index, self._name, 128, ctypes.byref(flags))
        if 0 < size <= 128 and _BOLD.search(self._name.value.decode("utf-8", "replace")):
            return True
        return int(pdfium_c.FPDFText_GetFontWeight(self.textpage.raw, index)) >= _BOLD_WEIGHT
