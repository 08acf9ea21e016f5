"""API tokens: shown once, kept as digests, scoped, expiring, revocable."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.errors import AccountsError
from accounts.models import APIToken, AuditEntry, User
from accounts.services import token_create, token_revoke

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor() -> User:
    return User.objects.create_user("editor@example.com", "x", role="editor")


def test_a_token_is_found_by_itself_and_never_stored(editor: User) -> None:
    row, token = token_create(user=editor, name="script", scopes=["read"])
    assert APIToken.objects.for_token(token).get() == row
    stored = [str(value) for value in APIToken.objects.filter(pk=row.pk).values()[0].values()]
    assert not any(token in value for value in stored)
    assert token not in str(list(AuditEntry.objects.values()))


def test_an_expired_token_does_not_work(editor: User) -> None:
    row, token = token_create(user=editor, name="x", scopes=["read"], expires_at=timezone.now() + timedelta(days=1))
    APIToken.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not APIToken.objects.for_token(token).exists()


def test_a_revoked_token_does_not_work_and_only_its_owner_revokes_it(editor: User) -> None:
    row, token = token_create(user=editor, name="x", scopes=["read"])
    stranger = User.objects.create_user("stranger@example.com", "x")
    with pytest.raises(AccountsError, match="not_found"):
        token_revoke(user=stranger, token_id=row.pk)
    token_revoke(user=editor, token_id=row.pk)
    assert not APIToken.objects.for_token(token).exists()


def test_a_token_of_somebody_who_left_does_not_work(editor: User) -> None:
    _row, token = token_create(user=editor, name="x", scopes=["read"])
    editor.is_active = False
    editor.save()
    assert not APIToken.objects.for_token(token).exists()


@pytest.mark.parametrize("scopes", [["admin"], [], ["everything"]])
def test_a_token_never_exceeds_its_users_role(editor: User, scopes: list[str]) -> None:
    with pytest.raises(AccountsError):
        token_create(user=editor, name="x", scopes=scopes)


def test_a_date_in_the_past_is_refused(editor: User) -> None:
    with pytest.raises(AccountsError, match="token_expired"):
        token_create(user=editor, name="x", scopes=["read"], expires_at=timezone.now())


def test_making_and_revoking_stand_in_the_audit_log(editor: User) -> None:
    row, _token = token_create(user=editor, name="x", scopes=["read"])
    token_revoke(user=editor, token_id=row.pk)
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", "actor_email"))
    assert actions == [("token.create", editor.email), ("token.revoke", editor.email)]
