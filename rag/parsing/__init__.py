"""Parsing: a file in, its text with structure, pages and word boxes out.

``parse`` reads a file in this process; ``rag.parsing.sandbox`` does the same in a limited one, which is what anything
that reads files of strangers must use. The readers of the formats are imported when first needed.
"""

from dataclasses import replace
from importlib import import_module
from pathlib import PurePath

from rag.parsing.attachments import Source
from rag.parsing.building import clean, collapse
from rag.parsing.detection import detect_kind
from rag.parsing.model import Block, BlockKind, Box, Kind, Note, Page, ParsedDocument

__all__ = ["READERS", "Block", "BlockKind", "Box", "Kind", "Note", "Page", "ParsedDocument", "detect_kind", "parse"]

READERS: dict[Kind, str] = {
    "pdf": "rag.parsing.pdf",
    "docx": "rag.parsing.word",
    "pptx": "rag.parsing.slides",
    "xlsx": "rag.parsing.workbooks",
    "odt": "rag.parsing.odt",
    "odp": "rag.parsing.odp",
    "ods": "rag.parsing.ods",
    "rtf": "rag.parsing.rtf",
    "epub": "rag.parsing.epub",
    "email": "rag.parsing.mail",
    "html": "rag.parsing.html",
    "markdown": "rag.parsing.markdown",
    "csv": "rag.parsing.csv",
    "json": "rag.parsing.json",
    "notebook": "rag.parsing.notebook",
    "code": "rag.parsing.code",
    "text": "rag.parsing.text",
    "image": "rag.parsing.image",
}
"""The module that reads each kind of file: its ``parse(path)`` returns a ParsedDocument."""


def parse(path: Source, filename: str) -> ParsedDocument:
    """Read the file at ``path``, which was uploaded as ``filename``; its content decides what it is.

    The title is the document's own, else its first heading, else the file's name without its ending. Raises
    ParsingError with code ``empty_file``, ``encrypted``, ``corrupt``, ``unsupported_type``, ``no_text`` or
    ``too_large``.
    """
    reader = import_module(READERS[detect_kind(path, filename)])
    document: ParsedDocument = reader.parse(path)
    if document.title:
        return document
    name = PurePath(filename)
    # A program's file is known by its whole name.
    title = name.name if document.kind == "code" else name.stem.replace("_", " ")
    title = collapse(clean(title)) or "Untitled"
    return replace(document, title=title)
