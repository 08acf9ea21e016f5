"""Secrets at rest: plain in Python, ciphertext in the database."""

import pytest
from django.db import connection

from accounts.errors import AccountsError
from accounts.secrets import decrypt, encrypt
from chat.models import LanguageModel


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
