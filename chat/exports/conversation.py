"""From a conversation's rows to a file with a name."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from chat.errors import ChatError, not_found
from chat.events import message_payloads
from chat.exports import json_file, markdown_file
from chat.exports.written import Written
from chat.models import Conversation

NAME_CHARS = 60
MOST_MESSAGES = 2_000
MOST_PDF_CHARS = 400_000
_NOT_IN_NAMES = re.compile(r"[^\w ().,-]+")


@dataclass(frozen=True, slots=True)
class Exported:
    """A file: its name, its type, its bytes."""

    filename: str
    content_type: str
    data: bytes


def export(conversation: Conversation, form: str, reader: User) -> Exported:
    """The conversation as ``md``, ``pdf`` or ``json``; its assistant must be loaded.

    ChatError: ``not_found`` for another form, ``too_long_to_export``.
    """
    if form not in FORMS:
        raise not_found(_("file"))
    ending, content_type, write = FORMS[form]
    rows = list(conversation.messages.with_sources()[: MOST_MESSAGES + 1])
    if len(rows) > MOST_MESSAGES:
        raise _too_long()
    written = Written(conversation, rows, message_payloads(rows, reader))
    return Exported(f"{_name(conversation.title)}.{ending}", content_type, write(written))


def _name(title: str) -> str:
    """A file name that every system takes: letters, digits, and little else."""
    name = " ".join(_NOT_IN_NAMES.sub(" ", title).split())[:NAME_CHARS].strip(" .-")
    return name or "conversation"


def _pdf(written: Written) -> bytes:
    # Laying out is slow beside the other forms, and takes a library that they do without.
    from chat.exports import pdf_file

    if sum(len(each.text) for each in written.branch) > MOST_PDF_CHARS:
        raise _too_long()
    return pdf_file.write(written)


def _too_long() -> ChatError:
    message = _("The conversation is too long for this. Take another form.")
    return ChatError("too_long_to_export", message, 413)


FORMS: dict[str, tuple[str, str, Callable[[Written], bytes]]] = {
    "md": ("md", "text/markdown; charset=utf-8", markdown_file.write),
    "json": ("json", "application/json", json_file.write),
    "pdf": ("pdf", "application/pdf", _pdf),
}
