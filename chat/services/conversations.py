"""Writes: conversations, questions, and the rows of their answers."""

from dataclasses import dataclass, replace
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat.answering import AnswerDraft, AssistantSettings, Question
from chat.answering.sources import save_sources
from chat.errors import ChatError, not_found
from chat.events import MAX_QUESTION_CHARS
from chat.models import Assistant, Conversation, Message, Role, Status, TraceStep
from chat.models.conversations import TITLE_CHARS
from chat.services.assistants import settings_of_version
from rag.generation import Turn

HISTORY_MESSAGES = 12
"""Earlier messages that an answerer gets to see."""

RETRYABLE = (Status.FAILED, Status.STOPPED, Status.INTERRUPTED, Status.REFUSED)


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer whose row is there and whose work has not started; ``asked`` is None outside conversations.

    ``replaces`` is the answer that was deleted to try again.
    """

    conversation: Conversation | None
    asked: Message | None
    answer: Message
    assistant: AssistantSettings
    question: Question
    replaces: UUID | None = None


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
    return assistant


def question_ask(*, user: User, conversation_id: UUID | None, slug: str | None, text: str) -> Begun:
    """Store a question and the row of its answer, in a new conversation unless one is given.

    ChatError: ``question_empty``, ``question_too_long``, ``not_found``, ``no_assistant``, ``answer_running``.
    """
    question = question_text(text)
    with transaction.atomic():
        if conversation_id is None:
            assistant = assistant_for(user, slug)
            conversation = Conversation.objects.create(user=user, assistant=assistant, title=title_of(question))
        else:
            conversation = conversation_of(user, conversation_id)
            chosen = slug or (conversation.assistant.slug if conversation.assistant else None)
            assistant = assistant_for(user, chosen)
            conversation.assistant = assistant
            conversation.updated_at = timezone.now()
            conversation.save(update_fields=["assistant", "updated_at"])
        history = _history(conversation)
        asked = Message.objects.create(conversation=conversation, role=Role.USER, text=question, asked_by=user)
        answer = _answer_row(conversation, asked, assistant, user)
    return _begun(conversation, asked, answer, assistant, Question(question, user, history))


def question_ask_without(*, user: User, message_id: UUID, key: str) -> Begun:
    """Ask the question of an answer again, below, without one of the filters that it says.

    It is understood by what was said before it was asked first. ChatError: ``not_found``, ``filter_unknown``,
    ``no_assistant``, ``answer_running``.
    """
    with transaction.atomic():
        old, conversation, before = _answer_of(user, message_id)
        taken = [{**each, "used": False} for each in old.filters if each["used"] and each["key"] == key]
        if not taken:
            raise ChatError("filter_unknown", _("This answer was not narrowed by that. Load the page again."), 409)
        assistant = assistant_for(user, conversation.assistant.slug if conversation.assistant else None)
        history = _history(conversation, before=before)
        asked = Message.objects.create(
            conversation=conversation,
            role=Role.USER,
            text=before.text,
            filters=[*before.filters, *taken],
            asked_by=user,
        )
        conversation.updated_at = timezone.now()
        conversation.save(update_fields=["updated_at"])
        answer = _answer_row(conversation, asked, assistant, user)
    return _begun(conversation, asked, answer, assistant, _asked_again(asked, user, history))


def answer_retry(*, user: User, message_id: UUID) -> Begun:
    """Make the row of a new answer in place of one that came to nothing, which is deleted."""
    with transaction.atomic():
        old, conversation, asked = _answer_of(user, message_id)
        if old.status not in RETRYABLE:
            raise ChatError("answer_not_retryable", _("This answer is complete. Ask again below it."), 409)
        assistant = assistant_for(user, conversation.assistant.slug if conversation.assistant else None)
        history = _history(conversation, before=asked)
        old.delete()
        answer = _answer_row(conversation, asked, assistant, user)
    begun = _begun(conversation, asked, answer, assistant, _asked_again(asked, user, history))
    return replace(begun, replaces=message_id)


def question_ask_once(
    *, user: User, slug: str | None, text: str, history: tuple[Turn, ...] = (), without: tuple[str, ...] = ()
) -> Begun:
    """Make the row of an answer outside any conversation, for the API and the command line."""
    question = question_text(text)
    assistant = assistant_for(user, slug)
    assert assistant.published is not None
    answer = Message.objects.create(
        role=Role.ASSISTANT, status=Status.RUNNING, version=assistant.published, asked_by=user
    )
    return _begun(None, None, answer, assistant, Question(question, user, history, without))


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


def answer_finish(
    *, answer: Message, draft: AnswerDraft, status: str, ms: int, event_seq: int, error: tuple[str, str] = ("", "")
) -> None:
    """Write an answer's final state, its passages, citations and steps, in one transaction.

    Does nothing for an answer that somebody else has finished.
    """
    with transaction.atomic():
        locked = Message.objects.select_for_update().running().filter(pk=answer.pk).first()
        if locked is None:
            return
        locked.text = draft.text
        locked.status = status
        locked.error_code, locked.error_message = error[0][:60], error[1][:500]
        locked.ms = ms
        locked.filters = [each.model_dump(mode="json", exclude={"label"}) for each in draft.filters]
        locked.event_seq = max(event_seq, locked.event_seq)
        locked.save()
        places = {passage.chunk_id: (passage.version_id, passage.source_id) for passage in draft.passages}
        save_sources(locked, draft.passage_payloads(), draft.citations, places)
        TraceStep.objects.bulk_create(
            TraceStep(message=locked, ordinal=n, name=s.name, input=s.input, output=s.output, ms=s.ms)
            for n, s in enumerate(draft.steps)
        )


def message_seen(*, message_id: UUID, event_seq: int) -> None:
    """Note the number of the event that announced a message."""
    Message.objects.filter(pk=message_id, event_seq__lt=event_seq).update(event_seq=event_seq)


def title_of(text: str) -> str:
    """The first line of a text, cut at a word to the length of a title."""
    line = " ".join(text.split("\n", 1)[0].split())
    if len(line) <= TITLE_CHARS:
        return line
    cut = line[: TITLE_CHARS - 1]
    return cut[: cut.rfind(" ")] + "…" if " " in cut else cut + "…"


def _answer_row(conversation: Conversation, asked: Message, assistant: Assistant, user: User) -> Message:
    try:
        with transaction.atomic():
            return Message.objects.create(
                conversation=conversation,
                role=Role.ASSISTANT,
                status=Status.RUNNING,
                in_reply_to=asked,
                version=assistant.published,
                asked_by=user,
            )
    except IntegrityError as error:
        message = _("An answer is still being written in this conversation. Wait for it or stop it.")
        raise ChatError("answer_running", message, 409) from error


def _answer_of(user: User, message_id: UUID) -> tuple[Message, Conversation, Message]:
    """An answer in a conversation of the user's own, that conversation and its question; ChatError ``not_found``."""
    found = Message.objects.visible_to(user).answers().select_related("in_reply_to", "conversation__assistant")
    answer = found.filter(pk=message_id).first()
    if answer is None or answer.in_reply_to is None or answer.conversation is None:
        raise not_found(_("answer"))
    return answer, answer.conversation, answer.in_reply_to


def _asked_again(asked: Message, user: User, history: tuple[Turn, ...]) -> Question:
    return Question(asked.text, user, history, tuple(each["key"] for each in asked.filters))


def _begun(
    conversation: Conversation | None, asked: Message | None, answer: Message, assistant: Assistant, question: Question
) -> Begun:
    assert assistant.published is not None
    return Begun(conversation, asked, answer, settings_of_version(assistant.published), question)


def _history(conversation: Conversation, before: Message | None = None) -> tuple[Turn, ...]:
    messages = conversation.messages.exclude(status__in=(Status.RUNNING, Status.FAILED)).exclude(text="")
    if before is not None:
        messages = messages.filter(created_at__lt=before.created_at)
    latest = list(messages.order_by("-created_at", "-pk")[:HISTORY_MESSAGES])
    return tuple(Turn("user" if row.role == Role.USER else "assistant", row.text) for row in reversed(latest))
