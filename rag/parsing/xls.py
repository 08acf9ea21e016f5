"""Reads XLS, the workbook of Excel 5 to 2003, with xlrd."""

import io
import struct

import xlrd

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.model import ParsedDocument
from rag.parsing.packages import ENCRYPTED
from rag.parsing.sheets import Sheet, Workbook
from rag.parsing.xlsx import CellStyles

_BROKEN = (
    xlrd.XLRDError,
    xlrd.compdoc.CompDocError,
    struct.error,
    AssertionError,
    AttributeError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    OSError,
    EOFError,
)


def read(path: Source, damaged: str) -> ParsedDocument:
    """Read the workbook at ``path``. Raises ParsingError: ``corrupt`` with the sentence ``damaged``, ``encrypted``."""
    with path.open("rb") as file:
        content = file.read(limits.MAX_MARKUP_BYTES + 1)
    if len(content) > limits.MAX_MARKUP_BYTES:
        raise limits.too_large(_("%(n)s MB of text") % {"n": limits.MAX_MARKUP_BYTES // 1024**2})
    try:
        # What xlrd prints about odd files goes nowhere; ragged rows keep it from filling up to the widest one.
        with xlrd.open_workbook(
            file_contents=content, logfile=io.StringIO(), formatting_info=True, on_demand=True, ragged_rows=True
        ) as book:
            return _read(book)
    except _BROKEN as error:
        if "encrypted" in str(error).lower():
            raise ParsingError("encrypted", ENCRYPTED) from error
        raise ParsingError("corrupt", damaged) from error


def _read(book: xlrd.Book) -> ParsedDocument:
    workbook = Workbook()
    formats = [
        book.format_map[style.format_key].format_str if style.format_key in book.format_map else "General"
        for style in book.xf_list
    ]
    styles = CellStyles(formats, book.datemode == 1)
    for i in range(book.nsheets):
        workbook.count_sheet()
        source = book.sheet_by_index(i)
        if source.visibility:
            workbook.hide(source.name)
        else:
            workbook.add(_sheet(source, workbook, styles))
        book.unload_sheet(i)
    return workbook.build("")


def _sheet(source: "xlrd.sheet.Sheet", workbook: Workbook, styles: CellStyles) -> Sheet:
    sheet = Sheet(source.name)
    for row in range(source.nrows):
        for column in range(source.row_len(row)):
            workbook.fill(sheet, row, column, _cell(source.cell(row, column), styles))
    for top, bottom, left, right in source.merged_cells:
        sheet.merge(top, left, bottom - 1, right - 1)
    for (row, column), note in sorted(source.cell_note_map.items()):
        text = " ".join((note.text or "").split())
        if text:
            sheet.remarks.append(f"Comment on {xlrd.cellname(row, column)}: {text}")
    return sheet


def _cell(cell: "xlrd.sheet.Cell", styles: CellStyles) -> str:
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        style = cell.xf_index
        return styles.show(float(cell.value), style if style is not None else 0)
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return str(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
    return ""
