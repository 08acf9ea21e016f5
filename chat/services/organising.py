"""Writes: where a person keeps conversations — in folders, on top, in the archive."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat.errors import ChatError, not_found
from chat.models import FOLDER_NAME_CHARS, Conversation, Folder
from chat.services.conversations import conversation_of

MAX_FOLDERS = 100
MAX_PINNED = 50


def folder_of(user: User, folder_id: UUID) -> Folder:
    """A folder of the user's own; ChatError ``not_found`` for any other."""
    folder = Folder.objects.visible_to(user).filter(pk=folder_id).first()
    if folder is None:
        raise not_found(_("folder"))
    return folder


def folder_create(*, user: User, name: str) -> Folder:
    """Make a folder.

    ChatError: ``folder_name_empty``, ``folder_name_too_long``, ``folder_exists``, ``too_many_folders``.
    """
    if Folder.objects.visible_to(user).count() >= MAX_FOLDERS:
        message = _("There are %(max)d folders already, which is as many as there can be. Delete one first.")
        raise ChatError("too_many_folders", message % {"max": MAX_FOLDERS}, 409)
    return _named(Folder(user=user), name)


def folder_rename(*, user: User, folder_id: UUID, name: str) -> Folder:
    """Give a folder another name; ChatError as for ``folder_create``, and ``not_found``."""
    return _named(folder_of(user, folder_id), name)


def folder_delete(*, user: User, folder_id: UUID) -> None:
    """Delete a folder; its conversations stay, outside. ChatError ``not_found``."""
    with transaction.atomic():
        folder_of(user, folder_id).delete()


def folder_open(*, user: User, folder_id: UUID, is_open: bool) -> Folder:
    """List what is in a folder, or its name alone; ChatError ``not_found``."""
    folder = folder_of(user, folder_id)
    folder.is_open = is_open
    folder.save(update_fields=["is_open"])
    return folder


def conversation_move(*, user: User, conversation_id: UUID, folder_id: UUID | None) -> Conversation:
    """Put a conversation into a folder, or outside of all; ChatError ``not_found``."""
    with transaction.atomic():
        conversation = conversation_of(user, conversation_id)
        conversation.folder = folder_of(user, folder_id) if folder_id else None
        conversation.save(update_fields=["folder"])
    return conversation


def conversation_pin(*, user: User, conversation_id: UUID, is_pinned: bool) -> Conversation:
    """Keep a conversation on top, or no longer; ChatError ``not_found``, ``too_many_pinned``."""
    with transaction.atomic():
        conversation = conversation_of(user, conversation_id)
        if is_pinned and Conversation.objects.visible_to(user).pinned().count() >= MAX_PINNED:
            message = _("%(max)d conversations are pinned, which is as many as there can be. Unpin one first.")
            raise ChatError("too_many_pinned", message % {"max": MAX_PINNED}, 409)
        conversation.pinned_at = timezone.now() if is_pinned else None
        conversation.save(update_fields=["pinned_at"])
    return conversation


def conversation_archive(*, user: User, conversation_id: UUID, is_archived: bool) -> Conversation:
    """Put a conversation into the archive, or back to where it was; ChatError ``not_found``."""
    conversation = conversation_of(user, conversation_id)
    conversation.archived_at = timezone.now() if is_archived else None
    conversation.save(update_fields=["archived_at"])
    return conversation


def _named(folder: Folder, name: str) -> Folder:
    folder.name = " ".join(name.replace("\x00", "").split())
    if not folder.name:
        raise ChatError("folder_name_empty", _("The folder has no name. Write one."), 422)
    if len(folder.name) > FOLDER_NAME_CHARS:
        message = _("The name is longer than %(max)d characters. Shorten it.")
        raise ChatError("folder_name_too_long", message % {"max": FOLDER_NAME_CHARS}, 422)
    try:
        with transaction.atomic():
            folder.save()
    except IntegrityError as error:
        message = _("There is a folder “%(name)s” already. Choose another name.")
        raise ChatError("folder_exists", message % {"name": folder.name}, 409) from error
    return folder
