"""Tells what a file is by its content.

What a container holds, ``containers`` tells; which kind of text a text is, ``text_kinds``. A name counts only to refuse
text that claims to be a PDF or an office file.
"""

from pathlib import PurePath

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing.attachments import Source
from rag.parsing.containers import OFFICE_NAMES, OLE_SIGNATURE, ZIP_SIGNATURES, ole_kind, zip_kind
from rag.parsing.decoding import decode
from rag.parsing.model import Kind
from rag.parsing.text_kinds import text_kind

_HEAD = 64 * 1024
_RTF = b"{\\rt"
_NOT_TEXT = (b"%!PS", b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"Rar!")
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
# Not the names of old Office files: many programs export HTML or text under those, which Office opens too.
_BINARY_NAMES = {".pdf", *OFFICE_NAMES} - {".xls", ".xlt"}

_UNSUPPORTED = _(
    "This kind of file cannot be read. Use PDF, Word, PowerPoint, Excel, OpenDocument, RTF, EPUB, "
    "e-mail, HTML, Markdown, CSV, JSON, plain text or a picture (PNG, JPEG, TIFF, WebP)."
)


def detect_kind(path: Source, filename: str) -> Kind:
    """The kind of the file at ``path``; ``filename`` is the name it was uploaded under.

    Raises ParsingError: ``empty_file``, ``encrypted``, ``corrupt`` (a broken container that says it is an
    office file), ``unsupported_type``.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise ParsingError("empty_file", _("This file is empty: it has no bytes. Upload it again."))
    if b"%PDF-" in head[:1024]:
        return "pdf"
    suffix = PurePath(filename).suffix.lower()
    if head.startswith(ZIP_SIGNATURES):
        return zip_kind(path, suffix)
    if head.startswith(OLE_SIGNATURE):
        return ole_kind(path, suffix)
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(_RTF):
        return "rtf"
    if _is_picture(head):
        return "image"
    if head.startswith(_NOT_TEXT):
        raise ParsingError("unsupported_type", _UNSUPPORTED)
    text = decode(head)
    if text is None:
        raise ParsingError("unsupported_type", _UNSUPPORTED)
    if suffix in _BINARY_NAMES:
        # Most often the page of a failed download under the name of the file that was asked for.
        raise ParsingError(
            "unsupported_type",
            _("This file is named %(suffix)s but holds something else. Save it again and upload that.")
            % {"suffix": suffix},
        )
    return text_kind(text, suffix)


def may_be_scan(head: bytes) -> bool:
    """Whether a file that begins with these bytes, 1,024 or more, is a PDF or a picture."""
    return b"%PDF-" in head[:1024] or _is_picture(head)


def _is_picture(head: bytes) -> bool:
    if head.startswith(b"BM"):
        # The size of the header that follows tells a bitmap from a text that begins with these letters.
        return head[14:18] in (b"\x0c\0\0\0", b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0")
    return head.startswith(_PICTURES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")
