"""Reads a Word file in either of its forms: DOCX, or the DOC of Word 97 to 2003. Macros are ignored."""

from rag.parsing import doc, docx
from rag.parsing.attachments import Source
from rag.parsing.containers import OLE_SIGNATURE
from rag.parsing.model import ParsedDocument


def parse(path: Source) -> ParsedDocument:
    """Parse a Word file. Raises ParsingError: ``corrupt``, ``encrypted``, ``no_text``, ``too_large``."""
    with path.open("rb") as file:
        is_old = file.read(len(OLE_SIGNATURE)) == OLE_SIGNATURE
    return doc.parse(path) if is_old else docx.parse(path)
