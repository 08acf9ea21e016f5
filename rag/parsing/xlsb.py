"""Reads XLSB: the same workbook as XLSX, its parts written as binary records ([MS-XLSB])."""

import struct
from collections.abc import Iterator

from rag.parsing.model import ParsedDocument
from rag.parsing.number_formats import BUILT_IN
from rag.parsing.packages import Package
from rag.parsing.sheets import Sheet, Workbook
from rag.parsing.xlsx import CellStyles

# Numbers of records, [MS-XLSB] 2.3.
_ROW, _BLANK, _RK, _ERROR, _BOOL, _REAL, _STRING, _SHARED = range(8)
_FORMULA_STRING, _FORMULA_NUMBER, _FORMULA_BOOL, _FORMULA_ERROR = 8, 9, 10, 11
_SHARED_ITEM, _FORMAT, _STYLE, _WORKBOOK_PROPERTIES, _SHEET, _MERGE = 19, 44, 47, 153, 156, 176
_STYLES_BEGIN, _STYLES_END = 617, 618
_INLINE_RICH = 62
_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip


def read(package: Package, main: str) -> ParsedDocument:
    """Read the workbook whose main part is ``main``. Broken records raise what ``open_package`` calls corrupt."""
    try:
        return _read(package, main)
    except (struct.error, IndexError) as error:
        raise package.corrupt() from error


def _read(package: Package, main: str) -> ParsedDocument:
    relations = package.relations(main)
    by_kind = {relation.kind: relation.target for relation in relations.values()}
    workbook = Workbook()
    strings: list[str] = []
    for number, data in _records(package.read(by_kind.get("sharedStrings", "")) or b""):
        if number == _SHARED_ITEM:
            workbook.strings.take()
            strings.append(_text(data, 1)[0])
    formats = _formats(package.read(by_kind.get("styles", "")) or b"")
    from_1904 = False
    for number, data in _records(package.read(main) or b""):
        if number == _WORKBOOK_PROPERTIES:
            from_1904 = bool(data[0] & 1)
        elif number == _SHEET:
            workbook.count_sheet()
            # Excel 2007 before its release wrote four bytes more, seen by a sheet without a number.
            identifier, at = _text(data, 8 if struct.unpack_from("<I", data, 4)[0] else 12)
            name = _text(data, at)[0]
            relation = relations.get(identifier)
            if struct.unpack_from("<I", data)[0]:
                workbook.hide(name)
            elif relation is not None and relation.kind == "worksheet":
                styles = CellStyles(formats, from_1904)
                workbook.add(_sheet(package.read(relation.target) or b"", Sheet(name), workbook, strings, styles))
    return workbook.build(package.core_title())


def _sheet(content: bytes, sheet: Sheet, workbook: Workbook, strings: list[str], styles: CellStyles) -> Sheet:
    row = -1
    for number, data in _records(content):
        if number == _ROW:
            row = struct.unpack_from("<I", data)[0]
        elif number == _MERGE:
            top, bottom, left, right = struct.unpack_from("<4I", data)
            sheet.merge(top, left, bottom, right)
        elif _RK <= number <= _FORMULA_ERROR or number == _INLINE_RICH:
            column, style = struct.unpack_from("<II", data)
            workbook.fill(sheet, row, column, _cell(number, data, style & 0xFFFFFF, strings, styles))
    return sheet


def _cell(number: int, data: bytes, style: int, strings: list[str], styles: CellStyles) -> str:
    if number == _SHARED:
        index = struct.unpack_from("<I", data, 8)[0]
        return strings[index] if index < len(strings) else ""
    if number in (_STRING, _FORMULA_STRING):
        return _text(data, 8)[0]
    if number == _INLINE_RICH:
        return _text(data, 9)[0]
    if number == _RK:
        return styles.show(_rk(struct.unpack_from("<I", data, 8)[0]), style)
    if number in (_REAL, _FORMULA_NUMBER):
        return styles.show(struct.unpack_from("<d", data, 8)[0], style)
    if number in (_BOOL, _FORMULA_BOOL):
        return "TRUE" if data[8] else "FALSE"
    return _ERRORS.get(data[8], "#ERROR")


def _rk(packed: int) -> float:
    """A number of 30 bits, whole or the upper part of a double, perhaps in hundredths ([MS-XLSB] 2.5.122)."""
    if packed & 2:
        number = float(struct.unpack("<i", struct.pack("<I", packed))[0] >> 2)
    else:
        number = struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
    return number / 100 if packed & 1 else number


def _formats(content: bytes) -> list[str]:
    own: dict[int, str] = {}
    formats: list[str] = []
    inside = False
    for number, data in _records(content):
        if number == _FORMAT:
            own[struct.unpack_from("<H", data)[0]] = _text(data, 2)[0]
        elif number in (_STYLES_BEGIN, _STYLES_END):
            inside = number == _STYLES_BEGIN
        elif number == _STYLE and inside:
            code = struct.unpack_from("<H", data, 2)[0]
            formats.append(own.get(code) or BUILT_IN.get(code, "General"))
    return formats


def _text(data: bytes, at: int) -> tuple[str, int]:
    """A string and where it ends: its length in UTF-16 units, then those."""
    size = struct.unpack_from("<I", data, at)[0]
    if size == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * size
    if end > len(data):
        raise IndexError("a string that is longer than its record")
    return data[at + 4 : end].decode("utf-16-le", "replace"), end


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a part: number and size have seven bits a byte, at most two and four bytes."""
    at, end = 0, len(content)
    while at < end:
        number = content[at]
        at += 1
        if number & 0x80:
            number = (number & 0x7F) | (content[at] & 0x7F) << 7
            at += 1
        size = shift = 0
        for _ in range(4):
            byte = content[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        yield number, content[at : at + size]
        at += size
