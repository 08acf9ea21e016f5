"""The threshold is a similarity, so it is not held against passages that were found by words alone."""

import uuid
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from accounts.models import User
from chat.answering import finding, pipeline
from chat.answering.answerers import ModelSettings
from chat.answering.pipeline import AssistantSettings, PassagesFound, StepDone
from documents.retrieval import Retrieval, RetrievalStep, RetrievedPassage

PASSAGE = RetrievedPassage(
    chunk_id=1, document_id=uuid.uuid4(), version_id=1, filename="a.md", title="A", heading="", text="Seven ships.",
    start=0, end=12, page=None, score=1.0, dense_score=0.0, keyword_score=0.5, source_id=uuid.uuid4(), source_name="S",
)  # fmt: skip
LOST = RetrievalStep("embed_question", 1.0, {}, {"error": "embedding_unavailable", "searched_by": "words"})


@pytest.mark.django_db  # nothing of it is asked, but a thread that has asked before looks after its connection
@pytest.mark.parametrize(("by_words", "passages"), [(True, 1), (False, 0)])
async def test_words_alone_are_not_refused_for_want_of_a_similarity(
    monkeypatch: pytest.MonkeyPatch, by_words: bool, passages: int
) -> None:
    def search(**_given: Any) -> Retrieval:
        return Retrieval([replace(PASSAGE)], [LOST] if by_words else [], by_words=by_words)

    async def nothing(*_given: Any) -> AsyncGenerator[Any]:
        nobody: tuple[Any, ...] = ()
        for each in nobody:
            yield each

    monkeypatch.setattr(finding, "search", search)
    monkeypatch.setattr(pipeline, "_parts", nothing)
    assistant = AssistantSettings(
        "", ModelSettings(1, "m", "openai"), sources=None, passages=4, threshold=0.15, said_filters=False
    )
    question = pipeline.Question(text="Ships?", user=User(email="a@example.com"))
    parts = [part async for part in pipeline.answer(assistant, question)]
    found = next(part for part in parts if isinstance(part, PassagesFound))
    assert len(found.passages) == passages
    told = [part.summary for part in parts if isinstance(part, StepDone) and part.name == "embed_question"]
    assert told == (["By words alone: the embedding model did not answer"] if by_words else [])
