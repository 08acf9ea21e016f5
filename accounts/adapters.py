"""What django-allauth asks us: may a stranger sign up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Sign-up is closed unless ``ALLOW_SIGNUP`` opens it."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether the sign-up page takes new people."""
        return bool(settings.ALLOW_SIGNUP)
