"""What is suggested after an answer: only from what the reader may see, and never after a refusal."""

from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.models import Citation, Message, Passage, Status
from chat.services.asking import question_ask
from documents.models import Chunk, Document
from tests.chat.conftest import Cast, add_document

FAQ = "Is there Wi-Fi on board?\n\nWi-Fi is free on all ships. Each device may use 500 MB on a crossing."


def answered(cast: Cast) -> Message:
    """An answer that cites the library's document, read beside one that it did not cite."""
    faq = add_document(cast.leave.source, "faq.txt", FAQ)
    begun = question_ask(user=cast.mia, conversation_id=None, slug=None, text="How many days of paid leave?")
    Message.objects.filter(pk=begun.answer.pk).update(status=Status.COMPLETE, text="Thirty days.")
    for rank, document in enumerate((cast.leave, faq), start=1):
        chunk = Chunk.objects.get(document=document)
        place = {
            "message": begun.answer, "document": document, "version": document.current_version, "chunk_id": chunk.pk,
            "source_start": chunk.start, "source_end": chunk.end,
        }  # fmt: skip
        Passage.objects.create(**place, source=document.source, rank=rank, score=0.9)
        if document == cast.leave:
            Citation.objects.create(**place, number=1, start=0, end=12, passage_rank=1)
    return Message.objects.get(pk=begun.answer.pk)


def suggested(user: User, answer: Message) -> Any:
    client = Client()
    client.force_login(user)
    response = client.get(reverse("chat:suggestions", args=[answer.pk]))
    return response.json()["questions"] if response.status_code == 200 else response.status_code


def test_what_the_answer_read_and_did_not_cite_is_suggested_to_whoever_may_read_it(cast: Cast) -> None:
    answer = answered(cast)
    assert suggested(cast.mia, answer) == ["Is there Wi-Fi on board?"]
    assert suggested(cast.sam, answer) == 404
    Document.objects.filter(filename="faq.txt").delete()
    assert suggested(cast.mia, answer) == []


def test_nothing_is_suggested_after_a_refusal(cast: Cast) -> None:
    answer = answered(cast)
    Message.objects.filter(pk=answer.pk).update(status=Status.REFUSED)
    assert suggested(cast.mia, answer) == []
