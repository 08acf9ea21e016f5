"""Footnote's models for other systems, as their clients see them: OpenAI's own, and plain HTTP for reranking."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from django.test import Client

from accounts.services import token_create
from documents import lane
from documents.errors import DocumentsError
from documents.lane import Lane
from documents.models import Reranker
from documents.openai_schemas import MOST_CHARACTERS, MOST_DOCUMENTS, MOST_TEXTS
from rag.embeddings import shipped_embedder
from tests.conftest import Server
from tests.fakes.onnx_models import logit_of, write_cross_encoder

QUERY = "How many tons can Zephyr lift?"
DOCUMENTS = ["The harbour opens at noon.", "The crane Zephyr lifts forty tons.", {"text": "Zephyr is a crane."}]


@pytest.fixture
def key(cast: Any) -> str:
    return token_create(user=cast.max, name="t", scopes=["read"])[1]


@pytest.fixture
def committed_key(transactional_db: None, cast: Any) -> str:
    return token_create(user=cast.max, name="t", scopes=["read"])[1]


@pytest.fixture
def talk(server: Server, committed_key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=committed_key, timeout=30, max_retries=0) as client:
        yield client


def post(key: str, path: str, body: Any) -> tuple[int, Any]:
    response = Client().post(path, body, "application/json", headers={"authorization": f"Bearer {key}"})
    return response.status_code, response.json()


class TestEmbeddings:
    """Through the official client, against the real server."""

    def test_vectors_are_those_of_the_shipped_model_in_order(self, talk: openai.OpenAI) -> None:
        texts = ["Zephyr lifts forty tons.", "Fees are paid by noon.", "a long text " * 300]
        wanted = np.array([shipped_embedder().embed_query(text) for text in texts])
        for options in ({}, {"encoding_format": "float"}, {"encoding_format": "base64"}, {"dimensions": 384}):
            reply = talk.embeddings.create(model=shipped_embedder().name, input=texts, **options)
            given: Any = [each.embedding for each in reply.data]
            if options.get("encoding_format") == "base64":
                assert all(isinstance(each, str) for each in given)
                continue
            assert np.allclose(given, wanted, atol=1e-6)
            assert [each.index for each in reply.data] == [0, 1, 2]
            assert reply.model == shipped_embedder().name
            assert reply.usage.total_tokens > 900

    def test_one_text_needs_no_list(self, talk: openai.OpenAI) -> None:
        reply = talk.embeddings.create(model=shipped_embedder().name, input="Zephyr")
        assert np.allclose(reply.data[0].embedding, shipped_embedder().embed_query("Zephyr"), atol=1e-6)

    def test_what_cannot_be_done_is_an_error_of_its_kind(self, talk: openai.OpenAI) -> None:
        with pytest.raises(openai.NotFoundError) as missing:
            talk.embeddings.create(model="text-embedding-3-small", input="x")
        assert missing.value.code == "model_not_found"
        assert shipped_embedder().name in missing.value.message
        with pytest.raises(openai.UnprocessableEntityError, match="arrays of tokens"):
            talk.embeddings.create(model=shipped_embedder().name, input=[[1, 2], [3]])
        with pytest.raises(openai.UnprocessableEntityError, match="arrays of tokens"):
            talk.embeddings.create(model=shipped_embedder().name, input=[1, 2])
        with pytest.raises(openai.UnprocessableEntityError, match="384 dimensions"):
            talk.embeddings.create(model=shipped_embedder().name, input="x", dimensions=256)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {"input": []},
        {"input": ""},
        {"input": ["x", " "]},
        {"input": ["x"] * (MOST_TEXTS + 1)},
        {"input": "x" * (MOST_CHARACTERS + 1)},
        {"input": {"text": "x"}},
        {"input": "x", "encoding_format": "int8"},
        {},
    ],
)
def test_requests_for_vectors_are_bounded(key: str, body: Any) -> None:
    status, told = post(key, "/v1/embeddings", body)
    assert status == 422
    assert (told["error"]["code"], told["error"]["type"]) == ("invalid", "invalid_request_error")


def test_documents_are_reranked_over_http(server: Server, committed_key: str) -> None:
    body = {"query": QUERY, "documents": DOCUMENTS, "top_n": 2, "return_documents": True}
    with httpx2.Client(base_url=server.url, headers={"authorization": f"Bearer {committed_key}"}) as client:
        reply = client.post("/v1/rerank", json=body, timeout=30)
        assert reply.status_code == 200
        given = reply.json()
        assert client.post("/v1/rerank", json=body, headers={"authorization": "Bearer x"}).status_code == 401
    assert [each["index"] for each in given["results"]] == [1, 2]
    assert given["results"][0]["document"] == {"text": DOCUMENTS[1]}
    assert 1 >= given["results"][0]["relevance_score"] > given["results"][1]["relevance_score"] >= 0
    assert given["model"] == "late_interaction"
    assert given["id"].startswith("rerank-")
    assert given["usage"]["total_tokens"] > 20


@pytest.mark.django_db
def test_all_come_back_without_their_texts_unless_asked(key: str) -> None:
    status, given = post(key, "/v1/rerank", {"query": QUERY, "documents": DOCUMENTS, "model": "late_interaction"})
    assert status == 200
    assert sorted(each["index"] for each in given["results"]) == [0, 1, 2]
    assert all(set(each) == {"index", "relevance_score"} for each in given["results"])


@pytest.mark.django_db(transaction=True)
def test_a_cross_encoder_of_this_machine_may_be_asked_and_one_elsewhere_not(
    key: str, settings: Any, tmp_path: Path
) -> None:
    settings.RERANKERS_DIR = tmp_path
    write_cross_encoder(tmp_path / "tiny")
    Reranker.objects.create(slug="tiny", name="Tiny", kind="cross_encoder", model="tiny")
    Reranker.objects.create(slug="far", name="Far", kind="remote", base_url="http://127.0.0.1:9/v1", model="m")
    texts = ["noon", "the crane lifts", "the ship"]
    status, given = post(key, "/v1/rerank", {"query": "the crane", "documents": texts, "model": "tiny"})
    assert (status, given["model"]) == (200, "tiny")
    wanted = {index: 1 / (1 + np.exp(-logit_of("the crane", text))) for index, text in enumerate(texts)}
    assert {each["index"]: each["relevance_score"] for each in given["results"]} == pytest.approx(wanted, abs=1e-5)
    for name, code in (("far", "model_elsewhere"), ("rerank-v3.5", "model_not_found")):
        status, told = post(key, "/v1/rerank", {"query": "x", "documents": texts, "model": name})
        assert (status, told["error"]["code"]) == (422 if name == "far" else 404, code)
    long = {"query": "crane " * 60, "documents": texts, "model": "tiny"}
    status, told = post(key, "/v1/rerank", long)
    assert (status, told["error"]["code"]) == (422, "reranking_question_long")
    (tmp_path / "tiny" / "model.onnx").unlink()
    Reranker.objects.create(slug="broken", name="Broken", kind="cross_encoder", model="gone")
    status, told = post(key, "/v1/rerank", {"query": "x", "documents": texts, "model": "broken"})
    assert (status, told["error"]["type"]) == (502, "server_error")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"query": " "},
        {"query": "x" * 4_001},
        {"documents": []},
        {"documents": ["x"] * (MOST_DOCUMENTS + 1)},
        {"documents": ["x" * (MOST_CHARACTERS + 1)]},
        {"documents": [{"title": "x"}]},
        {"documents": [3]},
        {"top_n": 0},
    ],
)
def test_requests_for_an_order_are_bounded(key: str, change: Any) -> None:
    status, told = post(key, "/v1/rerank", {"query": QUERY, "documents": ["x"], **change})
    assert status == 422
    assert told["error"]["code"] == "invalid"


class TestLane:
    async def test_only_so_many_wait_and_the_next_is_refused(self) -> None:
        found = Lane(1, waiting=2)
        go = threading.Event()
        tasks = [asyncio.create_task(found.run(lambda: go.wait(10))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(DocumentsError) as caught:
            await found.run(lambda: True)
        assert (caught.value.code, caught.value.status) == ("busy", 429)
        go.set()
        assert await asyncio.gather(*tasks) == [True] * 3
        assert await found.run(lambda: 5) == 5

    async def test_a_failure_and_a_client_that_has_gone_give_their_places_back(self) -> None:
        found = Lane(1, waiting=0)

        def fail() -> None:
            raise ValueError("as asked")

        for _ in range(3):
            with pytest.raises(ValueError, match="as asked"):
                await found.run(fail)
        go = threading.Event()
        task = asyncio.create_task(found.run(lambda: go.wait(10)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(DocumentsError):  # what has begun goes on to its end
            await found.run(lambda: True)
        go.set()
        for _ in range(200):
            await asyncio.sleep(0.01)
            try:
                assert await found.run(lambda: True)
            except DocumentsError:
                continue
            break
        else:
            pytest.fail("The place was not given back.")

    async def test_nobody_waits_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lane, "LONGEST_S", 0.05)
        go = threading.Event()
        with pytest.raises(DocumentsError) as caught:
            await Lane(1).run(lambda: go.wait(10))
        assert (caught.value.code, caught.value.status) == ("too_slow", 503)
        go.set()
