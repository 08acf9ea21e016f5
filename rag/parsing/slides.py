"""Reads a presentation of PowerPoint in either of its forms: PPTX, or the PPT of PowerPoint 97 to 2003."""

from rag.parsing import ppt, pptx
from rag.parsing.attachments import Source
from rag.parsing.containers import OLE_SIGNATURE
from rag.parsing.model import ParsedDocument


def parse(path: Source) -> ParsedDocument:
    """Parse a presentation. Raises ParsingError: ``corrupt``, ``encrypted``, ``no_text``, ``too_large``."""
    with path.open("rb") as file:
        is_old = file.read(len(OLE_SIGNATURE)) == OLE_SIGNATURE
    return ppt.parse(path) if is_old else pptx.parse(path)
