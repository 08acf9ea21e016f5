"""How an edge that answers in JSON says that something cannot be done."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from chat.errors import ChatError


def refusal(error: ChatError) -> JsonResponse:
    """A ChatError as a script reads it: its code, and its sentence to show."""
    return JsonResponse({"error": {"code": error.code, "message": str(error.message)}}, status=error.status)


def refusing(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer a ChatError of this view with ``refusal``."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ChatError as error:
            return refusal(error)

    return answer
