"""What a question says of documents narrows its search, as far as the asker may know, and never to nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from chat.answering import FiltersSaid, PassagesFound, Question, StepDone, answer
from chat.answering.saying import said_in
from chat.models import Message, TraceStep
from documents.models import DataSource, Document
from tests.chat.conftest import Cast, add_document
from tests.chat.test_understanding import EXTRACTIVE, HISTORY, model_of, settings_for
from tests.fakes.llm import FakeLLM, quote_first_passage

OLD = "Every employee has twenty days of paid leave a year."
ASKED = "How many days of paid leave does an employee have"
SECRET = "Every captain has ninety days of paid leave a year."


def add_handbook(cast: Cast) -> None:
    """A second source that everyone sees, and a document in the vault that has all that a question could name."""
    handbook = DataSource.objects.create(name="Crew Handbook", slug="crew-handbook", visibility="everyone")
    report = add_document(handbook, "report-2021.txt", OLD)
    secret = add_document(cast.vault.source, "secret-2022.txt", SECRET)
    dated = {"created": datetime(2023, 2, 1, tzinfo=UTC)}
    Document.objects.filter(pk=report.pk).update(author="Ada Lovelace", tags=["travel"], **dated)
    Document.objects.filter(pk=secret.pk).update(author="Vera Deep", tags=["secret"], kind="pdf", **dated)
    Document.objects.filter(pk=cast.leave.pk).update(created=datetime(2024, 5, 1, tzinfo=UTC))


async def run(assistant: Any, question: Question) -> tuple[list[Any], list[str], list[StepDone]]:
    """The filters told last, the files read, and the steps."""
    told: list[Any] = []
    files: list[str] = []
    steps: list[StepDone] = []
    async for part in answer(assistant, question):
        match part:
            case FiltersSaid(filters):
                told = list(filters)
            case PassagesFound(passages):
                files = [passage.filename for passage in passages]
            case StepDone():
                steps.append(part)
    return told, files, steps


async def test_a_source_that_is_said_narrows_the_search_and_leaves_the_query(committed_cast: Cast) -> None:
    await database_sync_to_async(add_handbook)(committed_cast)
    mia = committed_cast.mia
    settings = settings_for(EXTRACTIVE)
    question = Question(f"{ASKED} according to the Crew Handbook?", mia)
    told, files, steps = await run(settings, question)
    assert [(each.label, each.used, each.said) for each in told] == [
        ("Source: Crew Handbook", True, "according to the Crew Handbook")
    ]
    assert files == ["report-2021.txt"]
    assert steps[0].name == "said_filters"
    assert steps[0].summary == "Source: Crew Handbook"
    retrieved = next(step for step in steps if step.name == "retrieve")
    assert retrieved.input["query"] == f"{ASKED}?"
    assert retrieved.input["filters"] == [{"field": "source", "operator": "is", "value": "Crew Handbook"}]
    for widened in (
        await run(settings, replace(question, without=("source is Crew Handbook",))),
        await run(replace(settings, said_filters=False), question),
    ):
        assert widened[0] == []
        assert set(widened[1]) == {"leave.txt", "report-2021.txt"}


async def test_a_model_that_rewrites_loses_no_filter(committed_cast: Cast, llm: FakeLLM) -> None:
    def reply(body: dict[str, Any]) -> str:
        asked = str(body["messages"][-1]["content"])
        return "How many days of paid leave?" if "Last question:" in asked else quote_first_passage(body)

    await database_sync_to_async(add_handbook)(committed_cast)
    llm.reply = reply
    question = Question("And how many are there in the 2021 report?", committed_cast.mia, HISTORY)
    told, files, _steps = await run(settings_for(model_of(llm)), question)
    assert [each.label for each in told] == ["Of 2021"]
    assert files == ["report-2021.txt"]
    assert "2021" not in llm.requests[0].body["messages"][-1]["content"]
    assert "2021 report" in llm.requests[1].body["messages"][-1]["content"]


async def test_a_filter_that_leaves_nothing_to_read_is_not_used(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database_sync_to_async(add_handbook)(committed_cast)
    told, files, steps = await run(
        settings_for(EXTRACTIVE), Question(f"{ASKED} in the 1999 report?", committed_cast.mia)
    )
    assert [(each.key, each.used) for each in told] == [("date is 1999", False)]
    assert set(files) == {"leave.txt", "report-2021.txt"}
    assert steps[0].summary == "None of them is used"
    # A document is left, but no passage of it is like the question.
    monkeypatch.setattr("chat.answering.pipeline.MEASURES_ITSELF", "none")
    strict = settings_for(EXTRACTIVE, threshold=0.5)
    question = Question("What does the soup need in the 2021 report?", committed_cast.root)
    told, files, steps = await run(strict, question)
    assert [(each.key, each.used) for each in told] == [("date is 2021", False)]
    assert "vault.txt" in files
    assert [step.name for step in steps].count("said_filters") == 2


@pytest.mark.django_db(transaction=True)
def test_names_of_what_one_may_not_see_say_nothing(committed_cast: Cast) -> None:
    add_handbook(committed_cast)

    def said(text: str, user: Any, sources: Any = None) -> list[tuple[str, bool]]:
        return [(each.key, each.used) for each in said_in(text, user, sources, ()).payloads]

    hidden = {
        f"{ASKED}, from Vault?": "source is Vault",
        f"{ASKED} in the report by Vera Deep?": "author is Vera Deep",
        f"{ASKED} in documents tagged secret?": "tag is secret",
    }
    for question, key in hidden.items():
        assert said(question, committed_cast.mia) == []
        assert said(question, committed_cast.root) == [(key, True)]
        assert said(question, committed_cast.root, (committed_cast.leave.source.pk,)) == []
    # What needs no name is found in every question, and says the same whether documents are hidden or not there.
    for guess in ("in the 2022 report", "in the PDF"):
        assert [used for _key, used in said(f"{ASKED} {guess}?", committed_cast.mia)] == [False]
    seen = {
        "in the report by Ada Lovelace": "author is Ada Lovelace",
        "in documents tagged travel": "tag is travel",
        # The year in its name goes before the one it was written in.
        "in the 2021 report": "date is 2021",
        "in documents since 2024": "date from 2024",
    }
    for phrase, key in seen.items():
        assert said(f"{ASKED} {phrase}?", committed_cast.mia) == [(key, True)]
    assert said(f"{ASKED} in the 2023 report?", committed_cast.mia) == [("date is 2023", False)]


@pytest.mark.django_db(transaction=True)
def test_the_api_tells_the_filters_and_leaves_them_out_when_asked_to(
    client: Client, committed_cast: Cast, bearer: Callable[..., dict[str, str]]
) -> None:
    add_handbook(committed_cast)
    headers = bearer(committed_cast.mia)

    def ask(**body: Any) -> dict[str, Any]:
        asked = {"question": f"{ASKED} in the 2021 report?", **body}
        reply = client.post("/api/v1/answers", asked, content_type="application/json", headers=headers)
        return reply.json()

    first = ask()
    (told,) = first["filters"]
    assert (told["label"], told["used"]) == ("Of 2021", True)
    assert {each["filename"] for each in first["passages"]} == {"report-2021.txt"}
    kept = Message.objects.get(pk=first["trace_id"]).filters
    assert kept == [{name: value for name, value in told.items() if name != "label"}]
    assert TraceStep.objects.filter(message_id=first["trace_id"]).first().name == "said_filters"
    again = ask(without=[told["key"]])
    assert again["filters"] == []
    assert len(again["passages"]) == 2
