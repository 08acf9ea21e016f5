"""What every page's frame shows of the chat app."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from chat.models.sidebar import sidebar_of


def sidebar(request: HttpRequest) -> dict[str, Any]:
    """The user's conversations as the sidebar lists them, read only when a template asks for them."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    zone = request.COOKIES.get("timezone", "")
    return {"sidebar": SimpleLazyObject(lambda: sidebar_of(user, zone))}
