"""Reads an Excel workbook in whichever of its three forms it comes: XLSX, XLSB or the old XLS. Macros are ignored."""

from rag.errors import marked as _
from rag.parsing import xls, xlsb, xlsx
from rag.parsing.attachments import Source
from rag.parsing.containers import OLE_SIGNATURE
from rag.parsing.model import ParsedDocument
from rag.parsing.packages import open_package

DAMAGED = _("This Excel file is damaged and cannot be read. Open it in Excel, save it again and upload that.")


def parse(path: Source) -> ParsedDocument:
    """Parse a workbook. Raises ParsingError: ``corrupt``, ``encrypted``, ``no_text``, ``too_large``."""
    with path.open("rb") as file:
        if file.read(len(OLE_SIGNATURE)) == OLE_SIGNATURE:
            return xls.read(path, DAMAGED)
    with open_package(path, DAMAGED) as package:
        main = package.main_part("xl/workbook.bin" if "xl/workbook.bin" in package else "xl/workbook.xml")
        if main.lower().endswith(".bin"):
            return xlsb.read(package, main)
        return xlsx.read(package, main)
