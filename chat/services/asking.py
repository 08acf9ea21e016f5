"""Questions asked: each makes the row of its answer, whose work has not started.

A conversation is a tree. A question follows an answer, or nothing at its beginning; an answer follows its question. A
question asked in other words and an answer written anew stand beside the old ones, which are kept. What a model gets
to see as history is the path from the root to where is asked.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat.answering import AssistantSettings, Question, SoFar
from chat.errors import ChatError, not_found
from chat.events import MAX_QUESTION_CHARS, ScopeIn
from chat.models import Assistant, Conversation, Message, Role, Status
from chat.services.assistants import settings_of_version
from chat.services.attachments import files_keep
from chat.services.conversations import conversation_of, title_of
from chat.services.scoping import narrowed, stored
from live.stream import first_number
from rag.generation import Turn

HISTORY_MESSAGES = 12
"""Earlier messages that an answerer gets to see."""

RETRYABLE = (Status.FAILED, Status.STOPPED, Status.INTERRUPTED, Status.REFUSED)


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer whose row is there and whose work has not started; ``asked`` is None outside conversations.

    ``is_again``: the question was there before. ``replaces`` is the answer that was deleted to try again; ``so_far`` is
    what an answer that goes on has already. ``first`` is the number of the event that will announce the question, where
    it begins the conversation.
    """

    conversation: Conversation | None
    asked: Message | None
    answer: Message
    assistant: AssistantSettings
    question: Question
    is_again: bool = False
    replaces: UUID | None = None
    so_far: SoFar | None = None
    first: int | None = None


def question_text(text: str) -> str:
    """A question as it is stored: trimmed, without what no database holds.

    ChatError ``question_empty`` or ``question_too_long``.
    """
    question = text.replace("\x00", "").strip()
    if not question:
        raise ChatError("question_empty", _("The question is empty. Write what you want to know."), 422)
    if len(question) > MAX_QUESTION_CHARS:
        message = _("The question is longer than %(max)d characters. Shorten it, or upload the text as a document.")
        raise ChatError("question_too_long", message % {"max": MAX_QUESTION_CHARS}, 422)
    return question


def assistant_for(user: User, slug: str | None) -> Assistant:
    """The named assistant, else the default one; ChatError ``not_found`` or ``no_assistant``."""
    visible = Assistant.objects.visible_to(user).select_related("published__model")
    assistant = visible.filter(slug=slug).first() if slug else visible.first()
    if assistant is None and slug:
        raise not_found(_("assistant"))
    if assistant is None:
        raise ChatError("no_assistant", _("No assistant is published yet. Ask an admin to publish one."), 409)
    if assistant.published is not None:
        assistant.published.assistant = assistant
    return assistant


def question_ask(
    *,
    user: User,
    conversation_id: UUID | None,
    slug: str | None,
    text: str,
    after: UUID | None = None,
    scope: ScopeIn | None = None,
    files: UUID | None = None,
) -> Begun:
    """Store a question and the row of its answer, in a new conversation unless one is given.

    It follows the answer ``after``, else the end of the branch that is shown, and is narrowed to ``scope``. ``files``
    were attached to a chat before it began. ChatError: ``question_empty``, ``question_too_long``, ``not_found``,
    ``no_assistant``, ``answer_running``, ``files_gone``, and what ``narrowed`` raises.
    """
    question = question_text(text)
    chosen = stored(scope)
    with transaction.atomic():
        if conversation_id is None:
            assistant = assistant_for(user, slug)
            conversation = Conversation(user=user, assistant=assistant, title=title_of(question))
            return _asked(conversation, assistant, None, Question(question, user), scope=chosen, files=files)
        conversation = conversation_of(user, conversation_id)
        assistant = assistant_for(user, slug or _slug(conversation))
        conversation.assistant = assistant
        parent = _end_of(conversation, after)
        asked = Question(question, user, history_before(conversation, parent))
        return _asked(conversation, assistant, parent, asked, scope=chosen)


