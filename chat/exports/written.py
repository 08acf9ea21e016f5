"""A conversation as exports write it: rows, what its owner may see of them, and the words that files share."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.utils.translation import gettext as _

from chat.events import CitationPayload, MessagePayload
from chat.models import Conversation, Message


@dataclass(frozen=True)
class Written:
    """A conversation with its messages, oldest first, and beside each what the reader may see of it."""

    conversation: Conversation
    rows: Sequence[Message]
    payloads: Sequence[MessagePayload]

    @cached_property
    def branch(self) -> list[MessagePayload]:
        """The branch that is shown, from the beginning."""
        by_id = {each.id: each for each in self.payloads}
        at: UUID | None = self.conversation.leaf_id or (self.payloads[-1].id if self.payloads else None)
        found: list[MessagePayload] = []
        while at in by_id and len(found) < len(by_id):
            found.append(by_id[at])
            at = by_id[at].in_reply_to
        return found[::-1]

    @property
    def exchanges(self) -> list[tuple[MessagePayload | None, list[MessagePayload]]]:
        """The branch as questions, each with what was answered to it."""
        found: list[tuple[MessagePayload | None, list[MessagePayload]]] = []
        for message in self.branch:
            if message.role == "user":
                found.append((message, []))
            elif found:
                found[-1][1].append(message)
            else:
                found.append((None, [message]))
        return found


def notes_of(answer: MessagePayload) -> list[CitationPayload]:
    """One citation for each number, in order of their numbers."""
    first: dict[int, CitationPayload] = {}
    for citation in answer.citations:
        first.setdefault(citation.number, citation)
    return [first[number] for number in sorted(first)]


def place_words(citation: CitationPayload) -> str:
    """The document, and the page where there is one."""
    title = citation.title or citation.filename
    if citation.page is None:
        return title
    return _("%(title)s, page %(page)d") % {"title": title, "page": citation.page}


def ending_words(answer: MessagePayload) -> str:
    """How an answer ended, where it did not come to its end."""
    return {
        "running": _("This answer was being written when the file was made."),
        "refused": "" if answer.text else _("The documents do not answer."),
        "failed": _("This answer could not be written."),
        "stopped": _("This answer was stopped."),
        "interrupted": _("This answer was interrupted."),
    }.get(answer.status, "")
