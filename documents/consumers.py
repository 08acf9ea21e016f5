"""The socket of the upload list: follows the stream of the person's own documents."""

from datetime import timedelta
from typing import ClassVar, cast

from channels.db import database_sync_to_async
from django.db.models import Q
from django.db.models.functions import Now
from pydantic import TypeAdapter

from accounts.languages import errors_in_readers_language
from accounts.models import User
from documents.events import (
    COMMANDS,
    DocumentsRefused,
    DocumentsSnapshot,
    DocumentState,
    Follow,
    Ping,
    Pong,
    document_state,
    stream_key,
)
from documents.models import Document
from documents.models.documents import FINAL
from live.consumers import FollowingConsumer
from live.events import Command
from live.hub import current_hub
from live.stream import Entry, last_seq

RECENT = timedelta(hours=1)
MAX_DOCUMENTS = 500


class DocumentsConsumer(FollowingConsumer):
    """Tells a browser how far the person's own uploads are."""

    commands: ClassVar[TypeAdapter[Follow | Ping]] = COMMANDS

    @property
    def user(self) -> User:
        """Who sits at the page."""
        return cast(User, self.scope["user"])

    async def carry_out(self, command: Command) -> None:
        """Follow, or answer a ping."""
        if isinstance(command, Follow):
            await self.follow(stream_key(self.user.pk), command.after)
        else:
            await self.send_event(Pong())

    async def refuse(self, code: str, message: str, request_id: str | None) -> None:
        """Answer with an error."""
        await self.send_event(DocumentsRefused(code=code, message=message, request_id=request_id))

    def told(self, entry: Entry) -> str:
        """With what failed in the reader's language: whoever wrote it down did not know that."""
        return errors_in_readers_language(entry.json())

    async def snapshot(self, key: str) -> DocumentsSnapshot:
        """The person's unfinished and recent documents."""
        # The number first: what changes between the two is told once more by its event, which does no harm.
        seq = await last_seq(current_hub().client, key)
        return DocumentsSnapshot(seq=seq, documents=await recent_documents(self.user))


@database_sync_to_async
def recent_documents(user: User) -> list[DocumentState]:
    """States of the user's own visible documents that are unfinished or changed lately, newest first."""
    recent = ~Q(status__in=FINAL) | Q(updated_at__gt=Now() - RECENT)
    documents = Document.objects.visible_to(user).filter(recent, owner_id=user.pk).select_related("source")
    return [document_state(document) for document in documents[:MAX_DOCUMENTS]]
