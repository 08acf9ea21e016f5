"""The settings of a search by name, over the API and on the command line."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.services import token_create
from documents.ingest.rebuilding import pack_slice
from documents.retrieval import DEFAULT, FUSIONS, RERANKERS, SearchSettings, search

FACTS = (
    "Employees get thirty days of paid leave each year and request it from their manager.",
    "Whoever works here rests for thirty days.",
    "Invoices are paid within fourteen days of their receipt by the accounting team.",
    "The word leave stands here, and leave again: leave, leave.",
)
QUERY = "How many days of leave?"
WRONG = [
    ("fusion", "both"),
    ("dense_weight", 1.5),
    ("candidates", 0),
    ("candidates", 1001),
    ("reranker", "gone"),
    ("rerank_depth", -1),
]


@pytest.fixture
def facts(cast: Any, make_document: Any) -> Any:
    make_document(cast.library, *FACTS)
    pack_slice()
    return cast


def ask(user: Any, **settings: Any) -> tuple[int, Any]:
    token = token_create(user=user, name="test", scopes=["read"])[1]
    reply = Client().post(
        "/api/v1/search", json.dumps({"query": QUERY, **settings}), content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )  # fmt: skip
    return reply.status_code, reply.json()


@pytest.mark.parametrize("reranker", RERANKERS)
@pytest.mark.parametrize("fusion", FUSIONS)
def test_both_ways_search_as_they_are_told(
    facts: Any, capsys: pytest.CaptureFixture[str], fusion: Any, reranker: Any
) -> None:
    settings = SearchSettings(fusion, 0.25, candidates=3, reranker=reranker, rerank_depth=2)
    expected = search(user=facts.max, query=QUERY, limit=2, settings=settings).passages
    scores = [(each.chunk_id, each.score) for each in expected]
    status, told = ask(facts.max, k=2, **asdict(settings))
    assert status == 200
    assert [(each["chunk_id"], each["score"]) for each in told["passages"]] == scores
    options = [f"--{name.replace('_', '-')}={value}" for name, value in asdict(settings).items()]
    call_command("search", QUERY, "-k=2", "--json", "--user", facts.max.email, *options)
    printed = json.loads(capsys.readouterr().out)["passages"]
    assert [(each["chunk_id"], each["score"]) for each in printed] == scores


def test_what_is_left_out_is_as_ever(facts: Any) -> None:
    assert ask(facts.max)[1]["passages"] == ask(facts.max, **asdict(DEFAULT))[1]["passages"]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_is_out_of_range_is_named(facts: Any, name: str, value: Any) -> None:
    status, told = ask(facts.max, **{name: value})
    assert status == 422
    assert name in told["error"]["message"]
    with pytest.raises(CommandError, match=name):
        call_command("search", QUERY, f"--{name.replace('_', '-')}={value}", "--user", facts.max.email)
