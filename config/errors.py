"""How errors look from outside: ``{"error": {"code", "message"}}`` for programs, a page for people."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _

from config.request_id import current_request_id, new_request_id
from live.away import AWAY, AWAY_CODE, away_message

PROGRAM_PATHS = ("/api/", "/v1/", "/health/")
OPENAI_PATH = "/v1/"


def error_response(request: HttpRequest, code: str, message: str, status: int) -> JsonResponse:
    """Return an error for a program; below /v1/ with the fields that OpenAI's clients look for as well."""
    error: dict[str, Any] = {"code": code, "message": message}
    if request.path.startswith(OPENAI_PATH):
        error |= {"type": "invalid_request_error" if status < 500 else "server_error", "param": None}
    return JsonResponse({"error": error}, status=status)


def answer(request: HttpRequest, code: str, message: str, status: int) -> HttpResponse:
    """Return an error as JSON or as a page, as fits who asked."""
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    if wants_json or request.path.startswith(PROGRAM_PATHS):
        return error_response(request, code, message, status)
    return render(request, "error.html", {"code": code, "message": message, "status": status}, status=status)


def internal_message() -> str:
    """Return the sentence for an error nobody foresaw, with the id under which the log has it."""
    request_id = current_request_id.get() or new_request_id()
    return _("Something went wrong here. Try again; if it stays, give your admin this number: %(id)s.") % {
        "id": request_id
    }


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400."""
    return answer(request, "bad_request", _("The request could not be understood."), 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403."""
    return answer(request, "permission_denied", _("Your role does not allow this. Ask an admin."), 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404."""
    return answer(request, "not_found", _("There is nothing at this address, or it is not for you to see."), 404)


def unforeseen(error: BaseException | None) -> tuple[str, str, int]:
    """Return code, sentence and status for an error that nobody has handled: 503 where a server is away, else 500."""
    if isinstance(error, AWAY):
        return AWAY_CODE, away_message(), 503
    return "internal", internal_message(), 500


def internal(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 where a server is away; the traceback is in the log under the request's id."""
    code, message, status = unforeseen(sys.exception())
    try:
        return answer(request, code, message, status)
    except Exception:
        # The page around the message may need just what is broken, the database say.
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form whose page is too old or from elsewhere."""
    return answer(request, "csrf", _("This page is out of date. Load it again and repeat what you did."), 403)


@sync_and_async_middleware
def method_not_allowed_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Any]:
    """Give 405 to programs in the one shape too: it is answered before any handler of ours runs."""

    def shaped(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code != 405 or not request.path.startswith(PROGRAM_PATHS):
            return response
        allowed = response.headers.get("Allow", "")
        message = _("This address does not take %(method)s.") % {"method": request.method}
        replacement = error_response(request, "method_not_allowed", message, 405)
        replacement.headers["Allow"] = allowed
        return replacement

    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponseBase:
            return shaped(request, await get_response(request))

        return middleware

    def sync_middleware(request: HttpRequest) -> HttpResponseBase:
        return shaped(request, get_response(request))  # type: ignore[arg-type]  # the synchronous kind here

    return sync_middleware
