"""Signing in and up, and the page of one's API tokens."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import APIToken, User

pytestmark = pytest.mark.django_db
PASSWORD = "Correct-horse-9"


@pytest.fixture
def editor() -> User:
    return User.objects.create_user("editor@example.com", PASSWORD, role="editor")


def signed_up(client: Client) -> bool:
    form = {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
    client.post(reverse("account_signup"), form)
    return User.objects.filter(email="new@example.com").exists()


def test_nobody_signs_up_unless_that_is_allowed(client: Client, settings: Any) -> None:
    assert not signed_up(client)
    settings.ALLOW_SIGNUP = True
    assert signed_up(client)
    assert User.objects.get(email="new@example.com").role == "member"


def test_one_signs_in_with_the_address_and_comes_back_to_the_page_one_wanted(client: Client, editor: User) -> None:
    wanted = reverse("documents:index")
    login = client.get(wanted)["location"]
    form = {"login": "EDITOR@example.com", "password": PASSWORD}
    assert client.post(login, form)["location"] == wanted


def test_a_wrong_password_and_an_unknown_address_read_the_same(client: Client, editor: User) -> None:
    errors = []
    for address in (editor.email, "nobody@example.com"):
        page = client.post(reverse("account_login"), {"login": address, "password": "wrong"})
        errors.append([str(error) for error in page.context["form"].non_field_errors()])
    assert errors[0] == errors[1] != []


def test_a_new_token_is_shown_once_and_works(client: Client, editor: User) -> None:
    client.force_login(editor)
    page = client.post(reverse("accounts:tokens"), {"name": "Script", "scopes": ["read"], "lifetime": "30"})
    (token,) = set(re.findall(r"fn_[A-Za-z0-9_-]{43}", page.content.decode()))
    assert APIToken.objects.for_token(token).get().expires_at is not None
    assert token not in client.get(reverse("accounts:tokens")).content.decode()
    assert client.get("/api/v1/documents", headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_an_editor_is_not_offered_what_only_admins_may(client: Client, editor: User) -> None:
    client.force_login(editor)
    page = client.post(reverse("accounts:tokens"), {"name": "Script", "scopes": ["admin"]})
    assert page.status_code == 422
    assert not APIToken.objects.exists()


def test_a_token_without_the_scope_is_told_so(client: Client, editor: User) -> None:
    client.force_login(editor)
    page = client.post(reverse("accounts:tokens"), {"name": "Script", "scopes": ["read"]})
    token = re.findall(r"fn_[A-Za-z0-9_-]{43}", page.content.decode())[0]
    answer = client.post("/api/v1/documents", headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
