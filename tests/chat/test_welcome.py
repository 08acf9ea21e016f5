"""The first steps: the page for the admin, models looked for through the guard, one tried and put to work."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.models import LLM_THRESHOLD, LanguageModel
from tests.chat.conftest import Cast
from tests.fakes.llm import FakeLLM

LOOK, CONNECT = "chat:welcome_look", "chat:welcome_connect"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
def test_the_page_leads_and_home_leads_to_it_until_a_model_is_connected(cast: Cast) -> None:
    root = signed_in(cast.root)
    page = root.get(reverse("chat:welcome")).content.decode()
    assert "http://127.0.0.1:11434/v1" in page
    assert "2 documents are there" in page
    home = reverse("chat:home")
    assert reverse("chat:welcome") in root.get(home).content.decode()
    assert reverse("chat:welcome") not in signed_in(cast.mia).get(home).content.decode()
    LanguageModel.objects.create(name="m", kind="openai", base_url="http://127.0.0.1:9/v1", model_name="m")
    assert reverse("chat:welcome") not in root.get(home).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_model_is_found_tried_and_put_to_work(committed_cast: Cast, llm: FakeLLM) -> None:
    llm.models = ("small", "large")
    root = signed_in(committed_cast.root)
    sent = {"base_url": llm.base_url, "api_key": "sk-test"}
    assert root.post(reverse(LOOK), sent).json()["models"] == ["large", "small"]
    for _twice in range(2):
        answer = root.post(reverse(CONNECT), {**sent, "model_name": "small"})
        assert answer.status_code == 200
        assert "small answered in" in answer.json()["message"]
    committed_cast.assistant.refresh_from_db()
    published = committed_cast.assistant.published
    assert (published.number, published.model.model_name, published.threshold) == (3, "small", LLM_THRESHOLD)
    assert LanguageModel.objects.filter(kind="openai").count() == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_kept_of_a_model_that_does_not_answer(committed_cast: Cast, llm: FakeLLM) -> None:
    root = signed_in(committed_cast.root)
    llm.failure = "unauthorized"
    for name, code in ((LOOK, "llm_unauthorized"), (CONNECT, "llm_unauthorized")):
        answer = root.post(reverse(name), {"base_url": llm.base_url, "model_name": "small"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, code)
    quiet = root.post(reverse(LOOK) + "?quiet", {"base_url": llm.base_url})
    assert (quiet.status_code, quiet.json()["models"]) == (200, [])
    assert not LanguageModel.objects.filter(kind="openai").exists()
    assert root.post(reverse(LOOK), {"base_url": "no address"}).status_code == 422
    assert root.post(reverse(CONNECT), {"base_url": llm.base_url}).json()["error"]["code"] == "model_incomplete"


@pytest.mark.django_db(transaction=True)
def test_the_guard_holds_and_nobody_else_looks(committed_cast: Cast, settings: Any) -> None:
    settings.OUTBOUND_ALLOW_PRIVATE = ()
    sent = {"base_url": "http://127.0.0.1:11434/v1", "model_name": "m"}
    for name in (LOOK, CONNECT):
        answer = signed_in(committed_cast.root).post(reverse(name), sent)
        assert answer.status_code == 502
        assert "OUTBOUND_ALLOW_PRIVATE" in answer.json()["error"]["message"]
        assert signed_in(committed_cast.mia).post(reverse(name), sent).status_code == 404
        assert Client().post(reverse(name), sent).status_code == 404