def question_edit(*, user: User, message_id: UUID, text: str) -> Begun:
    """Ask in other words: a question beside an earlier one, which is kept with all that follows it.

    ChatError as for ``question_ask``.
    """
    question = question_text(text)
    with transaction.atomic():
        earlier = Message.objects.visible_to(user).filter(role=Role.USER).select_related("conversation__assistant")
        old = earlier.filter(pk=message_id).first()
        if old is None or old.conversation is None:
            raise not_found(_("question"))
        conversation = old.conversation
        assistant = assistant_for(user, _slug(conversation))
        parent = old.in_reply_to_id
        asked = Question(question, user, history_before(conversation, parent))
        return _asked(conversation, assistant, parent, asked, scope=old.scope)


def question_ask_without(*, user: User, message_id: UUID, key: str) -> Begun:
    """Ask the question of an answer again, below, without one of the filters that it says.

    It is understood by what was said before it was asked first. ChatError: ``not_found``, ``filter_unknown``,
    ``no_assistant``, ``answer_running``.
    """
    with transaction.atomic():
        old, conversation, before = answer_of(user, message_id)
        taken = [{**each, "used": False} for each in old.filters if each["used"] and each["key"] == key]
        if not taken:
            raise ChatError("filter_unknown", _("This answer was not narrowed by that. Load the page again."), 409)
        assistant = assistant_for(user, _slug(conversation))
        filters = [*before.filters, *taken]
        history = history_before(conversation, before.in_reply_to_id)
        question = Question(before.text, user, history, tuple(each["key"] for each in filters))
        return _asked(conversation, assistant, _end_of(conversation), question, filters, before.scope)


def answer_regenerate(*, user: User, message_id: UUID, slug: str | None = None) -> Begun:
    """Make the row of another answer to the same question, of another assistant if one is named.

    The old one is kept beside it. ChatError: ``not_found``, ``no_assistant``, ``answer_running``.
    """
    with transaction.atomic():
        _old, conversation, asked = answer_of(user, message_id)
        return _answered_again(conversation, asked, assistant_for(user, slug or _slug(conversation)), user)


def answer_retry(*, user: User, message_id: UUID) -> Begun:
    """Make the row of a new answer in place of one that came to nothing.

    The old one is deleted, unless somebody asked on below it: then it stands beside the new one.
    """
    with transaction.atomic():
        old, conversation, asked = answer_of(user, message_id)
        if old.status not in RETRYABLE:
            raise ChatError("answer_not_retryable", _("This answer is complete. Ask again below it."), 409)
        is_followed = old.replies.exists()
        if not is_followed:
            old.delete()
        begun = _answered_again(conversation, asked, assistant_for(user, _slug(conversation)), user)
    return begun if is_followed else replace(begun, replaces=message_id)


def question_ask_once(
    *,
    user: User,
    slug: str | None,
    text: str,
    history: tuple[Turn, ...] = (),
    without: tuple[str, ...] = (),
    scope: ScopeIn | None = None,
) -> Begun:
    """Make the row of an answer outside any conversation, for the API and the command line, narrowed to ``scope``.

    ChatError: ``question_empty``, ``question_too_long``, ``not_found``, ``no_assistant``, and what ``stored`` and
    ``narrowed`` raise.
    """
    question = question_text(text)
    chosen = stored(scope)
    with transaction.atomic():
        assistant = assistant_for(user, slug)
        assert assistant.published is not None
        answer = Message.objects.create(
            role=Role.ASSISTANT, status=Status.RUNNING, version=assistant.published, asked_by=user
        )
        return _begun(None, None, answer, assistant, Question(question, user, history, without), chosen)


def _slug(conversation: Conversation) -> str | None:
    return conversation.assistant.slug if conversation.assistant else None


def _end_of(conversation: Conversation, after: UUID | None = None) -> UUID | None:
    """The answer that a new question follows; ChatError ``not_found`` when ``after`` is none of the conversation's."""
    if after is None:
        return conversation.leaf_id or conversation.messages.answers().values_list("pk", flat=True).last()
    if not conversation.messages.answers().filter(pk=after).exists():
        raise not_found(_("answer"))
    return after


