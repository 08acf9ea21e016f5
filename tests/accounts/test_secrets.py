"""Secrets at rest: plain in Python, ciphertext in the database."""

import pytest
from django.db import connection

from accounts.errors import AccountsError
from accounts.secrets import decrypt, encrypt, readable
from chat.answering.answerers import answerer_for
from chat.models import LanguageModel
from chat.services.language_models import settings_of
from documents.services import source_create
from rag.errors import GenerationError


@pytest.mark.django_db
def test_the_column_holds_only_ciphertext() -> None:
    row = LanguageModel.objects.create(name="m", kind="openai", api_key="sk-very-secret")
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_key FROM chat_languagemodel WHERE id = %s", [row.pk])
        (stored,) = cursor.fetchone()
    assert "secret" not in stored
    assert LanguageModel.objects.get(pk=row.pk).api_key == "sk-very-secret"


@pytest.mark.django_db
def test_no_secret_stays_empty() -> None:
    row = LanguageModel.objects.create(name="m", kind="extractive")
    assert LanguageModel.objects.get(pk=row.pk).api_key == ""


def test_the_same_secret_never_looks_the_same() -> None:
    assert encrypt("x") != encrypt("x")


def test_another_key_is_a_clear_error(settings) -> None:
    ciphertext = encrypt("x")
    settings.ENCRYPTION_KEY = "another key"
    with pytest.raises(AccountsError, match="secret_unreadable"):
        decrypt(ciphertext)


@pytest.mark.django_db
def test_a_secret_that_cannot_be_read_is_kept_and_can_be_entered_again(settings) -> None:
    key = settings.ENCRYPTION_KEY
    row = LanguageModel.objects.create(name="m", kind="openai", api_key="sk-first")
    settings.ENCRYPTION_KEY = "another key"
    row = LanguageModel.objects.get(pk=row.pk)
    assert row.api_key == ""
    with pytest.raises(AccountsError, match="secret_unreadable"):
        readable(row.api_key)
    with pytest.raises(GenerationError, match="ENCRYPTION_KEY"):
        answerer_for(settings_of(row))
    row.save()
    settings.ENCRYPTION_KEY = key
    assert readable(LanguageModel.objects.get(pk=row.pk).api_key) == "sk-first"
    settings.ENCRYPTION_KEY = "another key"
    row.api_key = "sk-second"
    row.save()
    assert readable(LanguageModel.objects.get(pk=row.pk).api_key) == "sk-second"


@pytest.mark.django_db
def test_pages_open_with_secrets_that_cannot_be_read(people, client, settings) -> None:
    values = {"url": "https://git.example.com/a.git", "token": "s3cr3t"}
    source = source_create(user=people.admin, name="Papers", kind="git", settings=values)
    model = LanguageModel.objects.create(name="m", kind="openai", api_key="sk-first")
    settings.ENCRYPTION_KEY = "another key"
    client.force_login(people.admin)
    for address in (
        "/sources/",
        f"/sources/{source.slug}/",
        f"/sources/{source.slug}/syncs/",
        "/models/",
        f"/models/{model.pk}/",
    ):
        assert client.get(address).status_code == 200, address
