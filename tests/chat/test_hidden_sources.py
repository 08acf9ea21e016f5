"""An answer hides what it rests on from who may not see that any more."""

from typing import Any

from chat.events.payloads import MessagePayload
from chat.events.rows import message_payload
from chat.models import Citation, Conversation, Message, Passage
from documents.services import Grants, document_share


def test_an_old_answer_hides_a_document_that_was_hidden_since(cast: Any) -> None:
    conversation = Conversation.objects.create(user=cast.mia, title="Leave")
    answer = Message.objects.create(conversation=conversation, role="assistant", text="Thirty.", asked_by=cast.mia)
    place = {
        "message": answer, "document": cast.leave, "version": cast.leave.current_version,
        "chunk_id": cast.leave.chunks.get().pk, "source_start": 0, "source_end": 9,
    }  # fmt: skip
    Passage.objects.create(**place, rank=1, source=cast.leave.source, score=1, dense_score=1, keyword_score=1)
    Citation.objects.create(**place, number=1, start=0, end=5, passage_rank=1)

    def payload() -> MessagePayload:
        return message_payload(Message.objects.with_sources().get(pk=answer.pk), cast.mia)

    assert payload().citations[0].title == "leave.txt"
    document_share(user=cast.root, document_id=cast.leave.pk, grants=Grants(users=[cast.sam]))
    assert payload().passages == []
    assert (payload().citations[0].quote, payload().citations[0].document_id) == ("", None)
    assert "leave.txt" not in payload().model_dump_json()
