"""The chat page's socket: parse a command, call one service, follow the conversation's stream."""

from typing import ClassVar, cast
from uuid import UUID

from channels.db import database_sync_to_async
from pydantic import TypeAdapter

from accounts.languages import errors_in_readers_language
from accounts.models import User
from chat.errors import ChatError
from chat.events import (
    CHAT_COMMAND,
    Ask,
    ChatCommand,
    ChatErrorEvent,
    ConversationCreated,
    ConversationSnapshot,
    Edit,
    Follow,
    GoOn,
    Pong,
    Regenerate,
    Retry,
    Show,
    Stop,
    Unfilter,
    conversation_payload,
    message_payloads,
)
from chat.events.keys import stream_key
from chat.models import Conversation, Status
from chat.services import asking, conversations, going_on, running
from live.away import AWAY
from live.consumers import TRY_AGAIN, FollowingConsumer
from live.events import Command
from live.hub import current_hub
from live.stream import Entry, last_seq


class ChatConsumer(FollowingConsumer):
    """One page's socket: it follows one conversation at a time."""

    commands: ClassVar[TypeAdapter[ChatCommand]] = CHAT_COMMAND
    conversation_id: UUID | None = None

    @property
    def user(self) -> User:
        """Who sits at the page."""
        return cast(User, self.scope["user"])

    async def carry_out(self, command: Command) -> None:
        """Do what a command says; a ChatError becomes an ``error`` event."""
        try:
            match command:
                case Follow():
                    await self._follow_conversation(command.conversation_id, command.after)
                case Ask():
                    await self._ask(command)
                case Stop():
                    await running.answer_stop(user=self.user, message_id=command.message_id)
                case Edit() | Regenerate() | Retry() | GoOn() | Unfilter():
                    begun = await database_sync_to_async(self._begun_by, thread_sensitive=False)(command)
                    await self._begin(begun, command.request_id)
                case Show():
                    show = database_sync_to_async(conversations.branch_show, thread_sensitive=False)
                    await running.announce_branch(await show(user=self.user, message_id=command.message_id))
                case _:
                    await self.send_event(Pong(conversation_id=self.conversation_id))
        except ChatError as error:
            await self.refuse(error.code, error.message, getattr(command, "request_id", None))

    async def refuse(self, code: str, message: str, request_id: str | None) -> None:
        """Answer with an ``error`` event."""
        await self.send_event(
            ChatErrorEvent(conversation_id=self.conversation_id, code=code, message=message, request_id=request_id)
        )

    async def snapshot(self, key: str) -> ConversationSnapshot | None:
        """The conversation from its rows; None when it has been deleted."""
        assert self.conversation_id is not None
        # Read before the rows: an event in between is then sent again, which changes nothing, rather than lost.
        seq = await last_seq(current_hub().client, key)
        return await database_sync_to_async(self._snapshot, thread_sensitive=False)(self.conversation_id, seq)

    def told(self, entry: Entry) -> str:
        """With what failed in the reader's language: whoever wrote it down did not know that."""
        return errors_in_readers_language(entry.json())

    async def _ask(self, command: Ask) -> None:
        begun = await database_sync_to_async(asking.question_ask, thread_sensitive=False)(
            user=self.user,
            conversation_id=command.conversation_id,
            slug=command.assistant,
            text=command.question,
            after=command.after,
            scope=command.scope,
            files=command.files,
        )
        assert begun.conversation is not None
        if command.conversation_id is None:
            payload = conversation_payload(begun.conversation)
            created = ConversationCreated(
                conversation_id=begun.conversation.pk, conversation=payload, request_id=command.request_id
            )
            await self.send_event(created)
        await self._begin(begun, command.request_id)

    def _begun_by(self, command: Edit | Regenerate | Retry | GoOn | Unfilter) -> asking.Begun:
        user, message_id = self.user, command.message_id
        match command:
            case Edit():
                return asking.question_edit(user=user, message_id=message_id, text=command.question)
            case Regenerate():
                return asking.answer_regenerate(user=user, message_id=message_id, slug=command.assistant)
            case Retry():
                return asking.answer_retry(user=user, message_id=message_id)
            case GoOn():
                return going_on.answer_go_on(user=user, message_id=message_id)
            case Unfilter():
                return asking.question_ask_without(user=user, message_id=message_id, key=command.filter)

    async def _begin(self, begun: asking.Begun, request_id: str | None) -> None:
        assert begun.conversation is not None
        if begun.first is not None:
            # All of it will stand in the stream: neither that nor a row need be read for the page that asked.
            self.conversation_id = begun.conversation.pk
            await self.follow_new(stream_key(begun.conversation.pk), begun.first - 1)
        if not await running.begin(begun, request_id, self.user):
            # All is stored, and nothing can be followed now.
            await self.close(TRY_AGAIN)
        elif self.conversation_id != begun.conversation.pk:
            await self._follow_conversation(begun.conversation.pk, None)

    async def _follow_conversation(self, conversation_id: UUID, after: int | None) -> None:
        find = database_sync_to_async(conversations.conversation_of, thread_sensitive=False)
        try:
            await find(self.user, conversation_id)
        except AWAY:
            await self.close(TRY_AGAIN)
            return
        self.conversation_id = conversation_id
        await self.follow(stream_key(conversation_id), after)

    def _snapshot(self, conversation_id: UUID, seq: int) -> ConversationSnapshot | None:
        own = Conversation.objects.visible_to(self.user).select_related("assistant")
        conversation = own.filter(pk=conversation_id).first()
        if conversation is None:
            return None
        messages = list(conversation.messages.with_citations())
        # A running answer's row has nothing yet: everything since it was announced comes from the stream.
        since = min((row.event_seq for row in messages if row.status == Status.RUNNING), default=seq)
        return ConversationSnapshot(
            conversation_id=conversation_id,
            seq=min(seq, since),
            conversation=conversation_payload(conversation),
            messages=message_payloads(messages, self.user, with_passages=False),
        )
