"""Reads messages in MIME, EML and MHTML, damaged ones too, with the standard library's parser."""

import email
import email.errors
import re
from email.header import Header, decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import unquote as unquoted
from urllib.parse import unquote

from rag.parsing import html, limits
from rag.parsing.building import collapse
from rag.parsing.decoding import decode
from rag.parsing.mail_model import Mail

_FIELDS = ("From", "To", "Cc", "Bcc", "Date")
_MOST_PARTS = 10_000
_DEEPEST = 120
_LONGEST_FIELD = 100_000
_BOUNDARY = re.compile(
    rb"^--(?P<line>[^\r\n]{1,200})|boundary\s{0,9}=\s{0,9}\"?(?P<declared>[^\";\r\n]{1,200})",
    re.IGNORECASE | re.MULTILINE,
)
_PROTOCOL = """
application/pgp-signature application/pkcs7-signature application/x-pkcs7-signature message/disposition-notification
text/rfc822-headers application/ms-tnef
"""
_PROTOCOL_PARTS = frozenset(_PROTOCOL.split())
_ENDINGS = {
    "text/html": ".html", "text/plain": ".txt", "text/csv": ".csv", "text/calendar": ".ics", "application/pdf": ".pdf",
    "application/json": ".json", "text/markdown": ".md", "message/rfc822": ".eml",
}  # fmt: skip


def read_mime(data: bytes) -> Mail:
    """The message in ``data``. Raises RecursionError when its parts are nested without end."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:100]:
        data = (decode(data) or "").encode()
    data = data.lstrip(b"\xef\xbb\xbf\r\n")
    if _is_endless(data):
        raise RecursionError
    message = email.message_from_bytes(data, policy=_BoundedHeads())
    mail = Mail(subject=shown(message.get("Subject")))
    for name in _FIELDS:
        values = list(filter(None, map(shown, message.get_all(name, []))))
        if values:
            mail.fields.append((name, ", ".join(values)))
    _read_parts(message, mail)
    return mail


class _BoundedHeads(Compat32):
    """Cuts fields without end: what they hold is looked through again for each parameter."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """The name and the value of one field."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_FIELD]


def _is_endless(data: bytes) -> bool:
    """Whether more than ``_DEEPEST`` multiparts are open at once: the library compares each line with the boundaries of
    all."""
    if data.count(b"oundary") <= _DEEPEST:
        return False
    opened: list[bytes] = []
    for match in _BOUNDARY.finditer(data):
        if match["declared"] is not None:
            opened.append(match["declared"].strip())
            if len(opened) > _DEEPEST:
                return True
            continue
        line = match["line"].rstrip()
        for depth in range(len(opened) - 1, -1, -1):
            if line in (opened[depth], opened[depth] + b"--"):
                del opened[depth + (line == opened[depth]) :]
                break
    return False


def shown(value: object) -> str:
    """A header as a person reads it: encoded words decoded, whatever encoding they claim."""
    if value is None:
        return ""
    text = re.sub(r"\r?\n[ \t]*", " ", str(value))
    try:
        # A head with raw bytes beyond ASCII comes as a Header, which still has them.
        parts = decode_header(value if isinstance(value, Header) else text)
    except (ValueError, LookupError, email.errors.MessageError):
        return collapse(text)
    words = [part if isinstance(part, str) else _decoded(part, charset) for part, charset in parts]
    return collapse("".join(words).encode("utf-8", "replace").decode())


def _decoded(data: bytes, charset: str | None) -> str:
    if charset not in (None, "unknown-8bit"):
        try:
            return data.decode(_python_name(charset or ""), errors="strict")
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data) or data.decode("latin-1")


def _python_name(charset: str) -> str:
    name = charset.strip("\"' ").lower()
    # Labels that Python does not know, and those that in practice mean the larger set of a Windows code page.
    return {
        "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030",
        "shift_jis": "cp932", "iso-8859-1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252",
        "iso-8859-8-i": "iso-8859-8", "unicode-1-1-utf-7": "utf-7", "x-unknown": "utf-8", "utf8": "utf-8",
    }.get(name, name)  # fmt: skip


def _read_parts(message: Message, mail: Mail) -> None:
    """Sort the parts: the bodies, and what is attached; without recursion, in the order of the message."""
    stack: list[tuple[Message, bool]] = [(message, False)]
    seen = 0
    while stack and seen < _MOST_PARTS:
        part, is_alternative = stack.pop()
        seen += 1
        kind = part.get_content_type()
        if part.is_multipart() and kind != "message/rfc822" and not kind.startswith("message/"):
            inner = [each for each in part.get_payload() if isinstance(each, Message)]
            alternative = kind in ("multipart/alternative", "multipart/related")
            stack.extend((each, alternative) for each in reversed(inner))
        else:
            _read_part(part, kind, mail, is_alternative)


