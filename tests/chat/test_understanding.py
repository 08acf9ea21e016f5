"""What is searched for a question: completed by its conversation, taken apart, by the model or by rule."""

import time
from dataclasses import replace
from typing import Any

import pytest
from channels.db import database_sync_to_async

from accounts.models import User
from chat.answering import AssistantSettings, ModelSettings, PassagesFound, Question, StepDone, answer, understanding
from chat.answering.understanding import Understood, by_rule, understand
from rag.generation import Refusal, TextDelta, Turn
from tests.chat.conftest import Cast, add_document
from tests.fakes.llm import FakeLLM, quote_first_passage

ASKED = "How many days of paid leave does an employee have?"
HISTORY = (Turn("user", ASKED), Turn("assistant", "Every employee has thirty days of paid leave a year."))
EXTRACTIVE = ModelSettings(1, "Extractive", "extractive")
SHIPS = "The ferry Boreas carries sixty cars. Dogs travel on the ferry for two pounds, on the lead."


def settings_for(model: ModelSettings, **changes: Any) -> AssistantSettings:
    settings = AssistantSettings(system_prompt="", model=model, sources=None, passages=4, threshold=0.0)
    return replace(settings, **changes)


def model_of(llm: FakeLLM) -> ModelSettings:
    return ModelSettings(2, "fake", "openai", llm.base_url, "", "fake")


async def run(assistant: AssistantSettings, question: Question) -> tuple[dict[str, list[StepDone]], list[str], str]:
    """The steps by name, the passages' files, and the text."""
    steps: dict[str, list[StepDone]] = {}
    files: list[str] = []
    text = ""
    async for part in answer(assistant, question):
        match part:
            case StepDone():
                steps.setdefault(part.name, []).append(part)
            case PassagesFound(passages):
                files = [passage.filename for passage in passages]
            case TextDelta(more):
                text += more
    return steps, files, text


async def test_a_question_that_stands_alone_is_searched_as_it_is(committed_cast: Cast) -> None:
    steps, files, _text = await run(settings_for(EXTRACTIVE), Question(ASKED, committed_cast.mia, HISTORY))
    assert "rewrite" not in steps
    assert "query" not in steps["retrieve"][0].input
    assert files[0] == "leave.txt"


async def test_without_a_model_the_topic_is_carried_over(committed_cast: Cast) -> None:
    question = Question("And when does it expire?", committed_cast.mia, HISTORY)
    steps, _files, text = await run(settings_for(EXTRACTIVE), question)
    step = steps["rewrite"][0]
    assert step.output == {"queries": [f"{ASKED} And when does it expire?"], "by": "rule"}
    assert step.input == {"question": "And when does it expire?", "turns": 2}
    assert step.summary == f"{ASKED} And when does it expire?"
    assert steps["retrieve"][0].input["query"] == f"{ASKED} And when does it expire?"
    # What was said already is not said again.
    assert text == "Unused leave expires on the thirty-first of March."


async def test_each_question_in_a_question_is_searched_and_answered(committed_cast: Cast) -> None:
    await database_sync_to_async(add_document)(committed_cast.leave.source, "ships.txt", SHIPS)
    both = "How many days of paid leave does an employee have and how many cars does the Boreas carry?"
    steps, files, text = await run(settings_for(EXTRACTIVE), Question(both, committed_cast.mia))
    queries = ["How many days of paid leave does an employee have?", "how many cars does the Boreas carry?"]
    assert steps["rewrite"][0].output["queries"] == queries
    assert [step.input["query"] for step in steps["retrieve"]] == queries
    assert set(files) == {"leave.txt", "ships.txt"}
    assert "thirty days" in text
    assert "sixty cars" in text


