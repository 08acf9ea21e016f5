"""Reads pictures of text, PNG, JPEG, TIFF with its pages, WebP, BMP and GIF, by OCR: one page each, with word boxes."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits, ocr
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder
from rag.parsing.model import ParsedDocument
from rag.parsing.pdf_layout import style_of
from rag.parsing.pdf_lines import lines_of
from rag.parsing.pdf_pages import PageLines, PageWriter
from rag.parsing.pdf_turning import Turn, turn_words
from rag.parsing.pictures import pages_in_words, words_of_sight

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
_MAX_PIXELS = 150_000_000
_SMALL_PIXELS = 1_300_000
_SCREEN_DPI = 96.0
_MOST_DPI = 1200.0
_CORRUPT = _("This picture is damaged and cannot be opened. Save it again and upload that.")
_UNSEEN = _(
    "This is a picture, and text in pictures cannot be read. To have it read, install the packages tesserocr and "
    "Pillow where Footnote runs, or upload a version with text."
)
_UNREADABLE = _("No text could be read in this picture. Upload a sharper one if there is text in it.")


@dataclass(frozen=True, slots=True)
class _Picture:
    """Grey pixels, shape (rows, columns), and how many of them make an inch of the page."""

    pixels: ocr.Pixels
    dpi: float


def parse(path: Source) -> ParsedDocument:
    """Parse a picture. Raises ParsingError: ``corrupt``, ``no_text``, ``too_large``."""
    if not ocr.available() or find_spec("PIL") is None:
        raise ParsingError("no_text", _UNSEEN)
    library: Any = import_module("PIL.Image")
    library.MAX_IMAGE_PIXELS = None  # its own check warns first; the one here comes before any pixel is decoded
    reader = ocr.PictureReader()
    pages: list[PageLines] = []
    unread: list[int] = []
    try:
        for number, picture in enumerate(_pictures(library, path), 1):
            if picture is None or not reader.in_time():
                unread.append(number)
                pages.append(PageLines(number, Turn("level", 0.0, 0.0), scanned=True))
                continue
            height, width = picture.pixels.shape
            size = width * 72 / picture.dpi, height * 72 / picture.dpi
            sight = reader.read(*_enlarged(library, picture))
            legible = sight.confidence >= 50 or sight.letters > 100
            words = words_of_sight(sight, *size, (height, width)) if legible else []
            turn = turn_words(words, *size)
            pages.append(PageLines(number, turn, lines_of(words, turn.way), scanned=True))
    finally:
        reader.close()
    return _document(pages, unread)


def _document(read: Sequence[PageLines], unread: list[int]) -> ParsedDocument:
    builder = DocumentBuilder("image")
    style = style_of([page.lines for page in read])
    writer = PageWriter(builder)
    for page in read:
        writer.add(page, page.lines, style)
    pages = writer.finish()
    if builder.length == 0:
        raise ParsingError("no_text", _UNREADABLE)
    if unread:
        builder.note(
            "scan_unread",
            _("Not read: page %(pages)s. Split the file and upload the parts.") % {"pages": pages_in_words(unread)},
        )
    builder.note("scan_read", _("The text was read from a picture. Check quotes against it."))
    return builder.build("", pages)


def _pictures(library: Any, path: Source) -> Iterator[_Picture | None]:
    """The pages of a picture file, ``None`` for one that cannot be decoded or is beyond the limits."""
    try:
        with warnings.catch_warnings(), library.open(path, formats=FORMATS) as image:
            warnings.simplefilter("ignore")
            frames = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
            for index in range(min(frames, limits.MAX_SCANNED_PAGES)):
                yield _frame(image, index, alone=frames == 1)
    except (OSError, ValueError, SyntaxError, EOFError, ArithmeticError) as error:
        raise ParsingError("corrupt", _CORRUPT) from error


def _frame(image: Any, index: int, *, alone: bool) -> _Picture | None:
    try:
        if index:
            image.seek(index)
        if image.width * image.height > _MAX_PIXELS:
            raise limits.too_large(_("%(n)s pixels in one picture") % {"n": f"{_MAX_PIXELS:,}"})
        dpi = _dpi(image)
        return _Picture(_grey(image), dpi)
    except (OSError, ValueError, SyntaxError, EOFError, ArithmeticError):
        if alone:
            raise
        return None


def _dpi(image: Any) -> float:
    try:
        dpi = float(image.info.get("dpi", (0.0,))[0])
    except (TypeError, ValueError, ZeroDivisionError, IndexError):
        dpi = 0.0
    return dpi if 50.0 < dpi <= _MOST_DPI else _SCREEN_DPI


def _grey(image: Any) -> ocr.Pixels:
    """The picture upright as its camera noted, what is transparent in white, no more pixels than the reader takes."""
    if image.format == "JPEG" and image.width * image.height > 4 * ocr.MAX_PIXELS:
        image.draft("L", (image.width // 2, image.height // 2))
    upright = import_module("PIL.ImageOps").exif_transpose(image)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        white = import_module("PIL.Image").new("RGBA", upright.size, "white")
        upright = import_module("PIL.Image").alpha_composite(white, upright)
    return np.asarray(_sixteen_bits(upright) if upright.mode.startswith(("I", "F")) else upright.convert("L"))


def _sixteen_bits(image: Any) -> ocr.Pixels:
    """A picture of more than 8 bits a pixel: its range is stretched to 8 bits."""
    values = np.asarray(image).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    return ((values - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8)


def _enlarged(library: Any, picture: _Picture) -> tuple[ocr.Pixels, float]:
    """The picture as the reader reads it best: small type doubled, large pictures made smaller."""
    height, width = picture.pixels.shape
    factor = 2.0 if height * width <= _SMALL_PIXELS else min(1.0, (ocr.MAX_PIXELS / (height * width)) ** 0.5)
    if factor == 1.0:
        return picture.pixels, picture.dpi
    size = max(int(width * factor), 1), max(int(height * factor), 1)
    resized = library.fromarray(picture.pixels).resize(size, library.Resampling.BICUBIC)
    return np.asarray(resized), picture.dpi * factor
