"""Who a command acts as."""

from argparse import ArgumentParser

from django.core.management.base import CommandError

from accounts.models import Role, User


def add_user_argument(parser: ArgumentParser) -> None:
    """Declare ``--user``."""
    parser.add_argument("--user", metavar="EMAIL", help="act as this person; default: the first admin")


def acting_user(email: str | None) -> User:
    """The person with this address, or the first admin; CommandError when there is none."""
    people = User.objects.filter(is_active=True)
    user = people.filter(email__iexact=email) if email else people.filter(role=Role.ADMIN).order_by("pk")
    found = user.first()
    if found is None:
        missing = f"There is no active user {email}." if email else "There is no admin yet. Run make up first."
        raise CommandError(missing)
    return found
