"""Tells what a file is by its content.

The name decides only between Markdown and plain text, and refuses text that claims to be a PDF or DOCX.
"""

import re
import zipfile
from pathlib import Path, PurePath

from rag.errors import ParsingError
from rag.parsing.decoding import decode
from rag.parsing.model import Kind

_HEAD = 64 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_NOT_TEXT = (b"{\\rtf", b"%!PS", b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"Rar!", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
_HTML_ROOT = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HTML_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|meta|link|style|script|div|p|h[1-6]"
    r"|table|ul|ol|article|section|main|header|center|font|span|br|b|a)\b",
    re.IGNORECASE | re.DOTALL,
)
_HTML_NAMES = {".html", ".htm", ".xhtml", ".xht", ".shtml"}
_MARKDOWN_NAMES = {".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".mdwn"}
_BINARY_NAMES = {".pdf", ".docx"}
_TEXT_NAMES = {".txt", ".text", ".log", ".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".rst", ".org", ".adoc"}
_MARKDOWN_SIGNS = re.compile(r"^(?:#{1,6} \S|```|\|(?: *:?-+:? *\|)+\s*$)|\]\((?:https?://|/|#)[^)\s]*\)", re.MULTILINE)

_UNSUPPORTED = "This kind of file cannot be read yet. Use PDF, DOCX, HTML, Markdown or plain text."


def detect_kind(path: Path, filename: str) -> Kind:
    """The kind of the file at ``path``; ``filename`` is the name it was uploaded under.

    Raises ParsingError: ``empty_file``, ``encrypted``, ``corrupt`` (a broken ZIP that says it is a DOCX),
    ``unsupported_type``.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise ParsingError("empty_file", "This file is empty: it has no bytes. Upload it again.")
    if b"%PDF-" in head[:1024]:
        return "pdf"
    suffix = PurePath(filename).suffix.lower()
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path, suffix)
    if head.startswith(_OLE):
        raise _ole_error(path)
    if head.startswith(_NOT_TEXT):
        raise ParsingError("unsupported_type", _UNSUPPORTED)
    text = decode(head)
    if text is None:
        raise ParsingError("unsupported_type", _UNSUPPORTED)
    if suffix in _BINARY_NAMES:
        # Most often the page of a failed download under the name of the file that was asked for.
        raise ParsingError(
            "unsupported_type", f"This file is named {suffix} but holds something else. Save it again and upload that."
        )
    return _text_kind(text, suffix)


def _text_kind(text: str, suffix: str) -> Kind:
    if suffix in _MARKDOWN_NAMES:
        return "html" if _HTML_ROOT.match(text.lstrip()) else "markdown"
    if _HTML_START.match(text) or (suffix in _HTML_NAMES and "<" in text):
        return "html"
    if text.lstrip().startswith("<?xml") and _HTML_ROOT.search(text[:2000]):
        return "html"
    if suffix not in _TEXT_NAMES and len(_MARKDOWN_SIGNS.findall(text[:20_000])) >= 2:
        return "markdown"
    return "text"


def _zip_kind(path: Path, suffix: str) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError):
        if suffix in (".docx", ".docm", ".dotx"):
            raise ParsingError(
                "corrupt", "This Word file is damaged and cannot be opened. Save it again and upload it."
            ) from None
        raise ParsingError("unsupported_type", _UNSUPPORTED) from None
    if "[Content_Types].xml" in names and any(name.startswith("word/") for name in names):
        return "docx"
    raise ParsingError("unsupported_type", _UNSUPPORTED)


def _ole_error(path: Path) -> ParsingError:
    """An OLE container is an old Office file, or a new one that is encrypted: its directory names the stream."""
    with path.open("rb") as file:
        if _ENCRYPTED_PACKAGE in file.read(64 * 1024**2):
            return ParsingError(
                "encrypted", "This file is protected with a password. Remove the password and upload it again."
            )
    return ParsingError("unsupported_type", _UNSUPPORTED)
