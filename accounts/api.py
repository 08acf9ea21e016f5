"""How the API knows who calls: bearer tokens with scopes."""

from datetime import timedelta
from typing import cast

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from accounts.errors import permission_denied
from accounts.models import APIToken, Scope, User

LAST_USED_RESOLUTION = timedelta(minutes=1)
"""A token in constant use is written once a minute, not once a request."""


class TokenAuth(HttpBearer):
    """``Authorization: Bearer fn_...`` with a scope; the user is ``request.auth``.

    A wrong, expired or revoked token answers 401, one without the scope 403.
    """

    def __init__(self, scope: Scope = Scope.READ) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """The token's user, or None."""
        row = APIToken.objects.for_token(token[:200]).first()
        if row is None:
            return None
        if self.scope not in row.scopes:
            raise permission_denied()
        now = timezone.now()
        if row.last_used_at is None or row.last_used_at < now - LAST_USED_RESOLUTION:
            APIToken.objects.filter(pk=row.pk).update(last_used_at=now)
        request.user = row.user
        return row.user


def caller(request: HttpRequest) -> User:
    """The user whose token came with the request; only for endpoints behind ``TokenAuth``."""
    return cast(User, request.auth)  # type: ignore[attr-defined]  # set by ninja
