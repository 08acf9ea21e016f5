"""Writes: conversations, and which of their branches is shown."""

import logging
from functools import partial
from uuid import UUID

import redis.exceptions
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from chat.errors import ChatError, not_found
from chat.events import ConversationRenamed
from chat.events.keys import stream_key
from chat.models import Conversation, Message
from chat.models.conversations import TITLE_CHARS
from live.stream import append

log = logging.getLogger(__name__)


def conversation_of(user: User, conversation_id: UUID) -> Conversation:
    """A conversation of the user's own; ChatError ``not_found`` for any other."""
    conversation = Conversation.objects.visible_to(user).select_related("assistant").filter(pk=conversation_id).first()
    if conversation is None:
        raise not_found(_("conversation"))
    return conversation


def conversation_rename(*, user: User, conversation_id: UUID, title: str) -> Conversation:
    """Give a conversation another title; its open pages hear of it. ChatError ``not_found``, ``title_empty``."""
    with transaction.atomic():
        conversation = conversation_of(user, conversation_id)
        conversation.title = title_of(title.replace("\x00", "").strip())
        if not conversation.title:
            raise ChatError("title_empty", _("The conversation has no title. Write one."), 422)
        conversation.save(update_fields=["title"])
        transaction.on_commit(partial(_announce_title, conversation), robust=True)
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


def _announce_title(conversation: Conversation) -> None:
    event = ConversationRenamed(conversation_id=conversation.pk, title=conversation.title)
    try:
        append(stream_key(conversation.pk), event)
    except redis.exceptions.RedisError as problem:
        log.warning("conversation %s is renamed, open pages learn of it later: %s", conversation.pk, problem)


def title_of(text: str) -> str:
    """The first line of a text, cut at a word to the length of a title."""
    line = " ".join(text.split("\n", 1)[0].split())
    if len(line) <= TITLE_CHARS:
        return line
    cut = line[: TITLE_CHARS - 1]
    return cut[: cut.rfind(" ")] + "…" if " " in cut else cut + "…"
