"""Every error the accounts app raises on purpose: one root, a stable code, a sentence, an HTTP status."""

from django.utils.translation import gettext_lazy as _


class AccountsError(Exception):
    """Root of the app's errors; ``status`` is the HTTP status an edge answers with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message, status)
        self.code = code
        self.message = message
        self.status = status


def permission_denied() -> AccountsError:
    """The person is known but their role does not allow this."""
    return AccountsError("permission_denied", str(_("Your role does not allow this. Ask an admin.")), 403)
