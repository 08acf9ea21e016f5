"""What every page's frame shows of the chat app."""

from typing import Any

from django.http import HttpRequest

from accounts.models import User
from chat.models import Conversation

SIDEBAR_CONVERSATIONS = 50


def sidebar(request: HttpRequest) -> dict[str, Any]:
    """The user's latest conversations, read only when a template asks for them."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    recent = Conversation.objects.visible_to(user).only("pk", "title", "updated_at")[:SIDEBAR_CONVERSATIONS]
    return {"sidebar": {"conversations": recent}}
