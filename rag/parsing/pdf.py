"""Reads PDF through PDFium: pages of words with their boxes, made into paragraphs, headings and tables."""

import ctypes
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from rag.errors import ParsingError
from rag.parsing import limits
from rag.parsing.building import DocumentBuilder, clean, collapse
from rag.parsing.model import Box, Page, ParsedDocument
from rag.parsing.pdf_layout import LayoutStyle, Line, Paragraph, lines_of, paragraphs_of, style_of
from rag.parsing.pdf_words import Geometry, words_of

_SAMPLED_PAGES = 40
_MAX_ANNOTATIONS = 5000
_FILE_NAME_TITLE = re.compile(
    r"\.(?:docx?|xlsx?|pptx?|pdf|dvi|indd|qxd|tex|rtf|odt|fm|html?|pmd|p65)$|^\S+\.\w{2,4}$", re.IGNORECASE
)
_NO_TITLE = re.compile(r"(?:untitled|title|document|presentation|slide|workbook)[ \d]*$", re.IGNORECASE)
_WORD_PREFIX = re.compile(r"^Microsoft (?:Word|PowerPoint|Excel) - ", re.IGNORECASE)
_CORRUPT = "This PDF is damaged and cannot be opened. Export it again from where it was made, and upload that."


class _PageLines:
    """One page, read: its size and its lines; ``loaded`` is false for a page that PDFium cannot open."""

    def __init__(self, number: int, geometry: Geometry, lines: list[Line], loaded: bool) -> None:
        self.number = number
        self.geometry = geometry
        self.lines = lines
        self.loaded = loaded


def parse(path: Path) -> ParsedDocument:
    """Parse a PDF. Raises ParsingError: ``corrupt``, ``encrypted``, ``no_text``, ``too_large``."""
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        raise _opening_error(error) from error
    try:
        count = len(document)
        if count == 0:
            raise ParsingError("corrupt", _CORRUPT)
        if count > limits.MAX_PAGES:
            raise limits.too_large(f"{limits.MAX_PAGES:,} pages")
        return _build(document)
    finally:
        document.close()


def _opening_error(error: pdfium.PdfiumError) -> ParsingError:
    code = getattr(error, "err_code", None)
    if code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY):
        return ParsingError("encrypted", "This PDF is protected with a password. Remove it and upload the file again.")
    return ParsingError("corrupt", _CORRUPT)


def _build(document: pdfium.PdfDocument) -> ParsedDocument:
    builder = DocumentBuilder("pdf")
    reading = _read_pages(document)
    # The first pages tell which size of type is the body's; the others are read one at a time, to bound memory.
    sample = list(islice(reading, _SAMPLED_PAGES))
    style = style_of([page.lines for page in sample])
    pages: list[Page] = []
    readable = False
    for page in chain(sample, reading):
        pages.append(_add_page(builder, page, style))
        readable = readable or page.loaded
    if not readable:
        raise ParsingError("corrupt", _CORRUPT)
    if builder.length == 0:
        raise ParsingError(
            "no_text",
            "This PDF has no text in it: it looks like a scan. Scans cannot be read yet. Upload a version with text.",
        )
    return builder.build(_title(document), tuple(pages))


def _read_pages(document: pdfium.PdfDocument) -> Iterator[_PageLines]:
    for index in range(len(document)):
        try:
            page = document[index]
        except pdfium.PdfiumError:
            yield _PageLines(index + 1, Geometry(0.0, 0.0, 612.0, 792.0, 0), [], False)
            continue
        geometry = _geometry(page)
        try:
            page = _with_filled_fields(document, page, index)
            words = words_of(page, geometry)
        except pdfium.PdfiumError:
            words = []
        finally:
            page.close()
        yield _PageLines(index + 1, geometry, lines_of(words), True)


def _with_filled_fields(document: pdfium.PdfDocument, page: pdfium.PdfPage, index: int) -> pdfium.PdfPage:
    """The page with the values of form fields and free text notes made part of it, as a reader sees them."""
    for number in range(min(pdfium_c.FPDFPage_GetAnnotCount(page.raw), _MAX_ANNOTATIONS)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page.raw, number)
        kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        pdfium_c.FPDFPage_CloseAnnot(annotation)
        if kind in (pdfium_c.FPDF_ANNOT_WIDGET, pdfium_c.FPDF_ANNOT_FREETEXT):
            break
    else:
        return page
    if pdfium_c.FPDFPage_Flatten(page.raw, pdfium_c.FLAT_NORMALDISPLAY) != pdfium_c.FLATTEN_SUCCESS:
        return page
    page.close()
    return document[index]


def _geometry(page: pdfium.PdfPage) -> Geometry:
    """The page's visible rectangle and rotation; US Letter when the file gives no usable one."""
    rectangle = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDF_GetPageBoundingBox(page.raw, ctypes.byref(rectangle)):
        return Geometry(0.0, 0.0, 612.0, 792.0, 0)
    left, right = sorted((rectangle.left, rectangle.right))
    bottom, top = sorted((rectangle.bottom, rectangle.top))
    if not (right - left > 0 and top - bottom > 0):
        return Geometry(0.0, 0.0, 612.0, 792.0, 0)
    return Geometry(left, bottom, right, top, page.get_rotation())


def _add_page(builder: DocumentBuilder, page: _PageLines, style: LayoutStyle) -> Page:
    boxes: list[Box] = []
    start: int | None = None
    end = builder.length
    for paragraph in paragraphs_of(page.lines, style):
        text, spans = paragraph.text_and_spans(style)
        if not text.strip():
            continue
        at = builder.add(paragraph.kind, text, level=paragraph.level)
        start = at if start is None else start
        end = builder.length
        boxes.extend(_boxes(paragraph, spans, at, page.geometry))
    return Page(
        page.number,
        end if start is None else start,
        end,
        round(page.geometry.width, 2),
        round(page.geometry.height, 2),
        tuple(boxes),
    )


def _boxes(paragraph: Paragraph, spans: list[tuple[int, int]], at: int, geometry: Geometry) -> Iterator[Box]:
    """The boxes of a paragraph's words, cut to the page; a word without extent has none."""
    width, height = round(geometry.width, 2), round(geometry.height, 2)
    words = (word for line in paragraph.lines for word in line.words)
    for word, (start, end) in zip(words, spans, strict=True):
        x0, x1 = max(0.0, round(word.x0, 2)), min(width, round(word.x1, 2))
        y0, y1 = max(0.0, round(word.y0, 2)), min(height, round(word.y1, 2))
        if x0 < x1 and y0 < y1:
            yield Box(at + start, at + end, x0, y0, x1, y1)


def _title(document: pdfium.PdfDocument) -> str:
    """The title in the file's information, unless a program put a file name there."""
    try:
        title = collapse(clean(document.get_metadata_value("Title")))
    except (pdfium.PdfiumError, UnicodeDecodeError):
        return ""
    title = _WORD_PREFIX.sub("", title)
    if _FILE_NAME_TITLE.search(title) or _NO_TITLE.match(title) or len(title) < 3:
        return ""
    return title
