"""Parsing: a file in, its text with structure, pages and word boxes out.

``parse`` reads a file in this process; ``rag.parsing.sandbox`` does the same in a limited one, which is what anything
that reads files of strangers must use. The readers of the formats are imported when first needed.
"""

from pathlib import Path, PurePath

from rag.parsing.building import clean, collapse
from rag.parsing.detection import detect_kind
from rag.parsing.model import Block, BlockKind, Box, Kind, Page, ParsedDocument

__all__ = ["Block", "BlockKind", "Box", "Kind", "Page", "ParsedDocument", "detect_kind", "parse"]


def parse(path: Path, filename: str) -> ParsedDocument:
    """Read the file at ``path``, which was uploaded as ``filename``; its content decides what it is.

    The title is the document's own, else its first heading, else the file's name without its ending. Raises
    ParsingError with code ``empty_file``, ``encrypted``, ``corrupt``, ``unsupported_type``, ``no_text`` or
    ``too_large``.
    """
    document = _read(path, detect_kind(path, filename))
    if document.title:
        return document
    title = collapse(clean(PurePath(filename).stem.replace("_", " "))) or "Untitled"
    return ParsedDocument(document.kind, title, document.text, document.blocks, document.pages)


def _read(path: Path, kind: Kind) -> ParsedDocument:
    if kind == "pdf":
        from rag.parsing import pdf

        return pdf.parse(path)
    if kind == "docx":
        from rag.parsing import docx

        return docx.parse(path)
    if kind == "html":
        from rag.parsing import html

        return html.parse(path)
    if kind == "markdown":
        from rag.parsing import markdown

        return markdown.parse(path)
    from rag.parsing import text

    return text.parse(path)
