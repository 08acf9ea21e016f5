"""Reads e-mail, from files as servers keep them (EML, MHTML) and as Outlook does (MSG): head, body, attachments."""

import re
from dataclasses import replace

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import html, limits
from rag.parsing.attachments import Source, add_file, allowance_of, note_unread
from rag.parsing.building import DocumentBuilder, clean, collapse
from rag.parsing.html_tree import parse_page
from rag.parsing.mail_mime import read_mime
from rag.parsing.mail_model import Mail
from rag.parsing.mail_outlook import read_outlook
from rag.parsing.model import ParsedDocument
from rag.parsing.properties import properties
from rag.parsing.reading import read_bytes
from rag.parsing.text_structure import add_text

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORD = re.compile(r"\w+")
_LEAST_OF_PLAIN = 0.6
_HISTORY = re.compile(
    r"^[ \t]*(?:-{2,} ?(?:original message|forwarded message|ursprüngliche nachricht|message d'origine"
    r"|mensaje original|weitergeleitete nachricht)[^\n]{0,40}|_{20,})[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED = re.compile(r"[ \t]*>")
_LONGEST_FIELD = 2000


def parse(path: Source) -> ParsedDocument:
    """Parse an e-mail with what is attached to it.

    Raises ParsingError: ``corrupt``, ``no_text``, ``too_large``, ``unsupported_type``.
    """
    with path.open("rb") as file:
        is_outlook = file.read(len(_OLE)) == _OLE
    try:
        mail = read_outlook(path) if is_outlook else read_mime(read_bytes(path))
    except RecursionError:
        raise ParsingError(
            "too_large", _("This e-mail is nested too deeply to be read. Save what matters in it as a file of its own.")
        ) from None
    around = allowance_of(path)
    builder = DocumentBuilder("email")
    builder.add("heading", collapse(mail.subject), level=1)
    for label, shown in mail.fields:
        builder.add("list_item", f"{label}: {collapse(shown)[:_LONGEST_FIELD]}", level=1, marker="- ")
    _add_body(builder, mail, around[1])
    for name, data in mail.attachments:
        add_file(builder, data, name, around)
    if mail.damaged:
        builder.note(
            "damaged",
            _("This e-mail is damaged in part. Compare it with the original before you rely on what is missing."),
        )
    note_unread(builder, around)
    told = {label.lower(): shown for label, shown in mail.fields}
    return replace(
        builder.build(mail.subject), properties=properties(author=told.get("from"), created=told.get("date"))
    )


def _add_body(builder: DocumentBuilder, mail: Mail, depth: int) -> None:
    """The better of the two forms: the page, unless it says much less than the plain text beside it."""
    plain = clean(mail.plain)
    page = _page(mail.html) if mail.html.strip() else None
    if page is not None and len(_WORD.findall(page.text)) >= _LEAST_OF_PLAIN * len(_WORD.findall(plain)):
        builder.append(page, 1)
    elif plain.strip():
        add_plain(builder, plain, mail.flowed)
    elif page is not None:
        builder.append(page, 1)
    elif mail.rich:
        _add_rich(builder, mail.rich, depth)


def _page(source: str) -> ParsedDocument | None:
    builder = DocumentBuilder("html")
    body = parse_page(source[: limits.MAX_MARKUP_BYTES]).body
    if body is None:
        return None
    html.HtmlReader(builder, is_mail=True).read(body)
    return builder.build("") if builder.length else None


def _add_rich(builder: DocumentBuilder, data: bytes, depth: int) -> None:
    """A body in RTF alone, through the reader of RTF if there is one."""
    from rag.parsing import parse
    from rag.parsing.attachments import MemoryFile

    try:
        builder.append(parse(MemoryFile(data, "body.rtf", depth + 1), "body.rtf"), 1)
    except ParsingError:
        builder.note(
            "body_unread", _("The text of this e-mail could not be read. Save it as plain text and upload that.")
        )


def add_plain(builder: DocumentBuilder, text: str, flowed: bool = False) -> None:
    """Append a plain body: what it quotes, and all that follows the head of an older message, as quotes."""
    history = _HISTORY.search(text)
    own, old = (text[: history.start()], text[history.end() :]) if history is not None else (text, "")
    gathered: list[str] = []
    quoting = False
    for line in [*own.split("\n"), ""]:
        is_quote = bool(_QUOTED.match(line))
        if is_quote != quoting and (is_quote or line.strip() or not gathered):
            _add_part(builder, gathered, quoting, flowed)
            gathered, quoting = [], is_quote
        gathered.append(line.lstrip(" \t>") if is_quote else line)
    _add_part(builder, gathered, quoting, flowed)
    _add_part(builder, [line.lstrip(" \t>") for line in old.split("\n")], True, flowed)


def _add_part(builder: DocumentBuilder, lines: list[str], quoting: bool, flowed: bool) -> None:
    text = "\n".join(_joined(lines) if flowed else lines)
    if not quoting:
        add_text(builder, text)
        return
    for paragraph in re.split(r"\n\s*\n", text):
        builder.add("quote", paragraph)


def _joined(lines: list[str]) -> list[str]:
    """Lines as RFC 3676 has them: one that ends with a space goes on in the next, "-- " excepted."""
    joined: list[str] = []
    goes_on = False
    for line in lines:
        if goes_on and joined:
            joined[-1] += line
        else:
            joined.append(line)
        goes_on = line.endswith(" ") and line != "-- "
    return joined
