"""The prompt library: whose prompts one finds, who changes them, and what stands in braces."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Role, User
from chat.errors import ChatError
from chat.models import SavedPrompt
from chat.services.prompts import prompt_delete, prompt_save
from tests.chat.conftest import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor() -> User:
    return User.objects.create_user("eva@example.com", "x", role=Role.EDITOR, name="Eva")


def save(user: User, title: str = "Summary", text: str = "Summarise {{topic}}.", **more: Any) -> SavedPrompt:
    return prompt_save(**{"user": user, "prompt": None, "title": title, "text": text, "shared": False, **more})


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def offered(user: User, query: str = "") -> list[str]:
    items = signed_in(user).get(reverse("chat:complete_prompts"), {"q": query}).json()["items"]
    return [each["text"] for each in items]


def test_a_prompt_is_ones_own_until_an_editor_shares_it(cast: Cast, editor: User) -> None:
    save(cast.mia, text="Mine about {{ first thing }} and {{second}} and {{second}}")
    save(editor, "Compare", "Compare {{a}} with {{b}}.", shared=True)
    assert save(cast.sam, "Of all", "Tried to share.", shared=True).shared is False
    assert SavedPrompt.objects.get(title="Summary").blanks == ["first thing", "second"]
    assert len(offered(cast.mia)) == 2
    assert offered(cast.mia, "COMPARE") == ["Compare {{a}} with {{b}}."]
    # No role gives a look into what others keep for themselves.
    assert offered(cast.root) == ["Compare {{a}} with {{b}}."]
    page = signed_in(cast.root).get(reverse("chat:prompts")).content.decode()
    assert "Compare" in page
    assert "Mine about" not in page


def test_only_who_keeps_it_changes_a_prompt_and_admins_the_shared_ones(cast: Cast, editor: User) -> None:
    own, shared = save(cast.mia), save(editor, "Compare", shared=True)
    for user, prompt in ((cast.sam, shared), (editor, own), (cast.root, own)):
        with pytest.raises(ChatError, match="no such prompt"):
            save(user, prompt=prompt)
        with pytest.raises(ChatError):
            prompt_delete(user=user, prompt_id=prompt.pk)
        assert signed_in(user).get(reverse("chat:prompt_edit", args=[prompt.pk])).status_code == 404
    # A member keeps what an admin shared for them, and cannot take that back.
    save(cast.root, "Compare", "Changed.", prompt=shared, shared=False)
    shared.refresh_from_db()
    assert (shared.text, shared.owner) == ("Changed.", editor)
    assert AuditEntry.objects.filter(action="prompt.unshare", actor=cast.root).exists()
    prompt_delete(user=cast.mia, prompt_id=own.pk)
    assert not SavedPrompt.objects.filter(pk=own.pk).exists()


def test_the_pages_keep_a_prompt_and_say_what_is_wrong(cast: Cast) -> None:
    mia = signed_in(cast.mia)
    assert "No prompts yet" in mia.get(reverse("chat:prompts")).content.decode()
    new = reverse("chat:prompt_new")
    assert "For everyone" not in mia.get(new).content.decode()
    assert mia.post(new, {"title": "Leave", "text": "How much leave has {{who}}?"}).status_code == 302
    again = mia.post(new, {"title": "Leave", "text": "x"})
    assert again.status_code == 422
    assert "There is a prompt with this title already" in again.content.decode()
    assert mia.post(new, {"title": " ", "text": " "}).status_code == 422
    prompt = SavedPrompt.objects.get()
    assert "who" in mia.get(reverse("chat:prompts"), {"q": "leave"}).content.decode()
    assert "No prompt has these words" in mia.get(reverse("chat:prompts"), {"q": "ships"}).content.decode()
    changed = {"title": "Leave", "text": "How much?"}
    assert mia.post(reverse("chat:prompt_edit", args=[prompt.pk]), changed).status_code == 302
    gone = reverse("chat:prompt_delete", args=[prompt.pk])
    assert signed_in(cast.sam).post(gone, headers={"accept": "application/json"}).status_code == 404
    assert mia.post(gone, headers={"accept": "application/json"}).status_code == 204
