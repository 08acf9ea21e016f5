"""The first steps on a new installation, for its admin."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.languages import in_readers_language
from accounts.models import User
from accounts.permissions import admin_required
from chat.errors import ChatError, not_found
from chat.forms import ConnectForm
from chat.models import Assistant, LanguageModel, ModelKind
from chat.services import first_run
from documents.demo import DEMO_SLUG
from documents.models import DataSource, Document
from rag.errors import RagError


@admin_required
@require_GET
def welcome(request: HttpRequest) -> HttpResponse:
    """Connect a model or go on without, upload documents or take the demo, ask a first question."""
    assistant = Assistant.objects.filter(is_default=True).select_related("published__model").first()
    published = assistant.published if assistant else None
    context = {
        "form": ConnectForm(initial={"base_url": first_run.LOCAL_OLLAMA}),
        "assistant": assistant,
        "model": published.model if published and published.model.kind != ModelKind.EXTRACTIVE else None,
        "documents": Document.objects.filter(current_version__isnull=False).count(),
        "demo": DataSource.objects.filter(slug=DEMO_SLUG).first(),
        "suggestions": [line.strip() for line in (assistant.suggestions if assistant else "").splitlines()][:4],
    }
    return render(request, "chat/welcome.html", context)


@require_POST
async def look(request: HttpRequest) -> HttpResponse:
    """JSON ``{"models", "message"}``: what a server offers; ``{"error"}`` when it does not answer.

    With ``quiet`` in the address, for a look that nobody asked for, that is no error: there are no models.
    """

    async def found(_user: User, data: dict[str, Any]) -> dict[str, Any]:
        try:
            models = await first_run.models_at(base_url=data["base_url"], api_key=data["api_key"])
        except RagError:
            if "quiet" not in request.GET:
                raise
            models = []
        words = ngettext("The server offers %(n)d model.", "The server offers %(n)d models.", len(models))
        return {"models": models, "message": words % {"n": len(models)} if models else _("It has no model yet.")}

    return await _answered(request, found)


@require_POST
async def connect(request: HttpRequest) -> HttpResponse:
    """Try a model and let the default assistant answer with it; JSON ``{"message"}`` or ``{"error"}``."""

    async def connected(user: User, data: dict[str, Any]) -> dict[str, Any]:
        name, ms = await first_run.model_connect(user=user, **data)
        words = _("%(model)s answered in %(ms)d ms and answers from now on.")
        return {"message": words % {"model": name, "ms": ms}}

    return await _answered(request, connected)


async def _answered(
    request: HttpRequest, act: Callable[[User, dict[str, Any]], Awaitable[dict[str, Any]]]
) -> HttpResponse:
    user = await request.auser()
    if not isinstance(user, User) or not user.is_admin:
        return _refused(not_found(_("page")))
    form = ConnectForm(request.POST)
    if not form.is_valid():
        words = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return _refused(ChatError("invalid", words, 422))
    try:
        return JsonResponse(await act(user, form.cleaned_data))
    except ChatError as error:
        return _refused(error)
    except RagError as error:
        return _refused(ChatError(error.code, in_readers_language(error.message), 502))


def _refused(error: ChatError) -> HttpResponse:
    return JsonResponse({"error": {"code": error.code, "message": error.message}}, status=error.status)


def has_first_steps(user: User) -> bool:
    """Whether an admin has not connected a model yet."""
    return user.is_admin and not LanguageModel.objects.exclude(kind=ModelKind.EXTRACTIVE).exists()
