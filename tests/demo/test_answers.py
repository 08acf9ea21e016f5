"""The demo's questions, asked of the demo's documents as a newcomer would, with no LLM."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async

from accounts.models import User
from chat.models import Message, Status
from chat.services.asking import question_ask_once
from chat.services.assistants import ensure_defaults
from chat.services.running import answer_once
from documents.demo import ensure_demo
from documents.ingest import ingest
from documents.models import Document
from documents.models import Status as DocumentStatus
from live.hub import current_hub
from rag.generation import Turn

QUESTIONS = json.loads((Path(__file__).parents[2] / "demo" / "questions.json").read_text())


FOLLOW_UPS = {
    "And after more than twelve hours?", "Who built her?", "How long did it last?", "Where is it held?",
    "Is there Wi-Fi on board?",
}  # fmt: skip
ASKED = json.loads((Path(__file__).parents[2] / "bench" / "measures" / "demo_questions.json").read_text())
CONVERSATIONS = [row for row in ASKED["conversations"] if row["question"] in FOLLOW_UPS]


async def ask_all(user: User, questions: list[tuple[str, tuple[Turn, ...]]]) -> list[Message]:
    """The answers to all questions, each after its conversation, one after the other."""
    answers = []
    for question, history in questions:
        ask = database_sync_to_async(question_ask_once)
        answers.append(await answer_once(await ask(user=user, slug=None, text=question, history=history)))
    await current_hub().close()
    return answers


@pytest.fixture
def answers(transactional_db: None) -> dict[str, Message]:
    """Every question with its answer."""
    admin = User.objects.create_user("root@example.com", "x", role="admin")
    ensure_defaults(llm_base_url="", llm_api_key="", llm_model="")
    ensure_demo(admin=admin)
    for document in Document.objects.all():
        ingest(document.pk)
    # A worker that another test has started may have been quicker with one of them.
    deadline = time.monotonic() + 60
    while Document.objects.unfinished().exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert set(Document.objects.values_list("status", flat=True)) == {DocumentStatus.READY}
    questions = [entry["question"] for entry in QUESTIONS["answered"]] + QUESTIONS["unanswered"]
    asked = [(question, ()) for question in questions] + [(row["question"], turns(row)) for row in CONVERSATIONS]
    return dict(zip([text for text, _turns in asked], asyncio.run(ask_all(admin, asked)), strict=True))


def turns(row: dict[str, Any]) -> tuple[Turn, ...]:
    """The conversation before a follow-up."""
    return tuple(turn for one, other in row["before"] for turn in (Turn("user", one), Turn("assistant", other)))


def test_questions_are_answered_from_their_document_or_refused_and_follow_ups_from_what_they_are_about(
    answers: dict[str, Message],
) -> None:
    wrong: list[Any] = []
    for entry in QUESTIONS["answered"]:
        answer = answers[entry["question"]]
        cited = {(citation.document.filename, citation.quote) for citation in answer.citations.all()}
        if not any(name == entry["document"] and entry["quote"] in " ".join(quote.split()) for name, quote in cited):
            wrong.append((entry["question"], answer.status, answer.text[:200]))
    for question in QUESTIONS["unanswered"]:
        answer = answers[question]
        if answer.status != Status.REFUSED:
            wrong += [(question, answer.status, answer.text[:200])]
    assert wrong == []

    assert len(CONVERSATIONS) == len(FOLLOW_UPS)
    for row in CONVERSATIONS:
        read = [" ".join(passage.quote.split()) for passage in answers[row["question"]].passages.all()]
        assert any(row["quote"] in text for text in read), row["question"]
