"""Writes: conversations, and which of their branches is shown."""

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from chat.errors import not_found
from chat.models import Conversation, Message
from chat.models.conversations import TITLE_CHARS


def conversation_of(user: User, conversation_id: UUID) -> Conversation:
    """A conversation of the user's own; ChatError ``not_found`` for any other."""
    conversation = Conversation.objects.visible_to(user).select_related("assistant").filter(pk=conversation_id).first()
    if conversation is None:
        raise not_found(_("conversation"))
    return conversation


def conversation_rename(*, user: User, conversation_id: UUID, title: str) -> Conversation:
    """Give a conversation another title."""
    conversation = conversation_of(user, conversation_id)
    conversation.title = title_of(title)
    conversation.save(update_fields=["title"])
    return conversation


def conversation_delete(*, user: User, conversation_id: UUID) -> None:
    """Delete a conversation with all its messages."""
    conversation_of(user, conversation_id).delete()


def branch_show(*, user: User, message_id: UUID) -> Conversation:
    """Show the branch that a message is in, down to its newest end; ChatError ``not_found``."""
    message = Message.objects.visible_to(user).select_related("conversation").filter(pk=message_id).first()
    if message is None or message.conversation is None:
        raise not_found(_("message"))
    conversation = message.conversation
    conversation.leaf_id = conversation.messages.newest_below(message.pk)
    conversation.save(update_fields=["leaf"])
    return conversation


def title_of(text: str) -> str:
    """The first line of a text, cut at a word to the length of a title."""
    line = " ".join(text.split("\n", 1)[0].split())
    if len(line) <= TITLE_CHARS:
        return line
    cut = line[: TITLE_CHARS - 1]
    return cut[: cut.rfind(" ")] + "…" if " " in cut else cut + "…"
