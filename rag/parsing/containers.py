"""Tells what a ZIP or OLE container holds, by its entries: an office document, an e-book, a message, or none."""

import zipfile
import zlib

import olefile

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing.attachments import Source
from rag.parsing.model import Kind
from rag.parsing.packages import ENCRYPTED

ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OFFICE_NAMES = {
    **dict.fromkeys((".docx", ".docm", ".dotx", ".dotm"), _("Word file")),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"), _("PowerPoint file")),
    **dict.fromkeys((".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".xlt"), _("Excel file")),
    **dict.fromkeys((".odt", ".ott", ".odp", ".otp", ".ods", ".ots"), _("OpenDocument file")),
    ".epub": _("e-book"),
}
"""Endings that promise a container, and what to call the file in a sentence."""
_MEDIA_TYPES: dict[str, Kind] = {
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/epub+zip": "epub",
}
_FOLDERS: dict[str, Kind] = {"word": "docx", "ppt": "pptx", "xl": "xlsx"}
_LONGEST_MEDIA_TYPE = 200
_WORD_SIGNATURES = (b"\xec\xa5", b"\xdc\xa5")
_WORD_97 = 0xC1
_ENCRYPTED_SLIDES = bytes.fromhex("dfc4d1f3")
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")

_OLDER_WORD = _(
    "This is a file of Word 6 or 95, which cannot be read. Open it in Word or LibreOffice, save it "
    "as .docx and upload that."
)
_OLDER_POWERPOINT = _(
    "This is a file of PowerPoint 4 or 95, which cannot be read. Open it in PowerPoint or "
    "LibreOffice, save it as .pptx and upload that."
)
_ARCHIVE = _("This is a ZIP archive. Unpack it and upload the files that are in it.")
_DRAWING = _(
    "This OpenDocument file is neither a text, a presentation nor a spreadsheet. Export it as PDF, upload that."
)
_IWORK = _("This is a file of Pages, Numbers or Keynote, which cannot be read. Export it as PDF and upload that.")
_XPS = _("This is an XPS file, which cannot be read. Open it, print it as PDF and upload that.")
_BROKEN_OLE = _("This Office file is damaged and cannot be opened. Save it again and upload it.")
_OTHER_OLE = _("This kind of file cannot be read. Save it as PDF, or as DOCX, PPTX or XLSX, and upload that.")


def zip_kind(path: Source, suffix: str) -> Kind:
    """What the ZIP container at ``path`` is; ``suffix`` is the ending it was uploaded with, in lower case.

    Raises ParsingError: ``corrupt`` for a broken container that says it is an office file, ``unsupported_type``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.replace("\\", "/").lstrip("/").lower() for name in archive.namelist()]
            media_type = _media_type(archive)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError):
        # RuntimeError is zipfile's word for a password, and for a compression that it does not know.
        names, media_type = [], ""
    if media_type in _MEDIA_TYPES:
        return _MEDIA_TYPES[media_type]
    if media_type.startswith("application/vnd.oasis.opendocument."):
        for known, kind in _MEDIA_TYPES.items():
            if media_type in (f"{known}-template", f"{known}-master"):
                return kind
        raise ParsingError("unsupported_type", _DRAWING)
    folders = {name.partition("/")[0] for name in names if "/" in name}
    if "[content_types].xml" in names or "_rels/.rels" in names:
        for folder, kind in _FOLDERS.items():
            if folder in folders:
                return kind
    if suffix == ".epub" and "meta-inf/container.xml" in names:
        return "epub"
    raise _unreadable_zip(names, suffix)


def _media_type(archive: zipfile.ZipFile) -> str:
    """What the entry "mimetype" says, by which OpenDocument and EPUB name themselves."""
    try:
        with archive.open("mimetype") as entry:
            return entry.read(_LONGEST_MEDIA_TYPE).decode("ascii", "replace").strip().lower()
    except KeyError:
        return ""


def _unreadable_zip(names: list[str], suffix: str) -> ParsingError:
    if any(name.endswith(".iwa") for name in names) or suffix in (".pages", ".numbers", ".key"):
        return ParsingError("unsupported_type", _IWORK)
    if any(name.endswith(".fdseq") for name in names):
        return ParsingError("unsupported_type", _XPS)
    if suffix in OFFICE_NAMES and not names:
        called = OFFICE_NAMES[suffix]
        return ParsingError(
            "corrupt",
            _("This file (%(called)s) is damaged and cannot be opened. Save it again and upload it.")
            % {"called": called},
        )
    return ParsingError("unsupported_type", _ARCHIVE)


def ole_kind(path: Source, suffix: str) -> Kind:
    """What the OLE container at ``path`` is: a text of Word or a workbook of Excel 97 to 2003, a message of Outlook.

    Raises ParsingError: ``encrypted`` (a new Office file with a password is an OLE container too), ``corrupt``,
    ``unsupported_type``.
    """
    try:
        with path.open("rb") as file, olefile.OleFileIO(file) as container:
            top = {entry[0].lower() for entry in container.listdir(streams=True, storages=True)}
            word = container.openstream("WordDocument").read(12) if "worddocument" in top else b""
            powerpoint = container.openstream("Current User").read(16) if "current user" in top else b""
    except (OSError, ValueError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise _broken_ole(path, suffix) from error
    if top & {"encryptedpackage", "\x09drmcontent", "\x06dataspaces"}:
        raise ParsingError("encrypted", ENCRYPTED)
    if "__properties_version1.0" in top:
        return "email"
    if top & {"workbook", "book"}:
        return "xlsx"
    if "worddocument" in top:
        return _word_kind(word)
    if "pp40" in top:
        raise ParsingError("unsupported_type", _OLDER_POWERPOINT)
    if "powerpoint document" in top:
        if "encryptedsummary" in top or powerpoint[12:16] == _ENCRYPTED_SLIDES:
            raise ParsingError("encrypted", ENCRYPTED)
        if "current user" not in top:
            raise ParsingError("unsupported_type", _OLDER_POWERPOINT)
        return "pptx"
    raise ParsingError("unsupported_type", _OTHER_OLE)


def _word_kind(head: bytes) -> Kind:
    """What the first bytes of a DOC say; 97 and later can be read."""
    if len(head) < 12 or head[:2] not in _WORD_SIGNATURES:
        raise ParsingError("corrupt", _BROKEN_OLE)
    if head[11] & 0x01:
        raise ParsingError("encrypted", ENCRYPTED)
    if int.from_bytes(head[2:4], "little") < _WORD_97:
        raise ParsingError("unsupported_type", _OLDER_WORD)
    return "docx"


def _broken_ole(path: Source, suffix: str) -> ParsingError:
    with path.open("rb") as file:
        if _ENCRYPTED_PACKAGE in file.read(64 * 1024**2):
            return ParsingError("encrypted", ENCRYPTED)
    if suffix in OFFICE_NAMES or suffix in (".doc", ".dot", ".ppt", ".pps", ".msg"):
        return ParsingError("corrupt", _BROKEN_OLE)
    return ParsingError("unsupported_type", _OTHER_OLE)
