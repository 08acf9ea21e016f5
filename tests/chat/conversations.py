"""A conversation of Root's with a branch: an answer that rests on a document for all and one that only Root sees."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from chat.models import Citation, Conversation, Message, Passage, TraceStep
from documents.models import Document
from tests.chat.conftest import LEAVE, VAULT, Cast

LEAVE_QUOTE = "Every employee has thirty days of paid leave a year."
VAULT_QUOTE = "three lemons"
OPENING = "Two things are known."
SOUP = "The soup needs three lemons."
TEXT = f"{OPENING} {LEAVE_QUOTE}\n\n- {SOUP}\n"


@dataclass(frozen=True)
class Talk:
    """A conversation, its one question, the answer that is shown and the one beside it."""

    conversation: Conversation
    question: Message
    answer: Message
    other: Message


def cite(answer: Message, document: Document, number: int, sentence: str, quote: str) -> None:
    """Tie a sentence of the answer to words of a document."""
    text = document.current_version.text
    place: dict[str, Any] = {
        "message": answer, "document": document, "version": document.current_version,
        "chunk_id": document.chunks.get().pk,
    }  # fmt: skip
    Passage.objects.create(
        **place, source=document.source, rank=number, source_start=0, source_end=len(text), score=0.5
    )
    start, source_start = answer.text.index(sentence), text.index(quote)
    Citation.objects.create(
        **place,
        number=number,
        start=start,
        end=start + len(sentence),
        source_start=source_start,
        source_end=source_start + len(quote),
        passage_rank=number,
    )


def make_talk(cast: Cast, text: str = TEXT) -> Talk:
    """Root has asked and got two answers; the first is shown. Conversations with the assistant may be shared."""
    assert LEAVE_QUOTE in LEAVE
    assert VAULT_QUOTE in VAULT
    cast.assistant.shareable = True
    cast.assistant.save()
    conversation = Conversation.objects.create(user=cast.root, assistant=cast.assistant, title="Leave & soup")
    question = Message.objects.create(
        conversation=conversation, role="user", text="What of leave *and* soup?", asked_by=cast.root
    )
    answers = [
        Message.objects.create(
            conversation=conversation, role="assistant", text=said, in_reply_to=question, asked_by=cast.root,
            version=cast.assistant.published, ms=90,
        )
        for said in (text, "Another answer.")
    ]  # fmt: skip
    Message.objects.filter(pk=answers[1].pk).update(created_at=timezone.now() + timedelta(seconds=1))
    TraceStep.objects.create(message=answers[0], ordinal=0, name="prepare", output={"passages": 2}, ms=1)
    TraceStep.objects.create(message=answers[1], ordinal=0, name="prepare", output={"passages": 0}, ms=1)
    cite(answers[0], cast.leave, 1, LEAVE_QUOTE, LEAVE_QUOTE)
    cite(answers[0], cast.vault, 2, SOUP, VAULT_QUOTE)
    conversation.leaf = answers[0]
    conversation.save()
    return Talk(conversation, question, answers[0], answers[1])
