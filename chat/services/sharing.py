"""Links to conversations: made and revoked by their owner, opened by whoever is signed in and has one."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import audit
from chat.answering.sources import save_sources
from chat.errors import ChatError, not_found
from chat.events.shared import SharedMessage, shared_messages
from chat.models import Conversation, Message, Role, SharedLink, Status, link_digest
from chat.services.conversations import conversation_of

DAYS = (1, 7, 30, 90)
DEFAULT_DAYS = 7
TOKEN_BYTES = 24
MOST_LINKS = 50
MOST_MESSAGES = 2_000
"""Of the path that a link shows."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link shows to one reader: the path from the beginning to where it was shared."""

    link: SharedLink
    messages: list[SharedMessage]


def link_create(*, user: User, conversation_id: UUID, days: int = DEFAULT_DAYS) -> tuple[SharedLink, str]:
    """Let others read the branch that is shown now, up to its end; the second value is the token, told this once.

    ChatError: ``not_found``, ``link_days``, ``sharing_off``, ``nothing_to_share``, ``answer_running``,
    ``too_many_links``.
    """
    if days not in DAYS:
        raise ChatError("link_days", _("Choose 1, 7, 30 or 90 days."), 422)
    with transaction.atomic():
        conversation = conversation_of(user, conversation_id)
        Conversation.objects.select_for_update().get(pk=conversation.pk)
        refusal = why_not(conversation)
        if refusal:
            raise refusal
        assert conversation.leaf_id is not None
        if live_links(conversation).count() >= MOST_LINKS:
            raise ChatError("too_many_links", _("There are 50 links already. Revoke one that nobody needs."), 409)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        link = SharedLink.objects.create(
            conversation=conversation,
            leaf_id=conversation.leaf_id,
            digest=link_digest(token),
            title=conversation.title,
            expires_at=timezone.now() + timedelta(days=days),
        )
        audit(actor=user, action="conversation.share", target=link, detail={"days": days})
    return link, token


def link_revoke(*, user: User, link_id: int) -> SharedLink:
    """Make a link to a conversation of one's own useless at once; ChatError ``not_found`` for any other."""
    with transaction.atomic():
        link = SharedLink.objects.select_for_update(of=("self",)).owned_by(user).filter(pk=link_id).first()
        if link is None:
            raise not_found(_("link"))
        if link.revoked_at is None:
            link.revoked_at = timezone.now()
            link.save(update_fields=["revoked_at"])
            audit(actor=user, action="conversation.unshare", target=link)
    return link


def link_open(*, user: User, token: str) -> Opened:
    """What a link shows to ``user``. The owner's own looks are not counted.

    ChatError ``link_gone``, the same for one that has expired, was revoked, or never was, and for one to answers of an
    assistant that no longer allows it.
    """
    with transaction.atomic():
        link, path = _found(token)
        if link.conversation.user_id != user.pk:
            SharedLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1, opened_at=timezone.now())
            audit(actor=user, action="conversation.open_shared", target=link)
        return Opened(link, shared_messages(path, user))


def link_copy(*, user: User, token: str) -> Conversation:
    """A conversation of ``user``'s own that begins with what the link shows them; ChatError ``link_gone``.

    Its answers name no version: they are a copy, in which sentences may be missing, and are not shared on.
    """
    with transaction.atomic():
        link, path = _found(token)
        shown = shared_messages(path, user)
        copy = Conversation.objects.create(user=user, assistant=link.conversation.assistant, title=link.title)
        last: Message | None = None
        for row, message in zip(path, shown, strict=True):
            last = _copied(copy, last, row, message, user)
        copy.leaf = last
        copy.save(update_fields=["leaf"])
        audit(actor=user, action="conversation.copy_shared", target=link)
    return copy


def live_links(conversation: Conversation) -> QuerySet[SharedLink]:
    """The links to a conversation that still work, newest first."""
    return SharedLink.objects.live().filter(conversation=conversation)


def why_not(conversation: Conversation) -> ChatError | None:
    """Why the branch that is shown cannot be shared, or None when it can."""
    if conversation.leaf_id is None:
        return ChatError("nothing_to_share", _("There is nothing to share yet. Ask something first."), 409)
    path = _path(conversation.leaf_id)
    if any(row.status == Status.RUNNING for row in path):
        return ChatError("answer_running", _("An answer is still being written. Share when it is there."), 409)
    if not _is_shareable(path):
        message = _(
            "This conversation cannot be shared: it holds an answer of an assistant whose conversations may not be "
            "shared, or one that was not written here. An admin can allow it for an assistant."
        )
        return ChatError("sharing_off", message, 409)
    return None


def _found(token: str) -> tuple[SharedLink, list[Message]]:
    links = SharedLink.objects.live().select_related("conversation__assistant")
    link = links.filter(digest=link_digest(token)).first()
    path = _path(link.leaf_id) if link else []
    if link is None or not _is_shareable(path):
        message = _("This link does not work. It may have expired or been revoked; ask for a new one.")
        raise ChatError("link_gone", message, 404)
    return link, path


def _path(leaf: UUID) -> list[Message]:
    """The messages from the beginning to ``leaf``, with their sources."""
    order = [row.pk for row in Message.objects.path_to(leaf, MOST_MESSAGES)]
    rows = Message.objects.with_sources().in_bulk(order)
    return [rows[key] for key in order]


def _is_shareable(path: list[Message]) -> bool:
    """Whether every answer was written here, by an assistant whose conversations may be shared."""
    answers = [row for row in path if row.role == Role.ASSISTANT]
    return bool(answers) and all(row.version and row.version.assistant.shareable for row in answers)


def _copied(copy: Conversation, before: Message | None, row: Message, shown: SharedMessage, user: User) -> Message:
    payload = shown.payload
    made = Message.objects.create(
        conversation=copy,
        role=row.role,
        text=payload.text,
        status=row.status,
        in_reply_to=before,
        asked_by=user,
        ms=row.ms,
    )
    places = {passage.chunk_id: (passage.version_id, passage.source_id) for passage in row.passages.all()}
    save_sources(made, payload.passages or (), payload.citations, places)
    return made
