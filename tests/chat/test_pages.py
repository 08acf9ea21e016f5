"""The chat app's pages: who sees what, what an admin's edits do."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from chat.models import DEFAULT_QUESTION, Assistant, AssistantVersion, Conversation, LanguageModel, Message
from documents.retrieval import DEFAULT
from tests.chat.conftest import Cast
from tests.fakes.llm import FakeLLM

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def conversation(cast: Cast) -> Conversation:
    made = Conversation.objects.create(user=cast.mia, assistant=cast.assistant, title="Leave <b>days</b>")
    Message.objects.create(conversation=made, role="user", text="How many?", asked_by=cast.mia)
    Message.objects.create(conversation=made, role="assistant", text="Thirty.", asked_by=cast.mia)
    return made


class TestWhoSeesWhat:
    @pytest.mark.parametrize(
        "name", ["chat:assistants", "chat:assistant_new", "chat:models", "chat:model_new", "playground:index"]
    )
    def test_admin_pages_exist_for_admins_alone(self, cast: Cast, name: str) -> None:
        assert signed_in(cast.root).get(reverse(name)).status_code == 200
        assert signed_in(cast.mia).get(reverse(name)).status_code == 404
        away = Client().get(reverse(name))
        assert away.status_code == 302
        assert "/accounts/login/" in away["location"]

    def test_a_conversation_is_its_owners_alone(self, cast: Cast, conversation: Conversation) -> None:
        path = reverse("chat:conversation", args=[conversation.pk])
        assert signed_in(cast.mia).get(path).status_code == 200
        assert signed_in(cast.sam).get(path).status_code == 404
        assert signed_in(cast.root).get(path).status_code == 404

    @pytest.mark.parametrize("name", ["chat:conversation_rename", "chat:conversation_delete"])
    def test_only_the_owner_changes_a_conversation(self, cast: Cast, conversation: Conversation, name: str) -> None:
        path = reverse(name, args=[conversation.pk])
        assert signed_in(cast.sam).post(path, {"title": "Mine"}).status_code == 404
        conversation.refresh_from_db()
        assert conversation.title == "Leave <b>days</b>"

    def test_a_trace_is_for_whoever_asked_and_admins(self, cast: Cast, conversation: Conversation) -> None:
        answer = conversation.messages.answers().get()
        path = reverse("chat:trace", args=[answer.pk])
        assert signed_in(cast.mia).get(path).status_code == 200
        assert signed_in(cast.root).get(path).status_code == 200
        assert signed_in(cast.sam).get(path).status_code == 404


def test_a_title_is_shown_as_text(cast: Cast, conversation: Conversation) -> None:
    page = signed_in(cast.mia).get(reverse("chat:conversation", args=[conversation.pk])).content.decode()
    assert "Leave &lt;b&gt;days&lt;/b&gt;" in page
    assert "<b>days</b>" not in page


def test_renaming_and_deleting_a_conversation(cast: Cast, conversation: Conversation) -> None:
    client = signed_in(cast.mia)
    renamed = client.post(reverse("chat:conversation_rename", args=[conversation.pk]), {"title": "  Holidays \n x"})
    assert renamed.json()["title"] == "Holidays"
    client.post(reverse("chat:conversation_delete", args=[conversation.pk]))
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()


class TestAssistantPages:
    def form(self, **changes: Any) -> dict[str, Any]:
        model = LanguageModel.objects.get(kind="extractive")
        return {
            "name": "Library",
            "description": "",
            "suggestions": "",
            "system_prompt": "Answer in verse.",
            "model": model.pk,
            "all_sources": "on",
            "passages": 5,
            "threshold": 0.4,
            **asdict(DEFAULT),
            **asdict(DEFAULT_QUESTION),
            "note": "Verse",
            **changes,
        }

    def test_saving_makes_the_next_version_and_leaves_the_old_one(self, cast: Cast) -> None:
        client = signed_in(cast.root)
        path = reverse("chat:assistant_edit", args=["library"])
        assert client.post(path, self.form()).status_code == 302
        assistant = Assistant.objects.get()
        assert assistant.published is not None
        assert assistant.published.number == 1
        second = assistant.versions.get(number=2)
        assert (second.system_prompt, second.passages, second.threshold) == ("Answer in verse.", 5, 0.4)

    def test_the_history_says_what_each_version_changed(self, cast: Cast) -> None:
        client = signed_in(cast.root)
        path = reverse("chat:assistant_edit", args=["library"])
        client.post(path, self.form(passages=8, threshold=0.5, fusion="rrf", candidates=80, rewrite="", max_steps=2))
        page = client.get(path)
        newest, first = page.context["versions"]
        changed = {(change.setting, change.before, change.after) for change in newest.changes}
        assert changed == {
            ("Search by", "Meaning and words, scores added", "Meaning and words, ranks added"),
            ("Candidates of each side", "50", "80"),
            ("Rewrite questions", "yes", "no"),
            ("Searches at most", "1", "2"),
        }
        assert first.changes == ()
        arrow = '<del dir="auto">50</del> <span class="version__to">→</span> <ins dir="auto">80</ins>'
        assert f"Candidates of each side: {arrow}" in page.content.decode()

    def test_publishing_and_rolling_back(self, cast: Cast) -> None:
        client = signed_in(cast.root)
        client.post(reverse("chat:assistant_edit", args=["library"]), self.form(publish="1"))
        assistant = Assistant.objects.get()
        assert assistant.published is not None
        assert assistant.published.number == 2
        client.post(reverse("chat:version_publish", args=["library", 1]))
        assistant.refresh_from_db()
        assert assistant.published is not None
        assert assistant.published.number == 1
        published = AuditEntry.objects.filter(action="version.publish").order_by("pk")
        assert [entry.detail["before"] for entry in published] == [None, 1, 2]

    def test_a_new_name_alone_makes_no_version(self, cast: Cast) -> None:
        version = AssistantVersion.objects.get()
        unchanged = self.form(
            name="Reading room",
            system_prompt=version.system_prompt,
            passages=version.passages,
            threshold=version.threshold,
            note="",
        )
        signed_in(cast.root).post(reverse("chat:assistant_edit", args=["library"]), unchanged)
        assert Assistant.objects.get().name == "Reading room"
        assert AssistantVersion.objects.count() == 1

    @pytest.mark.parametrize(
        "change",
        [{"passages": 0}, {"passages": 1000}, {"threshold": 1.5}, {"model": 999}, {"name": ""}, {"all_sources": ""},
         {"fusion": "both"}, {"dense_weight": -1}, {"candidates": 1001}, {"reranker": "gone"}, {"rerank_depth": 0},
         {"max_steps": 6}, {"passage_tokens": 100_001}],
    )  # fmt: skip
    def test_a_wrong_setting_is_shown_at_its_field_and_saves_nothing(self, cast: Cast, change: dict[str, Any]) -> None:
        response = signed_in(cast.root).post(reverse("chat:assistant_edit", args=["library"]), self.form(**change))
        assert response.status_code == 422
        assert set(response.context["form"].errors) == {"sources" if "all_sources" in change else next(iter(change))}
        assert AssistantVersion.objects.count() == 1

    def test_a_version_never_changes(self, cast: Cast) -> None:
        version = AssistantVersion.objects.get()
        version.system_prompt = "Other"
        with pytest.raises(TypeError, match="never changes"):
            version.save()

    def test_the_default_assistant_stays(self, cast: Cast) -> None:
        signed_in(cast.root).post(reverse("chat:assistant_delete", args=["library"]))
        assert Assistant.objects.exists()

    def test_a_new_assistant_is_published_and_can_become_the_default(self, cast: Cast) -> None:
        client = signed_in(cast.root)
        client.post(reverse("chat:assistant_new"), self.form(name="Clerk"))
        client.post(reverse("chat:assistant_default", args=["clerk"]))
        assert Assistant.objects.get(is_default=True).slug == "clerk"
        client.post(reverse("chat:assistant_delete", args=["library"]))
        assert [row.slug for row in Assistant.objects.all()] == ["clerk"]


class TestModelPages:
    def form(self, **changes: Any) -> dict[str, Any]:
        base = {"name": "Big", "kind": "openai", "base_url": "http://llm.example/v1", "model_name": "big"}
        return {**base, "api_key": "sk-secret", **changes}

    def test_the_key_is_kept_and_never_shown(self, cast: Cast) -> None:
        client = signed_in(cast.root)
        client.post(reverse("chat:model_new"), self.form())
        model = LanguageModel.objects.get(name="Big")
        path = reverse("chat:model_edit", args=[model.pk])
        assert "sk-secret" not in client.get(path).content.decode()
        client.post(path, self.form(api_key="", model_name="bigger"))
        model.refresh_from_db()
        assert (model.api_key, model.model_name) == ("sk-secret", "bigger")
        client.post(path, self.form(api_key="", clear_key="on"))
        model.refresh_from_db()
        assert model.api_key == ""
        assert "sk-secret" not in json.dumps(list(AuditEntry.objects.values("detail", "target_name")))

    def test_a_key_does_not_follow_to_another_server(self, cast: Cast) -> None:
        client = signed_in(cast.root)
        client.post(reverse("chat:model_new"), self.form())
        model = LanguageModel.objects.get(name="Big")
        moved = self.form(api_key="", base_url="http://elsewhere.example/v1")
        client.post(reverse("chat:model_edit", args=[model.pk]), moved)
        model.refresh_from_db()
        assert model.api_key == ""

    def test_a_model_in_use_stays(self, cast: Cast) -> None:
        model = LanguageModel.objects.get()
        signed_in(cast.root).post(reverse("chat:model_delete", args=[model.pk]))
        assert LanguageModel.objects.exists()
        assert not AuditEntry.objects.filter(action="model.delete").exists()


@pytest.mark.django_db(transaction=True)
class TestModelButton:
    def test_the_test_button_tells_how_long_it_took(
        self, committed_cast: Cast, llm: FakeLLM, use_llm: Callable[..., LanguageModel]
    ) -> None:
        model = use_llm(committed_cast.assistant, llm)
        response = signed_in(committed_cast.root).post(reverse("chat:model_test", args=[model.pk]))
        assert response.status_code == 200
        assert response.json()["ms"] >= 0

    def test_the_test_button_tells_what_is_wrong(
        self, committed_cast: Cast, llm: FakeLLM, use_llm: Callable[..., LanguageModel]
    ) -> None:
        model = use_llm(committed_cast.assistant, llm)
        llm.failure = "unauthorized"
        response = signed_in(committed_cast.root).post(reverse("chat:model_test", args=[model.pk]))
        assert response.status_code == 502
        assert response.json()["error"]["code"] == "llm_unauthorized"

    def test_nobody_else_presses_it(self, committed_cast: Cast) -> None:
        model = LanguageModel.objects.get()
        path = reverse("chat:model_test", args=[model.pk])
        assert signed_in(committed_cast.mia).post(path).status_code == 404
