"""Reads plain text of any encoding: paragraphs, and the headings, lists and ruled tables that are surely such."""

from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, clean
from rag.parsing.model import ParsedDocument
from rag.parsing.reading import read_clean
from rag.parsing.text_structure import add_text
from rag.parsing.xml_text import add_xml


def parse(path: Source) -> ParsedDocument:
    """Parse a text file. Raises ParsingError: ``unsupported_type``, ``no_text``, ``too_large``."""
    return parse_text(read_clean(path))


def parse_text(source: str) -> ParsedDocument:
    """The document that decoded text makes. Raises ParsingError: ``no_text``, ``too_large``."""
    builder = DocumentBuilder("text")
    if add_xml(builder, source):
        return builder.build("")
    # A chapter's number, or a heading somewhere within, is not what the whole is called.
    builder.first_heading = add_text(builder, clean(source))
    return builder.build("")
