"""A file's content as bytes or as text, within bounds, for every reader of text."""

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.building import clean
from rag.parsing.decoding import decode


def read_text(path: Source, declared: str | None = None) -> str:
    """The file's content, decoded. Raises ParsingError: ``unsupported_type``, ``too_large``."""
    return decode_bytes(read_bytes(path), declared)


def read_clean(path: Source) -> str:
    """The file's content, decoded and clean, for readers that keep all of it.

    Raises ParsingError: ``unsupported_type``, ``too_large`` for what could not become a document either.
    """
    text = clean(read_text(path))
    if len(text) > limits.MAX_CHARACTERS:
        raise limits.too_large(_("%(n)s characters") % {"n": f"{limits.MAX_CHARACTERS:,}"})
    return text


def read_bytes(path: Source) -> bytes:
    """The file's bytes. Raises ParsingError ``too_large`` beyond ``limits.MAX_MARKUP_BYTES``."""
    with path.open("rb") as file:
        data = file.read(limits.MAX_MARKUP_BYTES + 1)
    if len(data) > limits.MAX_MARKUP_BYTES:
        raise limits.too_large(_("%(n)s MB of text") % {"n": limits.MAX_MARKUP_BYTES // 1024**2})
    return data


def decode_bytes(data: bytes, declared: str | None = None) -> str:
    """``data`` as text. Raises ParsingError ``unsupported_type`` when it is none."""
    text = decode(data, declared)
    if text is None:
        raise ParsingError(
            "unsupported_type", _("This file is not text that can be read. Save it as UTF-8 and try again.")
        )
    return text
