"""The REST API below /api/v1/ and the OpenAI-compatible one below /v1/, put together from the apps' routers."""

import logging
from collections.abc import Callable
from typing import Any, Protocol

from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Swagger
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError

from accounts.errors import AccountsError
from accounts.languages import in_readers_language
from chat.api import router as chat_router
from chat.errors import ChatError
from chat.openai_api import router as openai_router
from config.errors import error_response, unforeseen
from documents.api import router as documents_router
from documents.chunks_api import router as chunks_router
from documents.embeddings_api import router as embeddings_router
from documents.errors import DocumentsError
from documents.openai_api import router as models_router
from rag.errors import RagError

logger = logging.getLogger(__name__)

DESCRIPTION = (
    "Upload documents, search them and ask questions whose answers cite their sources. "
    "Make a token on the page API tokens and send it as `Authorization: Bearer fn_...`. "
    'Errors are always `{"error": {"code", "message"}}`. Offsets count Unicode code points.'
)
HTTP_CODES = {400: "bad_request", 401: "unauthorized", 403: "permission_denied", 404: "not_found", 409: "conflict",
              413: "too_large", 422: "invalid", 429: "too_many_requests"}  # fmt: skip


class KnownError(Protocol):
    """What the root exception of every app has."""

    code: str
    message: str
    status: int


def on_known(request: HttpRequest, error: KnownError) -> HttpResponse:
    """Answer an error that an app raised on purpose."""
    return error_response(request, error.code, str(error.message), error.status)


def on_engine(request: HttpRequest, error: RagError) -> HttpResponse:
    """Answer an error of the engine that no app took up: something behind us did not do its part."""
    return error_response(request, error.code, in_readers_language(error.message), 502)


def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Answer 422 and name each field that is wrong, and how."""
    parts = []
    for problem in error.errors:
        # The first two say where in the request and under which parameter; a person wants the field.
        place = ".".join(str(part) for part in problem.get("loc", ())[1:] if part not in {"body", "payload"})
        parts.append(f"{place}: {problem.get('msg', '')}" if place else str(problem.get("msg", "")))
    return error_response(request, "invalid", "; ".join(parts) or _("The request is not valid."), 422)


def on_unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """Answer 401 and say how to sign a request."""
    message = _("The API token is missing, wrong, expired or revoked. Send one as Authorization: Bearer fn_...")
    response = error_response(request, "unauthorized", message, 401)
    response["WWW-Authenticate"] = "Bearer"
    return response


def on_forbidden(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer 403."""
    return error_response(request, "permission_denied", _("Your role does not allow this. Ask an admin."), 403)


def on_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    """Answer 404."""
    return error_response(request, "not_found", _("There is no such thing, or it is not for you to see."), 404)


def on_too_large(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer 413."""
    return error_response(request, "too_large", _("The request is too large. Send less at once."), 413)


def on_malformed(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer 400 to a body that is not what its header says."""
    return error_response(request, "bad_request", _("The form in the request is damaged. Send it again."), 400)


def on_http(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Answer with the status that the error carries."""
    return error_response(request, HTTP_CODES.get(error.status_code, "error"), str(error), error.status_code)


def on_unknown(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer 500 with the request's id, or 503 where a server is away; the log gets the traceback."""
    logger.error("Unforeseen error at %s %s", request.method, request.path, exc_info=error)
    return error_response(request, *unforeseen(error))


HANDLERS: list[tuple[type[Exception], Callable[[HttpRequest, Any], HttpResponse]]] = [
    (AccountsError, on_known),
    (DocumentsError, on_known),
    (ChatError, on_known),
    (RagError, on_engine),
    (ValidationError, on_invalid),
    (AuthenticationError, on_unauthenticated),
    (AuthorizationError, on_forbidden),
    (PermissionDenied, on_forbidden),
    (Http404, on_missing),
    (RequestDataTooBig, on_too_large),
    (TooManyFilesSent, on_too_large),
    (MultiPartParserError, on_malformed),
    (HttpError, on_http),
    (Exception, on_unknown),
]


def with_handlers(api: NinjaAPI) -> NinjaAPI:
    """Return ``api`` with every error answered in the one shape."""
    for kind, handler in HANDLERS:
        api.add_exception_handler(kind, handler)
    return api


api = with_handlers(
    NinjaAPI(
        title="Footnote",
        version="1",
        description=DESCRIPTION,
        urls_namespace="api",
        docs=Swagger(settings={"persistAuthorization": True}),
    )
)
api.add_router("", documents_router)
api.add_router("", chunks_router)
api.add_router("", embeddings_router)
api.add_router("", chat_router)

openai_api = with_handlers(NinjaAPI(title="Footnote, OpenAI-compatible", version="1", urls_namespace="openai"))
openai_api.add_router("", openai_router)
openai_api.add_router("", models_router)
