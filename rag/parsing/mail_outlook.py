"""Reads Outlook's messages (MSG): properties in the streams of an OLE container, as [MS-OXMSG] describes them."""

import struct
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import olefile

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import html, limits
from rag.parsing.attachments import Source
from rag.parsing.decoding import decode
from rag.parsing.mail_mime import read_mime
from rag.parsing.mail_model import Mail

_SUBJECT, _BODY, _RTF, _HTML = 0x0037, 0x1000, 0x1009, 0x1013
_SENDER, _SENDER_ADDRESS, _SENDER_SMTP, _SENT_FOR = 0x0C1A, 0x0C1F, 0x5D01, 0x0042
_TO, _CC, _BCC, _HEADERS = 0x0E04, 0x0E03, 0x0E02, 0x007D
_SENT, _DELIVERED = 0x0039, 0x0E06
_CODEPAGE, _INTERNET_CODEPAGE = 0x3FFD, 0x3FDE
_DATA, _LONG_NAME, _SHORT_NAME, _DISPLAY_NAME, _MIME, _CONTENT_ID = 0x3701, 0x3707, 0x3704, 0x3001, 0x370E, 0x3712
_TEXT, _OLD_TEXT, _BINARY, _OBJECT, _TIME, _LONG = 0x001F, 0x001E, 0x0102, 0x000D, 0x0040, 0x0003
_PROPERTIES = "__properties_version1.0"
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_CORRUPT = _("This Outlook message is damaged and cannot be read. Save it again, as .eml if need be, and upload that.")
_MOST_RTF = 32 * 1024**2


def read_outlook(path: Source) -> Mail:
    """The message in a MSG file. Raises ParsingError ``corrupt``, ``too_large``."""
    try:
        with path.open("rb") as file, olefile.OleFileIO(file) as container:
            return _Message(container, ()).mail(0)
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise ParsingError("corrupt", _CORRUPT) from error


