"""Reads what was filled into the forms of a PDF, whether the program that filled them drew it or not."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from rag.parsing.building import clean
from rag.parsing.pdf_words import Geometry, Word

_MOST_ANNOTATIONS = 5000
_MOST_BYTES = 20_000
_FILLED = (pdfium_c.FPDF_FORMFIELD_TEXTFIELD, pdfium_c.FPDF_FORMFIELD_COMBOBOX, pdfium_c.FPDF_FORMFIELD_LISTBOX)
_TYPE = 10.0
_NOT_SHOWN = pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW


def with_filled_fields(document: pdfium.PdfDocument, page: pdfium.PdfPage, index: int) -> pdfium.PdfPage:
    """The page with the values of form fields and free text notes made part of it, as a reader sees them."""
    kinds = (pdfium_c.FPDF_ANNOT_WIDGET, pdfium_c.FPDF_ANNOT_FREETEXT)
    for number in range(min(pdfium_c.FPDFPage_GetAnnotCount(page.raw), _MOST_ANNOTATIONS)):
        with _annotation(page, number) as annotation:
            if pdfium_c.FPDFAnnot_GetSubtype(annotation) in kinds:
                break
    else:
        return page
    if pdfium_c.FPDFPage_Flatten(page.raw, pdfium_c.FLAT_NORMALDISPLAY) != pdfium_c.FLATTEN_SUCCESS:
        return page
    page.close()
    return document[index]


def unseen_values(document: pdfium.PdfDocument, page: pdfium.PdfPage, geometry: Geometry) -> list[Word]:
    """The values of fields that have no drawing in the file: programs leave that to whoever shows the form."""
    if document.formenv is None:
        return []
    words: list[Word] = []
    for number in range(min(pdfium_c.FPDFPage_GetAnnotCount(page.raw), _MOST_ANNOTATIONS)):
        with _annotation(page, number) as annotation:
            hidden = pdfium_c.FPDFAnnot_GetFlags(annotation) & _NOT_SHOWN
            if hidden or pdfium_c.FPDFAnnot_GetSubtype(annotation) != pdfium_c.FPDF_ANNOT_WIDGET:
                continue
            drawn = pdfium_c.FPDFAnnot_GetAP(annotation, pdfium_c.FPDF_ANNOT_APPEARANCEMODE_NORMAL, None, 0) > 2
            if not drawn and pdfium_c.FPDFAnnot_GetFormFieldType(document.formenv.raw, annotation) in _FILLED:
                words += _placed(annotation, _value(document, annotation), geometry)
    return words


@contextmanager
def _annotation(page: pdfium.PdfPage, number: int) -> Iterator[object]:
    annotation = pdfium_c.FPDFPage_GetAnnot(page.raw, number)
    try:
        yield annotation
    finally:
        pdfium_c.FPDFPage_CloseAnnot(annotation)


def _value(document: pdfium.PdfDocument, annotation: object) -> str:
    form = document.formenv.raw
    size = min(pdfium_c.FPDFAnnot_GetFormFieldValue(form, annotation, None, 0), _MOST_BYTES)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    if pdfium_c.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size) > size:
        return ""
    return clean(bytes(buffer)[:size].decode("utf-16-le", "replace").rstrip("\0"))


def _placed(annotation: object, value: str, geometry: Geometry) -> list[Word]:
    """The value's words beside each other in the field, as wide as their letters are many."""
    rectangle = pdfium_c.FS_RECTF()
    texts = value.split()
    if not texts or not pdfium_c.FPDFAnnot_GetRect(annotation, ctypes.byref(rectangle)):
        return []
    left, right = sorted((rectangle.left, rectangle.right))
    bottom, top = sorted((rectangle.bottom, rectangle.top))
    x0, y0, x1, y1 = geometry.displayed(left, bottom, right, top)
    if not (0 <= x0 < x1 <= geometry.width and 0 <= y0 < y1 <= geometry.height):
        return []
    y1 = min(y1, y0 + 1.4 * _TYPE)
    step = min((x1 - x0) / len(" ".join(texts)), 0.5 * _TYPE)
    words: list[Word] = []
    for text in texts:
        end = x0 + step * len(text)
        words.append(Word(text, x0, y0, end, y1, breaks=not words, spaced=True, bold=False))
        x0 = end + step
    return words
