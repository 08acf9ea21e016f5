"""Every error the chat app raises on purpose: one root, a stable code, a sentence, an HTTP status."""

from django.utils.translation import gettext as _


class ChatError(Exception):
    """Root of the app's errors; ``status`` is the HTTP status an edge answers with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message, status)
        self.code = code
        self.message = message
        self.status = status


def not_found(what: str) -> ChatError:
    """Nothing of this kind that the person may see; hidden and missing look the same."""
    return ChatError("not_found", _("There is no such %(what)s.") % {"what": what}, 404)