def _read_part(part: Message, kind: str, mail: Mail, is_alternative: bool) -> None:
    name = _name(part)
    if kind in _PROTOCOL_PARTS:
        return
    if kind in ("text/rtf", "application/rtf") and not name and not (mail.plain or mail.html):
        mail.rich = mail.rich or _payload(part)
        return
    if kind == "message/rfc822":
        _attach_message(part, name, mail)
        return
    attached = part.get_content_disposition() == "attachment"
    data = _payload(part)
    if kind.startswith("text/") and not attached and (not name or kind in ("text/plain", "text/html")):
        _take_text(part, kind, data, name, mail, is_alternative)
    elif _is_shown_inside(part, kind, attached):
        return
    elif data.strip():
        mail.attachments.append((name or "attachment" + _ENDINGS.get(kind, ""), data))


def _take_text(part: Message, kind: str, data: bytes, name: str, mail: Mail, is_alternative: bool) -> None:
    """A text part without a name is body; a second page or a text with a name is attached."""
    charset = _parameter(part, "charset")
    if kind == "text/html":
        source = _page(data, charset)
        if (name and mail.html) or (name and mail.plain and not is_alternative):
            mail.attachments.append((name, data))
        else:
            mail.html += source
    elif kind == "text/plain" or not name:
        text = _text(data, charset)
        if name and (mail.plain or mail.html):
            mail.attachments.append((name, data))
        elif is_alternative and mail.plain.strip() and kind != "text/plain":
            return
        elif kind in ("text/plain", "text/enriched", "text/richtext"):
            mail.plain = f"{mail.plain}\n\n{text}" if mail.plain else text
            mail.flowed = mail.flowed or _parameter(part, "format") == "flowed"
            if mail.html and not is_alternative:
                # A list's footer, for example, that follows the page: it belongs to both forms of the body.
                mail.html += f"<pre>{_escaped(text)}</pre>"
        elif kind == "text/calendar" or not (mail.plain or mail.html):
            mail.attachments.append((f"attachment{_ENDINGS.get(kind, '.txt')}", data))


def _text(data: bytes, charset: str | None) -> str:
    return _decoded(data, charset)


def _page(data: bytes, charset: str | None) -> str:
    if charset:
        return _decoded(data, charset)
    return decode(data, html.declared_encoding(data)) or data.decode("latin-1")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _is_shown_inside(part: Message, kind: str, attached: bool) -> bool:
    """Pictures, styles and fonts of the page: what the body itself shows."""
    if kind in ("text/css", "text/javascript", "application/javascript") or kind.startswith("font/"):
        return True
    inside = "Content-ID" in part or "Content-Location" in part or part.get_content_disposition() == "inline"
    return kind.startswith("image/") and inside and not attached


def _attach_message(part: Message, name: str, mail: Mail) -> None:
    inner = part.get_payload()
    if isinstance(inner, list) and inner and isinstance(inner[0], Message):
        subject = shown(inner[0].get("Subject"))
        data = _as_bytes(inner[0])
    else:
        subject, data = "", _payload(part)
    if data.strip():
        name = name or (f"{subject}.eml" if subject else "message.eml")
        mail.attachments.append((name if name.lower().endswith(".eml") else f"{name}.eml", data))


def _as_bytes(message: Message) -> bytes:
    try:
        return message.as_bytes()
    except (ValueError, LookupError, AttributeError, TypeError, KeyError):
        # The library cannot write again every damaged message that it can read.
        return str(message.get_payload()).encode("utf-8", "replace")


def _payload(part: Message) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        data = None
    if isinstance(data, bytes):
        return data
    raw = part.get_payload()
    return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else b""


def _parameter(part: Message, name: str) -> str | None:
    try:
        value = part.get_param(name)
    except (ValueError, LookupError, TypeError):
        return None
    if isinstance(value, tuple):
        value = value[2]
    return unquoted(str(value)).lower() if value else None


def _name(part: Message) -> str:
    """The file's name, from whichever header has it and however it is encoded."""
    try:
        name = part.get_filename("")
    except (ValueError, LookupError, TypeError):
        name = ""
    name = shown(name)
    if not name and part.get_content_disposition() == "attachment":
        name = unquote(str(part.get("Content-Location", "")).rpartition("/")[2])
    return re.split(r"[/\\]", name)[-1][: limits.MAX_DEPTH]
