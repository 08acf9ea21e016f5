"""What all views of the app share: the signed-in user, and errors as JSON or as a page."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, cast

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.models import User
from documents.errors import DocumentsError

View = Callable[..., HttpResponseBase]


def signed_in(request: HttpRequest) -> User:
    """The user, for views behind ``login_required``."""
    return cast(User, request.user)


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks."""
    return request.headers.get("Accept", "").startswith("application/json")


def tells_errors(view: View) -> View:
    """Answer a DocumentsError of ``view`` with its status: as JSON to a script, as a page to a person."""

    @wraps(view)
    def telling(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except DocumentsError as error:
            if wants_json(request):
                return error_json(error)
            context = {"code": error.code, "message": error.message, "status": error.status}
            return render(request, "error.html", context, status=error.status)

    return telling


class Told(Protocol):
    """An error that says what to do: of this app, or of one above it."""

    code: str
    message: str
    status: int


def error_json(error: Told) -> JsonResponse:
    """The error as the API tells it."""
    return JsonResponse({"error": {"code": error.code, "message": str(error.message)}}, status=error.status)


def script_sign_in(view: View) -> View:
    """Answer a script whose user has signed out with 401, where a page would lead to sign-in."""

    @wraps(view)
    def checking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return error_json(DocumentsError("unauthorized", _("You are signed out. Sign in and try again."), 401))
        return view(request, *args, **kwargs)

    return checking
