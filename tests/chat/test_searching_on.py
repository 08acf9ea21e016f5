"""Search, read, search again, with a model that says what is missing."""

from typing import Any

import pytest
from channels.db import database_sync_to_async

from chat.answering import Question, searching_on
from chat.models import MOST_STEPS
from rag.generation import AnswerRequest
from rag.next_search import next_search
from tests.chat.conftest import Cast, add_document
from tests.chat.test_understanding import model_of, run, settings_for
from tests.fakes.llm import FakeLLM, quote_first_passage

DIRECTOR = "The film Grey Harbour was directed by Runa Solberg."
BORN = "Runa Solberg comes from the village of Ytre Vik, where she was born in 1961."
ASKED = "Where was the director of Grey Harbour born?"


def deciding(*replies: str) -> Any:
    """A model that says these things, one after the other, when it is asked what to search for."""
    left = list(replies)

    def reply(body: dict[str, Any]) -> str:
        if "Searched for so far" in str(body["messages"][0]["content"]):
            return left.pop(0) if len(left) > 1 else left[0]
        return quote_first_passage(body)

    return reply


async def add_films(cast: Cast) -> None:
    def add() -> None:
        add_document(cast.leave.source, "film.txt", DIRECTOR)
        add_document(cast.leave.source, "born.txt", BORN)
        for number in range(6):
            add_document(
                cast.leave.source, f"other{number}.txt", f"The director of film number {number} was born there."
            )

    await database_sync_to_async(add)()


async def test_what_the_second_search_finds_joins_the_passages(committed_cast: Cast, llm: FakeLLM) -> None:
    await add_films(committed_cast)
    llm.reply = deciding("SEARCH: Runa Solberg village 1961", "READY")
    assistant = settings_for(model_of(llm), max_steps=3, passages=2)
    steps, files, _text = await run(assistant, Question(ASKED, committed_cast.mia))
    assert [step.output for step in steps["search_on"]] == [{"search": "Runa Solberg village 1961"}, {"enough": True}]
    assert [step.summary for step in steps["search_on"]] == ["Runa Solberg village 1961", "Enough was found"]
    assert steps["retrieve"][1].input["query"] == "Runa Solberg village 1961"
    assert "born.txt" in files
    assert len(files) == 2
    # The model reads what was found, and answers what was asked.
    assert ASKED in llm.requests[0].body["messages"][-1]["content"]
    assert BORN in llm.requests[-1].body["messages"][-1]["content"]


async def test_it_is_off_unless_the_assistant_says_so(committed_cast: Cast, llm: FakeLLM) -> None:
    llm.reply = deciding("SEARCH: recipe of the harbour soup")
    steps, _files, _text = await run(settings_for(model_of(llm)), Question(ASKED, committed_cast.mia))
    assert "search_on" not in steps
    assert len(llm.requests) == 1


async def test_a_model_that_always_asks_for_more_is_bounded(committed_cast: Cast, llm: FakeLLM) -> None:
    llm.reply = deciding(*(f"SEARCH: paid leave {number}" for number in range(20)))
    steps, _files, _text = await run(settings_for(model_of(llm), max_steps=99), Question(ASKED, committed_cast.mia))
    assert len(steps["retrieve"]) == MOST_STEPS


async def test_another_search_finds_nothing_that_is_hidden(committed_cast: Cast, llm: FakeLLM) -> None:
    llm.reply = deciding("SEARCH: secret recipe harbour soup lemons cinnamon", "READY")
    question = Question(ASKED, committed_cast.mia)
    steps, files, _text = await run(settings_for(model_of(llm), max_steps=3), question)
    assert len(steps["retrieve"]) == 2
    assert "vault.txt" not in files


@pytest.mark.parametrize(("failure", "code"), [("stall", "llm_timeout"), ("server_error", "llm_unavailable")])
async def test_when_the_model_cannot_say_it_answers_from_what_there_is(
    committed_cast: Cast, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch, failure: Any, code: str
) -> None:
    monkeypatch.setattr(searching_on, "DECIDE_S", 1.0)
    llm.failure = failure
    request = AnswerRequest(ASKED, "", (), (), 0.0)
    query, step = await searching_on.what_next(model_of(llm), request, [ASKED])
    assert query == ""
    assert step is not None
    assert step.output["error"] == code


@pytest.mark.parametrize(
    ("reply", "query"),
    [
        ("READY", ""),
        ("SEARCH: born Runa", "born Runa"),
        ("**Search:** born Runa", "born Runa"),
        ("<think>SEARCH: x</think>\nREADY", ""),
        ("I think\nsearch: born\x00 Runa\nSEARCH: other", "born Runa"),
        ("SEARCH: Where  was it", ""),
        ("SEARCH:", ""),
        ("", ""),
    ],
)
def test_only_a_new_search_counts(reply: str, query: str) -> None:
    assert next_search(reply, ["where was it"]) == query
    assert len(next_search("SEARCH: " + "x" * 9_000, [])) <= 300
