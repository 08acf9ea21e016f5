"""A version holds how its passages are found: whoever asks it, and however, gets just that."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from chat.answering import AssistantSettings, Question, answer
from chat.answering.answerers import ModelSettings
from chat.answering.pipeline import PassagesFound
from chat.errors import ChatError
from chat.models import Assistant, AssistantVersion, LanguageModel, QuestionSettings, TraceStep
from chat.services.assistants import VersionFields, settings_of_version, version_create, version_publish
from documents.errors import DocumentsError
from documents.models import Reranker
from documents.retrieval import DEFAULT, FUSIONS, RERANKERS, SearchSettings, search
from documents.services.rerankers import reranker_delete
from tests.chat.conftest import Cast
from tests.chat.test_api import QUESTION, Bearer, post

OTHER = SearchSettings(fusion="rrf", dense_weight=0.25, candidates=7, reranker="none", rerank_depth=3)
ASKED_OTHERWISE = QuestionSettings(rewrite=False, said_filters=False, max_steps=3, passage_tokens=500)


def publish(assistant: Assistant, settings: SearchSettings) -> AssistantVersion:
    model = LanguageModel.objects.get(kind="extractive")
    fields = VersionFields("", model, None, passages=4, threshold=0.1, search=settings, question=ASKED_OTHERWISE)
    version = version_create(user=None, assistant=assistant, fields=fields)
    return version_publish(user=None, assistant=assistant, number=version.number)


def test_a_version_keeps_its_settings(cast: Cast) -> None:
    first = AssistantVersion.objects.get()
    assert (first.search_settings, first.question_settings) == (DEFAULT, QuestionSettings())
    publish(cast.assistant, OTHER)
    second = AssistantVersion.objects.get(number=2)
    assert (second.search_settings, second.question_settings) == (OTHER, ASKED_OTHERWISE)
    asked = settings_of_version(second)
    assert (asked.search, asked.rewrite, asked.said_filters) == (OTHER, False, False)
    assert (asked.max_steps, asked.passage_tokens) == (3, 500)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["api", "openai", "command"])
def test_every_way_to_ask_searches_as_the_published_version_says(
    client: Client, committed_cast: Cast, bearer: Bearer, way: str
) -> None:
    publish(committed_cast.assistant, OTHER)
    if way == "command":
        call_command("ask", QUESTION, "--json")
    else:
        addresses = {"api": "/api/v1/answers", "openai": "/v1/chat/completions"}
        bodies: dict[str, Any] = {
            "api": {"question": QUESTION},
            "openai": {"model": "library", "messages": [{"role": "user", "content": QUESTION}]},
        }
        status, _answer = post(client, addresses[way], bodies[way], bearer(committed_cast.mia))
        assert status == 200
    steps = {step.name: step.input for step in TraceStep.objects.all()}
    assert steps["retrieve"]["per_side"] == OTHER.candidates
    assert steps["fuse"]["fusion"] == "rrf"
    assert "rerank" not in steps
    assert steps["prepare"]["tokens"] == ASKED_OTHERWISE.passage_tokens


@pytest.mark.parametrize(
    "body",
    [{"candidates": 0}, {"fusion": "both"}, {"dense_weight": 1.1}, {"reranker": "gone"}, {"max_steps": 6},
     {"passage_tokens": 100}],
)  # fmt: skip
def test_the_api_makes_versions_with_settings_and_names_what_is_wrong(
    client: Client, cast: Cast, bearer: Bearer, body: dict[str, Any]
) -> None:
    model = LanguageModel.objects.get(kind="extractive")
    whole = {"name": "Clerk", "model": model.pk, **asdict(OTHER), **asdict(ASKED_OTHERWISE)}
    status, refused = post(client, "/api/v1/assistants", {**whole, **body}, bearer(cast.root))
    assert status == 422
    assert next(iter(body)) in json.dumps(refused)
    status, _made = post(client, "/api/v1/assistants", whole, bearer(cast.root))
    assert status == 201
    made = AssistantVersion.objects.get(assistant__slug="clerk")
    assert (made.search_settings, made.question_settings) == (OTHER, ASKED_OTHERWISE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("reranker", RERANKERS)
@pytest.mark.parametrize("fusion", FUSIONS)
async def test_the_threshold_is_a_similarity_however_passages_were_scored(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch, fusion: Any, reranker: Any
) -> None:
    settings = SearchSettings(fusion=fusion, reranker=reranker)
    found = []
    for threshold in (0.0, 0.45, 0.99):
        assistant = AssistantSettings(
            "", ModelSettings(1, "m", "openai", base_url="http://127.0.0.1:9/v1"), None, 4, threshold, settings
        )
        async for part in answer(assistant, Question(QUESTION, committed_cast.root)):
            if isinstance(part, PassagesFound):
                found.append({each.dense_score for each in part.passages})
                break
    everything, some, nothing = found
    if fusion == "keyword":
        # Words give no similarity, so that none of them is held against the threshold.
        assert everything == some == nothing == {0}
    else:
        assert len(everything) == 2
        assert some == {similarity for similarity in everything if similarity >= 0.45} < everything
        assert nothing == set()


@pytest.mark.django_db(transaction=True)
def test_versions_from_before_search_as_they_did(committed_cast: Cast) -> None:
    before = [("chat", "0002_edited_sources")]
    executor = MigrationExecutor(connection)
    last = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "chat"]
    executor.migrate(before)
    try:
        old = executor.loader.project_state(before).apps.get_model("chat", "AssistantVersion")
        assert not hasattr(old.objects.get(), "fusion")
    finally:
        MigrationExecutor(connection).migrate(last)
    version = AssistantVersion.objects.get()
    assert (version.search_settings, version.question_settings) == (DEFAULT, QuestionSettings())
    assert search(user=committed_cast.mia, query=QUESTION, settings=DEFAULT).passages


def test_a_reranker_stays_while_a_published_version_has_it(cast: Cast) -> None:
    row = Reranker.objects.create(
        slug="far", name="Far", kind="remote", base_url="https://rerank.example.com", model="m"
    )
    publish(cast.assistant, replace(OTHER, reranker="far"))
    with pytest.raises(DocumentsError) as caught:
        reranker_delete(user=cast.root, slug=row.slug)
    assert (caught.value.code, cast.assistant.name in caught.value.message) == ("reranker_in_use", True)
    publish(cast.assistant, OTHER)
    reranker_delete(user=cast.root, slug=row.slug)
    with pytest.raises(ChatError, match="unknown_reranker"):
        publish(cast.assistant, replace(OTHER, reranker="far"))