class _Message:
    """The properties under one storage: the message's own, an attachment's or an embedded message's."""

    def __init__(self, container: Any, place: tuple[str, ...], code_page: str = "") -> None:
        self.container = container
        self.place = place
        self.fixed = self._fixed()
        self.code_page = self._code_page() or code_page or "cp1252"

    def mail(self, depth: int) -> Mail:
        """What the storage says, its attachments included; an embedded message becomes text at once."""
        mail = Mail(subject=self.text(_SUBJECT))
        sender, address = self.text(_SENDER) or self.text(_SENT_FOR), self.text(_SENDER_SMTP)
        if not address and "@" in self.text(_SENDER_ADDRESS):
            address = self.text(_SENDER_ADDRESS)
        shown = f"{sender} <{address}>" if address and address != sender else sender or address
        headers = read_mime(self.text(_HEADERS).encode()) if self.text(_HEADERS) else Mail()
        known = dict(headers.fields)
        for label, value in (
            ("From", shown or known.get("From", "")),
            ("To", self.text(_TO).rstrip("\x00") or known.get("To", "")),
            ("Cc", self.text(_CC) or known.get("Cc", "")),
            ("Bcc", self.text(_BCC)),
            ("Date", self.time(_SENT) or self.time(_DELIVERED) or known.get("Date", "")),
        ):
            if value.strip("\x00 "):
                mail.fields.append((label, value))
        mail.plain = self.text(_BODY)
        page = self.binary(_HTML)
        mail.html = self._decoded(page, html.declared_encoding(page)) if page else self.text(_HTML)
        if not mail.plain.strip() and not mail.html.strip():
            # What cannot be unpacked is no RTF either, and leaves a note.
            mail.rich = decompressed_rtf(self.binary(_RTF)) or self.binary(_RTF)
        self._attach(mail, depth)
        return mail

    def _attach(self, mail: Mail, depth: int) -> None:
        for name in self._storages("__attach_version1.0_")[: limits.MAX_ATTACHMENTS]:
            part = _Message(self.container, (*self.place, name), self.code_page)
            title = part.text(_LONG_NAME) or part.text(_SHORT_NAME) or part.text(_DISPLAY_NAME)
            data = part.binary(_DATA)
            if data:
                shown_inside = part.text(_CONTENT_ID) and f"cid:{part.text(_CONTENT_ID)}" in mail.html
                if not shown_inside:
                    mail.attachments.append((title or "attachment", data))
                continue
            inner = f"__substg1.0_{_DATA:04X}{_OBJECT:04X}"
            if self.container.exists([*part.place, inner, _PROPERTIES]) and depth < limits.MAX_ATTACHMENT_DEPTH:
                message = _Message(self.container, (*part.place, inner), self.code_page).mail(depth + 1)
                mail.attachments.append((f"{title or message.subject or 'message'}.eml", as_mime(message)))

    def text(self, number: int) -> str:
        """A property that is text, in Unicode or the message's code page."""
        data = self._stream(number, _TEXT)
        if data:
            return data.decode("utf-16-le", "replace").rstrip("\x00")
        data = self._stream(number, _OLD_TEXT)
        return self._decoded(data, None).rstrip("\x00") if data else ""

    def binary(self, number: int) -> bytes:
        """A property that is bytes."""
        return self._stream(number, _BINARY)

    def time(self, number: int) -> str:
        """A property that is a time, as "2024-03-01 09:30 UTC"."""
        value = self.fixed.get((number, _TIME), b"")
        ticks = int.from_bytes(value, "little")
        if not 0 < ticks < 2**60:
            return ""
        return (_EPOCH + timedelta(microseconds=ticks // 10)).strftime("%Y-%m-%d %H:%M UTC")

    def _stream(self, number: int, kind: int) -> bytes:
        name = [*self.place, f"__substg1.0_{number:04X}{kind:04X}"]
        if not self.container.exists(name) or self.container.get_type(name) != olefile.STGTY_STREAM:
            return b""
        if self.container.get_size(name) > limits.MAX_ATTACHMENT_BYTES:
            raise limits.too_large(_("%(n)s MB in one part") % {"n": limits.MAX_ATTACHMENT_BYTES // 1024**2})
        data: bytes = self.container.openstream(name).read()
        return data

    def _fixed(self) -> dict[tuple[int, int], bytes]:
        """Properties of fixed size: 16 bytes each after the head, whose length depends on what the storage is."""
        name = [*self.place, _PROPERTIES]
        if not self.container.exists(name):
            return {}
        data = self.container.openstream(name).read()[: 1024**2]
        head = 32 if not self.place else 8 if self.place[-1].startswith("__attach") else 24
        found = {}
        for start in range(head, len(data) - 15, 16):
            kind, number = struct.unpack_from("<HH", data, start)
            found[number, kind] = data[start + 8 : start + 16]
        return found

    def _code_page(self) -> str:
        for number in (_CODEPAGE, _INTERNET_CODEPAGE):
            value = int.from_bytes(self.fixed.get((number, _LONG), b"")[:4], "little")
            if value == 65001:
                return "utf-8"
            if value in (936, 54936):
                return "gb18030"
            if 0 < value < 1300:
                return f"cp{value}"
        return ""

    def _decoded(self, data: bytes, declared: str | None) -> str:
        for name in filter(None, (declared, self.code_page)):
            try:
                return data.decode(name)
            except (LookupError, UnicodeDecodeError):
                continue
        return decode(data, None) or data.decode("latin-1")

    def _storages(self, prefix: str) -> list[str]:
        names = {
            entry[len(self.place)]
            for entry in self.container.listdir(streams=False, storages=True)
            if len(entry) == len(self.place) + 1 and tuple(entry[:-1]) == self.place
        }
        return sorted(name for name in names if name.startswith(prefix))


def as_mime(mail: Mail) -> bytes:
    """An embedded message as a MIME message, to be read like any other that is attached."""
    whole = MIMEMultipart("mixed")
    for label, value in (("Subject", mail.subject), *mail.fields):
        whole[label] = Header(" ".join(value.split()), "utf-8").encode()
    bodies = MIMEMultipart("alternative")
    for subtype, body in (("plain", mail.plain), ("html", mail.html)):
        if body.strip():
            bodies.attach(MIMEText(body.encode("utf-8", "replace").decode(), subtype, "utf-8"))
    whole.attach(bodies if bodies.get_payload() else MIMEApplication(mail.rich, "rtf"))
    for name, data in mail.attachments:
        part = MIMEApplication(data)
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
        whole.attach(part)
    return whole.as_bytes()


_RTF_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS"
    b" Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20"
    b"\\b\\i\\u\\tab\\tx"
)


def decompressed_rtf(data: bytes) -> bytes:
    """RTF out of the compressed form that Outlook keeps it in ([MS-OXRTFCP]); empty when it is damaged."""
    if len(data) < 16:
        return b""
    size, magic = struct.unpack_from("<4xII", data)
    if magic == 0x414C454D:
        return data[16 : 16 + size]
    if magic != 0x75465A4C or size > _MOST_RTF:
        return b""
    window = bytearray(_RTF_DICTIONARY.ljust(4096, b"\x00"))
    write, read = len(_RTF_DICTIONARY), 16
    output = bytearray()
    while read < len(data) and len(output) <= _MOST_RTF:
        control, read = data[read], read + 1
        for bit in range(8):
            if read >= len(data):
                break
            if not control >> bit & 1:
                found, read = data[read : read + 1], read + 1
            elif read + 1 < len(data):
                offset, length = divmod(data[read] << 8 | data[read + 1], 16)
                read += 2
                if offset == write % 4096:
                    return bytes(output)
                found = b""
                for step in range(length + 2):
                    byte = window[(offset + step) % 4096]
                    window[(write + step) % 4096] = byte
                    found += bytes((byte,))
            else:
                break
            for byte in found:
                window[write % 4096] = byte
                write += 1
            output += found
    return bytes(output)
