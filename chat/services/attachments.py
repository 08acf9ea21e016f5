"""Writes: which files a conversation has.

A chat that has not begun has files too: they wait in what holds them until its first question takes them along, and are
swept after a day when none comes.
"""

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from chat.errors import ChatError
from chat.models import Conversation, ConversationFiles
from chat.services.conversations import conversation_of
from documents import services as documents
from documents.models import DataSource, Document
from documents.storage import Readable


def file_attach(
    *, user: User, file: Readable, filename: str, conversation_id: UUID | None = None, source_id: UUID | None = None
) -> Document:
    """Take in a file for a conversation, or for a chat that has not begun: with the files in ``source_id``, if given.

    Raises ChatError ``not_found`` for a conversation that is not the user's, and what ``attachment_add`` raises.
    """

    def into() -> DataSource:
        if conversation_id is not None:
            return _files_of(user, conversation_id)
        if source_id is None:
            return documents.attachments_open(user=user)
        found = DataSource.objects.attached_by(user).filter(pk=source_id).first()
        if found is None:
            raise documents.attachments_gone()
        return found

    return documents.attachment_add(user=user, file=file, filename=filename, into=into)


def files_keep(*, user: User, conversation: Conversation, source_id: UUID) -> None:
    """Give a conversation that begins the files that were attached before; call it in the question's transaction.

    ChatError ``files_gone`` when they are not there any more, or are another conversation's.
    """
    source = DataSource.objects.attached_by(user).select_for_update(of=("self",)).filter(pk=source_id).first()
    if source is None or ConversationFiles.objects.filter(source=source).exists():
        raise ChatError("files_gone", _("The attached files are not there any more. Attach them again."), 409)
    ConversationFiles.objects.create(conversation=conversation, source=source)


def drop_with_conversation(*, instance: ConversationFiles, **_sent: object) -> None:
    """Delete a conversation's files with it, in its transaction, however it is deleted."""
    documents.attachments_drop(source_ids=[instance.source_id])


def _files_of(user: User, conversation_id: UUID) -> DataSource:
    conversation = conversation_of(user, conversation_id)
    # Held, so that two files that come at the same time do not make two of them.
    Conversation.objects.select_for_update(of=("self",), no_key=True).get(pk=conversation.pk)
    kept = ConversationFiles.objects.select_related("source").filter(conversation=conversation).first()
    if kept is None:
        source = documents.attachments_open(user=user)
        kept = ConversationFiles.objects.create(conversation=conversation, source=source)
    return kept.source