async def test_the_model_rewrites_and_is_asked_in_the_users_words(committed_cast: Cast, llm: FakeLLM) -> None:
    def reply(body: dict[str, Any]) -> str:
        asked = str(body["messages"][-1]["content"])
        return "When does unused leave expire?" if "Last question:" in asked else quote_first_passage(body)

    llm.reply = reply
    question = Question("And until when?", committed_cast.mia, HISTORY)
    steps, files, _text = await run(settings_for(model_of(llm)), question)
    assert steps["rewrite"][0].output == {"queries": ["When does unused leave expire?"], "by": "model"}
    assert steps["retrieve"][0].input["query"] == "When does unused leave expire?"
    assert files[0] == "leave.txt"
    rewriting, answering = (request.body["messages"] for request in llm.requests)
    assert ASKED in rewriting[-1]["content"]
    assert answering[-1]["content"].endswith("Question: And until when?")


async def test_switched_off_the_model_is_not_asked(committed_cast: Cast, llm: FakeLLM) -> None:
    question = Question("And until when?", committed_cast.mia, HISTORY)
    steps, _files, _text = await run(settings_for(model_of(llm), rewrite=False), question)
    assert steps["rewrite"][0].output["by"] == "rule"
    assert len(llm.requests) == 1


async def test_a_first_simple_question_costs_the_model_one_request(committed_cast: Cast, llm: FakeLLM) -> None:
    await run(settings_for(model_of(llm)), Question(ASKED, committed_cast.mia))
    assert len(llm.requests) == 1


@pytest.mark.parametrize(
    ("failure", "code"),
    [("stall", "llm_timeout"), ("rate_limited", "llm_rate_limited"), ("html", "llm_malformed"), ("", "llm_malformed"),
     ("endless", "")],
)  # fmt: skip
@pytest.mark.django_db(transaction=True)
async def test_when_the_model_fails_the_rule_is_used(
    llm: FakeLLM, monkeypatch: pytest.MonkeyPatch, failure: Any, code: str
) -> None:
    monkeypatch.setattr(understanding, "REWRITE_S", 2.0)
    llm.failure = failure
    llm.reply = "leave leave leave leave leave" if failure == "endless" else "ok"
    started = time.perf_counter()
    found = await understand(User(), model_of(llm), "And until when?", HISTORY, rewrite=True)
    assert time.perf_counter() - started < 15
    assert found.step is not None
    if code:
        assert found.queries == (f"{ASKED} And until when?",)
        assert (found.step.output["by"], found.step.output["error"]) == ("rule", code)
    else:
        assert found.step.output["by"] == "model"
        assert all(len(query) <= 400 for query in found.queries)


def test_a_long_text_is_searched_by_what_it_asks_and_its_rarest_words(cast: Cast) -> None:
    add_document(cast.leave.source, "ships.txt", SHIPS)
    mail = (
        "Dear all, thank you for the nice evening that we had on board last week, it was a pleasure for all of us and "
        "the sun went down in the sea as if it had been ordered. My aunt, who was with us, has a small dog, of which "
        "she is very fond, and next month she wants to take it on the ferry to see her brother. He has not met it yet. "
        "I would like to know what she has to pay. Kind regards, Tom"
    )
    found = by_rule(cast.mia, mail, ())
    assert [part.asked for part in found.parts] == ["I would like to know what she has to pay."]
    assert len(found.queries) == 1
    assert found.queries[0].startswith("I would like to know what she has to pay.")
    # Words that some chunk holds.
    assert {"dog", "ferry"} <= set(found.queries[0].split())
    assert "aunt" not in found.queries[0]


def test_a_long_text_without_a_question_is_searched_whole_too(cast: Cast) -> None:
    text = "The dog lay there. " * 20
    found = by_rule(cast.mia, text, ())
    assert found.queries[0] == text
    assert isinstance(found, Understood)


async def test_what_no_document_has_is_still_refused(committed_cast: Cast) -> None:
    parts = [
        part
        async for part in answer(
            settings_for(EXTRACTIVE, threshold=0.5), Question("Who painted the Mona Lisa?", committed_cast.mia, HISTORY)
        )
    ]
    assert any(isinstance(part, Refusal) for part in parts)
