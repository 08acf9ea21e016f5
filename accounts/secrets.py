"""Secrets at rest: a model field whose column holds only ciphertext (Fernet, AES-128-CBC with HMAC-SHA256)."""

import hashlib
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.errors import AccountsError


@lru_cache(maxsize=4)
def _cipher(key: str) -> Fernet:
    return Fernet(urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))


def encrypt(text: str) -> str:
    """Ciphertext of a secret under ``settings.ENCRYPTION_KEY``."""
    return _cipher(settings.ENCRYPTION_KEY).encrypt(text.encode()).decode()


def decrypt(ciphertext: str) -> str:
    """The secret again; ``AccountsError("secret_unreadable")`` when the key has changed since it was stored."""
    try:
        return _cipher(settings.ENCRYPTION_KEY).decrypt(ciphertext.encode()).decode()
    except InvalidToken as error:
        message = _("A stored secret cannot be read with the present ENCRYPTION_KEY. Enter it again.")
        raise AccountsError("secret_unreadable", str(message), 500) from error


class Unreadable(str):
    """The place of a stored secret that the present key does not open: empty, and stored again as it was."""

    def __new__(cls, ciphertext: str) -> "Unreadable":
        """Keep the ciphertext."""
        made = super().__new__(cls)
        made.ciphertext = ciphertext
        return made

    ciphertext: str


def readable(secret: str) -> str:
    """The secret itself; ``AccountsError("secret_unreadable")`` when it could not be read from the database."""
    return decrypt(secret.ciphertext) if isinstance(secret, Unreadable) else secret


class EncryptedTextField(models.TextField[str, str]):
    """Text that is plain in Python and ciphertext in the database. It cannot be searched.

    What cannot be decrypted is ``Unreadable``: the row can be shown and changed, and the secret be entered again. Who
    uses the secret asks ``readable`` for it.
    """

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt on the way into the database."""
        if isinstance(value, Unreadable):
            return value.ciphertext
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """Decrypt on the way out."""
        try:
            return decrypt(value) if value else value
        except AccountsError:
            return Unreadable(value or "")
