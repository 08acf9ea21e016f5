"""Makes a conversation of very many messages out of one real question and its answer; prints its address.

python -m bench.measures.long_conversation MESSAGES
"""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def copied_to(answer: Any, row: Any) -> dict[str, Any]:
    """The fields of a passage or citation, as another answer's."""
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {**fields, "id": None, "message_id": answer.pk}


def main() -> None:
    """Copy the newest answer with its question, its passages and its citations, each below the one before."""
    import django

    django.setup(set_prefix=False)
    from django.urls import reverse

    from chat.models import Citation, Conversation, Message, Passage, Status

    pairs = int(sys.argv[1]) // 2
    found = Message.objects.answers().filter(status=Status.COMPLETE, conversation__isnull=False)
    answer = found.select_related("in_reply_to").latest("created_at")
    asked, passages, citations = answer.in_reply_to, list(answer.passages.all()), list(answer.citations.all())
    assert asked is not None
    conversation = Conversation.objects.create(user=answer.asked_by, title="A long conversation")
    questions: list[Message] = []
    answers: list[Message] = []
    for number in range(pairs):
        follows = answers[-1] if answers else None
        at = asked.created_at + timedelta(minutes=number)
        shared = {"conversation": conversation, "asked_by": answer.asked_by}
        question = Message(id=uuid4(), role="user", text=f"{number + 1}. {asked.text}", in_reply_to=follows, **shared)
        questions.append(question)
        copied = {"text": answer.text, "version_id": answer.version_id, "ms": answer.ms}
        answers.append(Message(id=uuid4(), role="assistant", in_reply_to=question, **copied, **shared))
        question.created_at, answers[-1].created_at = at, at + timedelta(seconds=5)
    both = [each for pair in zip(questions, answers, strict=True) for each in pair]
    times = {each.pk: each.created_at for each in both}
    Message.objects.bulk_create(both)
    for each in both:
        # The rows got the time of writing.
        each.created_at = times[each.pk]
    Message.objects.bulk_update(both, ["created_at"], batch_size=500)
    Passage.objects.bulk_create(Passage(**copied_to(each, row)) for each in answers for row in passages)
    Citation.objects.bulk_create(Citation(**copied_to(each, row)) for each in answers for row in citations)
    conversation.leaf = both[-1]
    conversation.save(update_fields=["leaf"])
    print(reverse("chat:conversation", args=[conversation.pk]))


if __name__ == "__main__":
    main()
