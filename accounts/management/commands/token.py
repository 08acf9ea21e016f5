"""``manage.py token EMAIL --name NAME``: make an API token for a user and print it."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.errors import AccountsError
from accounts.models import Scope, User
from accounts.services import default_scopes, token_create


class Command(BaseCommand):
    """Make an API token; its last printed word is the token."""

    help = "Make an API token for a user. The token is the last word printed and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("email", help="whose token it is")
        parser.add_argument("--name", required=True, help="what will use it")
        parser.add_argument("--scope", action="append", choices=Scope.values, help="default: all that the role allows")
        parser.add_argument("--days", type=int, help="expires after so many days; default: never")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make and print the token."""
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['email']}.")
        expires_at = timezone.now() + timedelta(days=options["days"]) if options["days"] else None
        scopes = options["scope"] or default_scopes(user)
        try:
            _row, token = token_create(user=user, name=options["name"], scopes=scopes, expires_at=expires_at)
        except AccountsError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Token for {user.email}, shown once: {token}")
