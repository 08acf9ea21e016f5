"""A conversation comes without the passages of its finished answers; a page asks for those that it shows."""

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chat.events import message_payloads
from chat.models import Citation, Conversation, Message, Passage
from documents.services import Grants, document_share
from tests.chat.conftest import LEAVE, Cast


def answered(cast: Cast, questions: int = 1) -> Conversation:
    """A conversation of Mia's in which each answer rests on one passage, and cites its first nine characters."""
    conversation = Conversation.objects.create(user=cast.mia, title="Leave")
    for _question in range(questions):
        asked = Message.objects.create(conversation=conversation, role="user", text="How many?", asked_by=cast.mia)
        answer = Message.objects.create(
            conversation=conversation, role="assistant", text="Thirty.", asked_by=cast.mia, in_reply_to=asked, ms=400
        )
        place: dict[str, Any] = {
            "message": answer, "document": cast.leave, "version": cast.leave.current_version,
            "chunk_id": cast.leave.chunks.get().pk,
        }  # fmt: skip
        Passage.objects.create(
            **place, source_start=0, source_end=len(LEAVE), rank=1, source=cast.leave.source, score=0.75
        )
        Citation.objects.create(**place, source_start=0, source_end=9, number=1, start=0, end=5, passage_rank=1)
    return conversation


def test_passages_are_given_to_who_asked_without_what_was_hidden_since(cast: Cast, client: Client) -> None:
    answer = answered(cast).messages.answers().get()
    client.force_login(cast.mia)
    [passage] = client.get(f"/answers/{answer.pk}/passages/").json()["passages"]
    assert (passage["text"], passage["filename"], passage["source"]) == (LEAVE, "leave.txt", "Library")
    document_share(user=cast.root, document_id=cast.leave.pk, grants=Grants(users=[cast.sam]))
    assert client.get(f"/answers/{answer.pk}/passages/").json() == {"passages": []}
    client.force_login(cast.sam)
    assert client.get(f"/answers/{answer.pk}/passages/").status_code == 404


def test_a_long_conversation_is_told_without_passages_in_as_many_queries_as_a_short_one(cast: Cast) -> None:
    def told(conversation: Conversation) -> tuple[list[Any], int]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rows = conversation.messages.with_citations()
            payloads = message_payloads(rows, cast.mia, with_passages=False)
        return payloads, len(queries)

    short, few = told(answered(cast))
    long, as_few = told(answered(cast, questions=20))
    assert as_few == few
    assert [payload.passages for payload in short] == [[], None]
    assert len(long) == 40
    assert short[1].citations[0].quote == LEAVE[:9]
    assert short[1].stats is not None
    assert short[1].stats.model_dump() == {"sources": 1, "documents": 1, "passages": 1, "ms": 400}
    document_share(user=cast.root, document_id=cast.leave.pk, grants=Grants(users=[cast.sam]))
    hidden = told(answered(cast))[0][1]
    assert hidden.stats.documents == 0
    assert "leave.txt" not in hidden.model_dump_json()
