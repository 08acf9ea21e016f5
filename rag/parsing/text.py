"""Reads plain text of any encoding: paragraphs are what blank lines separate."""

import re
from pathlib import Path

from rag.errors import ParsingError
from rag.parsing import limits
from rag.parsing.building import DocumentBuilder, clean
from rag.parsing.decoding import decode
from rag.parsing.model import ParsedDocument

_PARAGRAPH_BREAK = re.compile(r"\n[ \t\u00a0\u3000]*\n\s*")


def parse(path: Path) -> ParsedDocument:
    """Parse a text file. Raises ParsingError: ``unsupported_type``, ``no_text``, ``too_large``."""
    builder = DocumentBuilder("text")
    text = clean(read_text(path))
    for paragraph in _PARAGRAPH_BREAK.split(text):
        builder.add("paragraph", paragraph)
    return builder.build("")


def read_text(path: Path, declared: str | None = None) -> str:
    """The file's content, decoded. Raises ParsingError: ``unsupported_type``, ``too_large``."""
    return decode_bytes(read_bytes(path), declared)


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises ParsingError ``too_large`` beyond ``limits.MAX_MARKUP_BYTES``."""
    with path.open("rb") as file:
        data = file.read(limits.MAX_MARKUP_BYTES + 1)
    if len(data) > limits.MAX_MARKUP_BYTES:
        raise limits.too_large(f"{limits.MAX_MARKUP_BYTES // 1024**2} MB of text")
    return data


def decode_bytes(data: bytes, declared: str | None = None) -> str:
    """``data`` as text. Raises ParsingError ``unsupported_type`` when it is none."""
    text = decode(data, declared)
    if text is None:
        raise ParsingError(
            "unsupported_type", "This file is not text that can be read. Save it as UTF-8 and try again."
        )
    return text