def _asked(
    conversation: Conversation,
    assistant: Assistant,
    parent: UUID | None,
    question: Question,
    filters: list[dict[str, Any]] | None = None,
    scope: dict[str, Any] | None = None,
    files: UUID | None = None,
) -> Begun:
    asked = Message(
        conversation=conversation,
        role=Role.USER,
        text=question.text,
        in_reply_to_id=parent,
        filters=filters or [],
        scope=scope or {},
        asked_by=question.user,
    )
    return _begin(conversation, asked, assistant, question, files=files, is_new=True)


def _answered_again(conversation: Conversation, asked: Message, assistant: Assistant, user: User) -> Begun:
    history = history_before(conversation, asked.in_reply_to_id)
    without = tuple(each["key"] for each in asked.filters)
    return replace(_begin(conversation, asked, assistant, Question(asked.text, user, history, without)), is_again=True)


def _begin(
    conversation: Conversation,
    asked: Message,
    assistant: Assistant,
    question: Question,
    *,
    files: UUID | None = None,
    is_new: bool = False,
) -> Begun:
    """Store the row of the answer, with its question if that ``is_new``, and its conversation as it is now.

    A row may name one that is stored after it: the database looks at the end of the transaction.
    """
    answer = Message(
        conversation=conversation,
        role=Role.ASSISTANT,
        status=Status.RUNNING,
        in_reply_to=asked,
        version=assistant.published,
        asked_by=question.user,
    )
    conversation.leaf = answer
    first = None
    if begins := conversation._state.adding:
        # Nothing stands in its stream yet: what will announce the two has its number now, and no row is written again.
        first = first_number()
        asked.event_seq = answer.event_seq = first + 1
        conversation.save(force_insert=True)
        if files is not None:
            files_keep(user=question.user, conversation=conversation, source_id=files)
    try:
        Message.objects.bulk_create([asked, answer] if is_new else [answer])
    except IntegrityError as error:
        message = _("An answer is still being written in this conversation. Wait for it or stop it.")
        raise ChatError("answer_running", message, 409) from error
    if not begins:
        conversation.updated_at = timezone.now()
        # Who asks on in a conversation of the archive has it back.
        conversation.archived_at = None
        conversation.save(update_fields=["assistant", "leaf", "updated_at", "archived_at"])
    may_have_files = files is not None or not begins
    begun = _begun(conversation, asked, answer, assistant, question, asked.scope, may_have_files=may_have_files)
    return replace(begun, first=first)


def answer_of(user: User, message_id: UUID) -> tuple[Message, Conversation, Message]:
    """An answer in a conversation of the user's own, that conversation and its question; ChatError ``not_found``."""
    found = Message.objects.visible_to(user).answers().select_related("in_reply_to", "conversation__assistant")
    answer = found.filter(pk=message_id).first()
    if answer is None or answer.in_reply_to is None or answer.conversation is None:
        raise not_found(_("answer"))
    return answer, answer.conversation, answer.in_reply_to


def _begun(
    conversation: Conversation | None,
    asked: Message | None,
    answer: Message,
    assistant: Assistant,
    question: Question,
    scope: dict[str, Any],
    *,
    may_have_files: bool = False,
) -> Begun:
    assert assistant.published is not None
    settings = settings_of_version(assistant.published)
    holder = conversation if may_have_files else None
    question = narrowed(question, holder, scope, settings.sources)
    return Begun(conversation, asked, answer, settings, question)


def history_before(conversation: Conversation, parent: UUID | None) -> tuple[Turn, ...]:
    """What a model gets to see of a conversation before what replies to ``parent``, oldest first."""
    if parent is None:
        return ()
    path = conversation.messages.path_to(parent, 2 * HISTORY_MESSAGES)
    said = [row for row in path if row.text and row.status not in (Status.RUNNING, Status.FAILED)]
    return tuple(Turn("user" if row.role == Role.USER else "assistant", row.text) for row in said[-HISTORY_MESSAGES:])
