"""People, roles and the first admin."""

from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from accounts.models import APIToken, AuditEntry, User
from accounts.services import ensure_first_admin

pytestmark = pytest.mark.django_db


def test_people_sign_in_by_address_whatever_its_case() -> None:
    user = User.objects.create_user("Ada@Example.com", "Correct-horse-9")
    assert user.email == "ada@example.com"
    assert authenticate(username="ADA@example.com", password="Correct-horse-9") == user


@pytest.mark.parametrize(
    ("role", "editor", "admin"), [("member", False, False), ("editor", True, False), ("admin", True, True)]
)
def test_each_role_includes_the_ones_before_it(role: str, editor: bool, admin: bool) -> None:
    user = User.objects.create_user(f"{role}@example.com", "x", role=role)
    assert (user.is_editor, user.is_admin, user.is_staff, user.is_superuser) == (editor, admin, admin, admin)


def test_losing_the_role_loses_the_rights() -> None:
    user = User.objects.create_user("a@example.com", "x", role="admin")
    user.role = "member"
    user.save()
    user.refresh_from_db()
    assert not user.is_superuser


def test_the_first_admin_is_made_once() -> None:
    first, made = ensure_first_admin(email="admin@example.com", password="Correct-horse-9")
    again, made_again = ensure_first_admin(email="other@example.com", password="Other-horse-9")
    assert (made, made_again) == (True, False)
    assert first == again
    assert first.check_password("Correct-horse-9")
    assert AuditEntry.objects.get().action == "user.first_admin"


def test_the_token_command_prints_the_token_as_its_last_word() -> None:
    user = User.objects.create_user("admin@example.com", "x", role="admin")
    out = StringIO()
    call_command("token", "ADMIN@example.com", "--name", "check", stdout=out)
    row = APIToken.objects.for_token(out.getvalue().split()[-1]).get()
    assert row.user == user
    assert set(row.scopes) == {"read", "write", "admin"}


def test_the_token_command_names_a_user_that_is_not_there() -> None:
    with pytest.raises(CommandError, match=r"nobody@example\.com"):
        call_command("token", "nobody@example.com", "--name", "check")
