"""Reads ODS: every visible sheet's cells as they are shown, and its comments."""

from lxml import etree

from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.elements import child, children, local_name, value, whole
from rag.parsing.model import ParsedDocument
from rag.parsing.odf import OdfReader, OdfStyles, body, open_document, title
from rag.parsing.sheets import MAX_COLUMNS, MAX_ROWS, Sheet, Workbook


def parse(path: Source) -> ParsedDocument:
    """Parse an ODS file. Raises ParsingError: ``corrupt``, ``encrypted``, ``no_text``, ``too_large``."""
    with open_document(path) as package:
        styles = OdfStyles(package)
        reader = OdfReader(DocumentBuilder("ods"), styles)  # for the text of cells alone
        workbook = Workbook("ods")
        for table in children(body(package, "spreadsheet"), "table"):
            workbook.count_sheet()
            name = value(table, "name") or ""
            style = styles.by_name.get(("table", value(table, "style-name") or ""))
            if value(child(style, "table-properties"), "display") == "false":
                workbook.hide(name)
            else:
                workbook.add(_sheet(table, Sheet(name), workbook, reader))
        return workbook.build(title(package))


def _sheet(table: etree._Element, sheet: Sheet, workbook: Workbook, reader: OdfReader) -> Sheet:
    at = 0
    for row in table.iter("{*}table-row"):
        times = min(whole(value(row, "number-rows-repeated"), 1), MAX_ROWS - at)
        found = _row(row, at, sheet, reader)
        # A repeated row is written as often as it stands there; blank ones, up to a million, are only skipped.
        for offset in range(times if found else 0):
            for column, text, width in found:
                for place in range(column, min(column + width, MAX_COLUMNS)):
                    workbook.fill(sheet, at + offset, place, text)
        at += times
        if at >= MAX_ROWS:
            break
    for shape in children(table, "shapes"):
        text = collapse(reader.cell_text(shape))
        if text:
            sheet.remarks.append(text)
    return sheet


def _row(row: etree._Element, at: int, sheet: Sheet, reader: OdfReader) -> list[tuple[int, str, int]]:
    """A row's filled cells: column, text, how often repeated. Merged ranges and comments go to the sheet."""
    found: list[tuple[int, str, int]] = []
    column = 0
    for cell in row.iterchildren("{*}table-cell", "{*}covered-table-cell"):
        times = min(whole(value(cell, "number-columns-repeated"), 1), MAX_COLUMNS)
        if local_name(cell) == "table-cell":
            text = reader.cell_text(cell)
            if text:
                found.append((column, text, times))
            down, right = (whole(value(cell, f"number-{name}-spanned"), 1) for name in ("rows", "columns"))
            if text and (down > 1 or right > 1):
                sheet.merge(at, column, at + down - 1, column + right - 1)
            for comment in children(cell, "annotation"):
                said = collapse(" ".join(reader.text(p)[0] for p in children(comment, "p")))
                if said:
                    sheet.remarks.append(f"Comment on {_letters(column)}{at + 1}: {said}")
        column += times
        if column >= MAX_COLUMNS:
            break
    return found


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
