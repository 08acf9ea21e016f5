"""The REST endpoints of the chat app, and OpenAI's, as their clients see them."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
import openai
import pytest
from django.test import Client

from accounts.models import User
from chat.models import Assistant, LanguageModel, Message, TraceStep
from chat.services.assistants import VersionFields, version_create, version_publish
from documents.models import DataSource
from tests.chat.conftest import LEAVE, Cast, add_document
from tests.conftest import Server
from tests.fakes.llm import FakeLLM

QUESTION = "How many days of paid leave does an employee have?"
Bearer = Callable[[User], dict[str, str]]


def refusal(reply: tuple[int, Any]) -> tuple[int, str]:
    """Status and code of a reply that is an error."""
    return reply[0], reply[1]["error"]["code"]


def post(client: Client, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
    """Status and JSON of a POST."""
    response = client.post(path, json.dumps(body), content_type="application/json", headers=headers)
    return response.status_code, response.json()


@pytest.mark.django_db(transaction=True)
class TestAnswers:
    def test_an_answer_quotes_the_document_at_its_offsets(
        self, client: Client, committed_cast: Cast, bearer: Bearer
    ) -> None:
        status, answer = post(client, "/api/v1/answers", {"question": QUESTION}, bearer(committed_cast.mia))
        assert status == 200
        assert not answer["refused"]
        assert answer["citations"]
        for citation in answer["citations"]:
            assert LEAVE[citation["source_start"] : citation["source_end"]] == citation["quote"]
            assert 0 <= citation["start"] < citation["end"] <= len(answer["answer"])
        assert Message.objects.get(pk=answer["trace_id"]).version is not None
        names = list(TraceStep.objects.filter(message_id=answer["trace_id"]).values_list("name", flat=True))
        assert names == ["embed_question", "retrieve", "fuse", "rerank", "prepare", "generate"]

    def test_a_trace_holds_no_text_of_a_document(self, client: Client, committed_cast: Cast, bearer: Bearer) -> None:
        _status, answer = post(client, "/api/v1/answers", {"question": QUESTION}, bearer(committed_cast.mia))
        stored = json.dumps(list(TraceStep.objects.filter(message_id=answer["trace_id"]).values("input", "output")))
        assert "thirty" not in stored

    def test_deleting_a_document_takes_passages_and_citations_along(
        self, client: Client, committed_cast: Cast, bearer: Bearer
    ) -> None:
        _status, answer = post(client, "/api/v1/answers", {"question": QUESTION}, bearer(committed_cast.mia))
        committed_cast.leave.delete()
        message = Message.objects.get(pk=answer["trace_id"])
        assert not message.passages.exists()
        assert not message.citations.exists()

    def test_a_question_is_narrowed_to_documents_and_data_sources(
        self, server: Server, committed_cast: Cast, bearer: Bearer
    ) -> None:
        cast = committed_cast
        other = DataSource.objects.create(name="Other", slug="other", visibility="everyone")
        copy = add_document(other, "copy.txt", f"{LEAVE} It is said twice.")
        headers = {**bearer(cast.mia), "content-type": "application/json"}

        def ask(**scope: Any) -> tuple[int, Any]:
            body = {"question": QUESTION, "scope": scope}
            reply = httpx2.post(f"{server.url}/api/v1/answers", headers=headers, json=body, timeout=30)
            return reply.status_code, reply.json()

        status, answer = ask(documents=[str(copy.pk)])
        assert status == 200
        assert {each["document_id"] for each in answer["passages"]} == {str(copy.pk)}
        assert {each["document_id"] for each in answer["citations"]} == {str(copy.pk)}
        for source, filename in ((other.pk, "copy.txt"), (cast.leave.source_id, "leave.txt")):
            _status, answer = ask(sources=[str(source)])
            assert {each["filename"] for each in answer["passages"]} == {filename}
        answers = Message.objects.count()
        # What one may not see and what is not there read the same, and a refused question leaves no row.
        gone = (409, "scope_gone")
        for unseen in (str(cast.vault.pk), str(uuid4())):
            assert refusal(ask(documents=[unseen])) == gone
        assert refusal(ask(sources=[str(cast.vault.source_id)])) == gone
        ids = [str(uuid4()) for _each in range(11)]
        assert refusal(ask(documents=ids, sources=ids)) == (422, "scope_too_large")
        assert refusal(ask(documents=["leave.txt"])) == (422, "invalid")
        assert cast.assistant.published
        fields = VersionFields("", cast.assistant.published.model, [cast.vault.source_id], passages=4, threshold=0.0)
        version = version_create(user=None, assistant=cast.assistant, fields=fields)
        version_publish(user=None, assistant=cast.assistant, number=version.number)
        status, answer = ask(documents=[str(copy.pk)])
        assert refusal((status, answer)) == (409, "scope_outside")
        assert "copy.txt" in answer["error"]["message"]
        assert Message.objects.count() == answers

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"question": ""}, "question_empty"),
            ({"question": "x" * 100_000}, "question_too_long"),
            ({"question": QUESTION, "assistant": "nobody"}, "not_found"),
            ({"question": QUESTION, "colour": "blue"}, "invalid"),
            ({}, "invalid"),
        ],
    )
    def test_a_bad_request_names_what_is_wrong(
        self, client: Client, committed_cast: Cast, bearer: Bearer, body: Any, code: str
    ) -> None:
        status, answer = post(client, "/api/v1/answers", body, bearer(committed_cast.mia))
        assert 400 <= status < 500
        assert answer["error"]["code"] == code
        assert answer["error"]["message"]
        assert not Message.objects.exists()

    def test_a_model_that_fails_is_a_502_with_a_sentence(
        self,
        client: Client,
        committed_cast: Cast,
        bearer: Bearer,
        llm: FakeLLM,
        use_llm: Callable[..., LanguageModel],
    ) -> None:
        use_llm(committed_cast.assistant, llm)
        llm.failure = "unauthorized"
        status, answer = post(client, "/api/v1/answers", {"question": QUESTION}, bearer(committed_cast.mia))
        assert (status, answer["error"]["code"]) == (502, "llm_unauthorized")


@pytest.mark.django_db
class TestAssistantsAndModels:
    def test_a_member_sees_assistants_but_not_models(self, client: Client, cast: Cast, bearer: Bearer) -> None:
        headers = bearer(cast.mia)
        listed = client.get("/api/v1/assistants", headers=headers).json()
        assert [(row["slug"], row["version"]) for row in listed] == [("library", 1)]
        assert client.get("/api/v1/models", headers=headers).status_code == 403
        status, _body = post(client, "/api/v1/models", {"name": "x", "kind": "extractive"}, headers)
        assert status == 403

    def test_an_admin_makes_a_model_whose_key_stays_inside(self, client: Client, cast: Cast, bearer: Bearer) -> None:
        headers = bearer(cast.root)
        body = {
            "name": "Big",
            "kind": "openai",
            "base_url": "http://x.example/v1",
            "model_name": "b",
            "api_key": "sk-1",
        }
        status, model = post(client, "/api/v1/models", body, headers)
        assert status == 201
        assert model["has_key"] is True
        assert "sk-1" not in client.get("/api/v1/models", headers=headers).content.decode()
        status, assistant = post(client, "/api/v1/assistants", {"name": "Clerk", "model": model["id"]}, headers)
        assert (status, assistant["slug"], assistant["version"]) == (201, "clerk", 1)

    @pytest.mark.parametrize(
        "body",
        [
            {"name": "", "kind": "extractive"},
            {"name": "x", "kind": "openai"},
            {"name": "x", "kind": "magic"},
            {"name": "x", "kind": "transformers"},
        ],
    )
    def test_an_incomplete_model_is_refused(self, client: Client, cast: Cast, bearer: Bearer, body: Any) -> None:
        status, answer = post(client, "/api/v1/models", body, bearer(cast.root))
        assert status == 422
        assert answer["error"]["message"]

    def test_an_assistant_of_unknown_sources_is_refused(self, client: Client, cast: Cast, bearer: Bearer) -> None:
        model = LanguageModel.objects.get()
        body = {"name": "Clerk", "model": model.pk, "sources": [str(uuid4())]}
        status, _answer = post(client, "/api/v1/assistants", body, bearer(cast.root))
        assert status == 404
        assert Assistant.objects.count() == 1

    @pytest.mark.parametrize("path", ["/api/v1/assistants", "/api/v1/models", "/v1/models"])
    def test_without_a_good_token_there_is_nothing(self, client: Client, cast: Cast, path: str) -> None:
        for headers in ({}, {"authorization": "Bearer wrong"}):
            response = client.get(path, headers=headers)
            assert response.status_code == 401
            assert response.json()["error"]["message"]


class TestOpenAI:
    """Through the official client, against the real server."""

    @pytest.fixture
    def talk(self, server: Server, committed_cast: Cast, bearer: Bearer) -> openai.OpenAI:
        token = bearer(committed_cast.mia)["authorization"].removeprefix("Bearer ")
        return openai.OpenAI(base_url=f"{server.url}/v1", api_key=token, timeout=30, max_retries=0)

    def test_assistants_are_its_models(self, talk: openai.OpenAI) -> None:
        assert [model.id for model in talk.models.list().data] == ["library"]

    def test_an_answer_comes_whole_with_its_citations(self, talk: openai.OpenAI) -> None:
        reply = talk.chat.completions.create(model="library", messages=[{"role": "user", "content": QUESTION}])
        assert "thirty days" in str(reply.choices[0].message.content)
        assert reply.choices[0].finish_reason == "stop"
        (citation, *_rest) = reply.model_extra["citations"]
        assert LEAVE[citation["source_start"] : citation["source_end"]] == citation["quote"]

    def test_an_answer_streams_and_its_last_chunk_has_the_citations(self, talk: openai.OpenAI) -> None:
        chunks = list(
            talk.chat.completions.create(model="library", messages=[{"role": "user", "content": QUESTION}], stream=True)
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert "thirty days" in text
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert chunks[-1].model_extra["citations"]

    def test_an_unknown_assistant_is_an_error_of_its_kind(self, talk: openai.OpenAI) -> None:
        with pytest.raises(openai.NotFoundError) as caught:
            talk.chat.completions.create(model="nobody", messages=[{"role": "user", "content": QUESTION}])
        assert caught.value.code == "not_found"

    def test_a_wrong_token_is_an_error_of_its_kind(self, server: Server, committed_cast: Cast) -> None:
        stranger = openai.OpenAI(base_url=f"{server.url}/v1", api_key="wrong", timeout=30, max_retries=0)
        with pytest.raises(openai.AuthenticationError):
            stranger.models.list()

    def test_nothing_to_answer_is_an_error(self, talk: openai.OpenAI) -> None:
        with pytest.raises(openai.UnprocessableEntityError):
            talk.chat.completions.create(model="library", messages=[{"role": "assistant", "content": "Hello"}])
