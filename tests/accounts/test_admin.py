"""Django's admin: for admins alone, without secrets, and every deed in the audit log."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from accounts.services import token_create
from chat.models import LanguageModel

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> User:
    return User.objects.create_user("root@example.com", "x", role="admin")


@pytest.fixture
def client(root: User) -> Client:
    client = Client()
    client.force_login(root)
    return client


def test_only_admins_come_in() -> None:
    editor = User.objects.create_user("editor@example.com", "x", role="editor")
    client = Client()
    client.force_login(editor)
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("model", [model for model in apps.get_models() if model in admin.site._registry])
def test_every_list_opens(client: Client, model: Any) -> None:
    path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    assert client.get(path).status_code == 200


def test_no_page_shows_a_secret(client: Client, root: User) -> None:
    model = LanguageModel.objects.create(name="Big", kind="openai", api_key="sk-secret")
    row, _token = token_create(user=root, name="x", scopes=["read"])
    page = client.get(reverse("admin:chat_languagemodel_change", args=[model.pk])).content.decode()
    assert "sk-secret" not in page
    page = client.get(reverse("admin:accounts_apitoken_change", args=[row.pk])).content.decode()
    assert row.digest not in page


def test_whatever_is_done_stands_in_the_audit_log(client: Client, root: User) -> None:
    client.post(reverse("admin:auth_group_add"), {"name": "Team"})
    group = Group.objects.get()
    other = User.objects.create_user("mia@example.com", "x")
    form = {"email": other.email, "name": "Mia", "role": "editor", "is_active": "on", "groups": [group.pk]}
    saved = client.post(reverse("admin:accounts_user_change", args=[other.pk]), form)
    assert saved.status_code == 302
    client.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"})
    entries = list(AuditEntry.objects.order_by("pk").values_list("actor_email", "action", "target_type", "target_name"))
    assert entries == [
        (root.email, "admin.create", "auth.group", "Team"),
        (root.email, "admin.update", "accounts.user", "Mia"),
        (root.email, "admin.delete", "auth.group", "Team"),
    ]
    assert "Role" in AuditEntry.objects.get(action="admin.update").detail["fields"]
