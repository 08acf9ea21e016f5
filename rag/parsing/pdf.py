"""Reads PDF through PDFium: pages of words with their boxes, made into paragraphs, headings and tables."""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits, ocr
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, clean, collapse
from rag.parsing.model import ParsedDocument, Properties
from rag.parsing.pdf_forms import unseen_values, with_filled_fields
from rag.parsing.pdf_furniture import Furniture
from rag.parsing.pdf_grid_tables import grids_of_tables
from rag.parsing.pdf_layout import LayoutStyle, outline_key, style_of
from rag.parsing.pdf_lines import lines_of
from rag.parsing.pdf_pages import PageLines, PageWriter
from rag.parsing.pdf_ruling import Place, grids_of
from rag.parsing.pdf_scans import ScanReader
from rag.parsing.pdf_turning import Turn, turn_words
from rag.parsing.pdf_words import Geometry, words_of
from rag.parsing.pictures import pages_in_words
from rag.parsing.properties import properties

_PAGES_AT_ONCE = 40
_MAX_OUTLINE = 5000
_FILE_NAME_TITLE = re.compile(
    r"\.(?:docx?|xlsx?|pptx?|pdf|dvi|indd|qxd|tex|rtf|odt|fm|html?|pmd|p65)$|^\S+\.\w{2,4}$", re.IGNORECASE
)
_NO_TITLE = re.compile(r"(?:untitled|title|document|presentation|slide|workbook)[ \d]*$", re.IGNORECASE)
_WORD_PREFIX = re.compile(r"^Microsoft (?:Word|PowerPoint|Excel) - ", re.IGNORECASE)
_UNREAD_IN_TIME = _(
    "Pictures of text that could not be read in the time allowed: page %(pages)s. Split the file and upload the parts."
)
_UNSEEN = _(
    "Pictures of text that could not be read: page %(pages)s. To have them read, install the packages tesserocr and "
    "Pillow where Footnote runs, or upload a version with text."
)
_CORRUPT = _("This PDF is damaged and cannot be opened. Export it again from where it was made, and upload that.")


def parse(path: Source) -> ParsedDocument:
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
            raise limits.too_large(_("%(n)s pages") % {"n": f"{limits.MAX_PAGES:,}"})
        if document.get_formtype() != pdfium_c.FORMTYPE_NONE:
            document.init_forms()
        return _build(document)
    finally:
        document.close()


def _opening_error(error: pdfium.PdfiumError) -> ParsingError:
    code = getattr(error, "err_code", None)
    if code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY):
        return ParsingError(
            "encrypted", _("This PDF is protected with a password. Remove it and upload the file again.")
        )
    return ParsingError("corrupt", _CORRUPT)


def _build(document: pdfium.PdfDocument) -> ParsedDocument:
    builder = DocumentBuilder("pdf")
    scans = ScanReader()
    writer = PageWriter(builder)
    readable = False
    style: LayoutStyle | None = None
    furniture: Furniture | None = None
    try:
        reading = _read_pages(document, scans)
        # A few pages are held at a time, to bound memory. The first tell which size of type is the body's.
        while some := list(islice(reading, _PAGES_AT_ONCE)):
            style = style or style_of([page.lines for page in some], _outline(document))
            furniture = furniture or Furniture(style.body)
            furniture.learn((page.lines, page.turn.size[1], page.grids) for page in some)
            for page in some:
                writer.add(page, furniture.without(page.lines, page.turn.size, page.grids), style)
                readable = readable or page.loaded
        pages = writer.finish()
    finally:
        scans.close()
    if not readable:
        raise ParsingError("corrupt", _CORRUPT)
    _note_scans(builder, scans)
    if builder.length == 0:
        raise ParsingError("no_text", _no_text(scans))
    return replace(builder.build(_title(document), pages), properties=_told(document))


def _no_text(scans: ScanReader) -> str:
    if scans.unread and not ocr.available():
        return _(
            "The pages of this PDF are pictures of text, a scan, and could not be read. To have them read, install the "
            "packages tesserocr and Pillow where Footnote runs, or upload a version with text."
        )
    if scans.unread or scans.illegible:
        return _(
            "The pages of this PDF are pictures in which no text could be read. Upload a sharper scan or one with text."
        )
    return _("This PDF has no text in it: its pages are empty. Check that it is the right file.")


def _note_scans(builder: DocumentBuilder, scans: ScanReader) -> None:
    """Say which pages were read from their picture, and which could not be."""
    if scans.unread:
        said = _UNREAD_IN_TIME if ocr.available() else _UNSEEN
        builder.note("scan_unread", said % {"pages": pages_in_words(scans.unread)})
    if scans.illegible:
        said = _("Pictures in which no text was found: page %(pages)s. If there is text, upload a sharper scan.")
        builder.note("scan_illegible", said % {"pages": pages_in_words(scans.illegible)})
    if scans.read:
        said = _("Read from a picture: page %(pages)s. Check quotes against it.")
        builder.note("scan_read", said % {"pages": pages_in_words(scans.read)})


def _read_pages(document: pdfium.PdfDocument, scans: ScanReader) -> Iterator[PageLines]:
    for index in range(len(document)):
        try:
            page = document[index]
        except pdfium.PdfiumError:
            yield PageLines(index + 1, Turn("level", 612.0, 792.0), loaded=False)
            continue
        geometry = _geometry(page)
        read = PageLines(index + 1, Turn("level", geometry.width, geometry.height))
        try:
            unseen = unseen_values(document, page, geometry)
            page = with_filled_fields(document, page, index)
            words = scans.words(page, index + 1, geometry, [*words_of(page, geometry), *unseen])
            read.scanned = bool(scans.read) and scans.read[-1] == index + 1
            read.turn = turn_words(words, geometry.width, geometry.height)
            read.lines = lines_of(words, read.turn.way)
            read.grids = grids_of_tables(grids_of(page, _place(geometry, read.turn)), read.lines)
        except pdfium.PdfiumError:
            read.lines, read.grids = [], []
        finally:
            page.close()
        yield read


def _place(geometry: Geometry, turn: Turn) -> Place:
    """Where a box of PDF user space stands on the turned page."""
    if turn.way == "level":
        return geometry.displayed
    return lambda x0, y0, x1, y1: turn.turned(*geometry.displayed(x0, y0, x1, y1))


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


def _outline(document: pdfium.PdfDocument) -> dict[str, int]:
    """The levels of the titles in the file's outline."""
    levels: dict[str, int] = {}
    try:
        for entry in islice(document.get_toc(max_depth=6), _MAX_OUTLINE):
            key = outline_key(clean(entry.get_title()))
            if len(key) > 2:
                levels.setdefault(key, min(entry.level + 1, 6))
    except (pdfium.PdfiumError, UnicodeDecodeError, ValueError):
        return {}
    return levels


def _told(document: pdfium.PdfDocument) -> Properties:
    """Author and dates in the file's information."""
    found = {}
    for name in ("Author", "CreationDate", "ModDate"):
        try:
            found[name] = document.get_metadata_value(name)
        except (pdfium.PdfiumError, UnicodeDecodeError):
            found[name] = ""
    return properties(author=found["Author"], created=found["CreationDate"], modified=found["ModDate"])


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
