"""Reads ODT: the text of a document, then its notes and comments."""

from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder
from rag.parsing.model import ParsedDocument
from rag.parsing.odf import OdfReader, OdfStyles, body, open_document, title


def parse(path: Source) -> ParsedDocument:
    """Parse an ODT file. Raises ParsingError: ``corrupt``, ``encrypted``, ``no_text``, ``too_large``."""
    with open_document(path) as package:
        builder = DocumentBuilder("odt")
        reader = OdfReader(builder, OdfStyles(package))
        reader.read(body(package, "text"))
        reader.notes()
        return builder.build(title(package) or reader.title)
