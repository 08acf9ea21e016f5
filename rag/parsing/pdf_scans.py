"""Tells which PDF pages are pictures of text, and reads those: rendered as they are displayed, then by OCR."""

import ctypes

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from rag.parsing import limits, ocr
from rag.parsing.pdf_words import Geometry, Word
from rag.parsing.pictures import words_of_sight

_DPI = 300
_LOOK_DPI = 25
_INK = 40
_LEAST_INK = 0.0005
_FEW = 200
_COVERED = 0.5
_MOST_OBJECTS = 2000
_UNKNOWN = 0.25


class ScanReader:
    """Reads the pages of one document that have no usable text, within bounds of number and time."""

    def __init__(self) -> None:
        self.read: list[int] = []
        """Numbers of the pages whose text is from their picture."""
        self.unread: list[int] = []
        """Numbers of the pages that were pictures and stayed unread, for want of a reader or of time."""
        self.illegible: list[int] = []
        """Numbers of the pages that were pictures in which no text was found."""
        self._reader: ocr.PictureReader | None = None

    def close(self) -> None:
        """Free what reading took."""
        if self._reader is not None:
            self._reader.close()

    def words(self, page: pdfium.PdfPage, number: int, geometry: Geometry, words: list[Word]) -> list[Word]:
        """The words of page ``number``: those given, or those of its picture where those given are not its text."""
        garbage = is_garbage(words)
        if not garbage and not _is_picture(page, geometry, words):
            return words
        if not words and not _has_ink(page):
            return words
        if not self._may_read():
            self.unread.append(number)
            return words
        if self._reader is None:
            self._reader = ocr.PictureReader()
        pixels, dpi = rendered(page, _DPI)
        sight = self._reader.read(pixels, dpi)
        seen = words_of_sight(sight, geometry.width, geometry.height, pixels.shape)
        if not _better(sight, words, garbage):
            if not words:
                self.illegible.append(number)
            return words
        self.read.append(number)
        return seen

    def _may_read(self) -> bool:
        if not ocr.available() or len(self.read) + len(self.illegible) >= limits.MAX_SCANNED_PAGES:
            return False
        return self._reader is None or self._reader.in_time()


def _better(sight: ocr.Sight, words: list[Word], garbage: bool) -> bool:
    """Whether what was seen is to stand in place of the words that the file has."""
    if not sight.words:
        return False
    if not words:
        return sight.confidence >= 50 or sight.letters > 100
    return sight.sure and (garbage or sight.letters >= sum(len(word.text) for word in words))


def is_garbage(words: list[Word]) -> bool:
    """Whether the characters are not text: a font without a map to Unicode gives signs of no meaning."""
    total = unknown = 0
    for word in words:
        total += len(word.text)
        unknown += sum(_means_nothing(character) for character in word.text)
    return total > 0 and unknown > _UNKNOWN * total


def _means_nothing(character: str) -> bool:
    return character == "\ufffd" or "\ue000" <= character <= "\uf8ff" or character >= "\U000f0000"


def _is_picture(page: pdfium.PdfPage, geometry: Geometry, words: list[Word]) -> bool:
    """Whether the page has no text, or hardly any beside a picture of most of its area."""
    if not words:
        return True
    if sum(len(word.text) for word in words) > _FEW:
        return False
    area = 0.0
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for index in range(min(pdfium_c.FPDFPage_CountObjects(page.raw), _MOST_OBJECTS)):
        shown = pdfium_c.FPDFPage_GetObject(page.raw, index)
        if pdfium_c.FPDFPageObj_GetType(shown) != pdfium_c.FPDF_PAGEOBJ_IMAGE:
            continue
        if pdfium_c.FPDFPageObj_GetBounds(shown, left, bottom, right, top):
            wide = min(right.value, geometry.right) - max(left.value, geometry.left)
            high = min(top.value, geometry.top) - max(bottom.value, geometry.bottom)
            area += max(wide, 0.0) * max(high, 0.0)
    return area > _COVERED * geometry.width * geometry.height


def _has_ink(page: pdfium.PdfPage) -> bool:
    """Whether anything is seen on the page: a blank one has nothing to be read."""
    pixels, _ = rendered(page, _LOOK_DPI)
    paper = int(np.median(pixels))
    return float(np.mean(np.abs(pixels.astype(np.int16) - paper) > _INK)) > _LEAST_INK


def rendered(page: pdfium.PdfPage, dpi: float) -> tuple[ocr.Pixels, float]:
    """The page as displayed, grey, shape (rows, columns), and its dots per inch: fewer where it would be too large."""
    width, height = page.get_size()
    area = max(width * height / 72**2, 0.01)
    longest = max(width, height, 1.0) / 72
    dpi = min(dpi, (ocr.MAX_PIXELS / area) ** 0.5, 20_000 / longest)
    bitmap = page.render(scale=dpi / 72, grayscale=True)
    try:
        rows = bitmap.to_numpy().reshape(bitmap.height, -1)
        return rows[:, : bitmap.width].copy(), dpi
    finally:
        bitmap.close()
