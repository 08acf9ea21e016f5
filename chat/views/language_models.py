"""Admin pages of models."""

from typing import cast

from channels.db import database_sync_to_async
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.languages import in_readers_language
from accounts.models import User
from accounts.permissions import admin_required
from chat.errors import ChatError
from chat.forms import LanguageModelForm
from chat.models import LanguageModel
from chat.services import language_models
from rag.errors import RagError


@admin_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All models."""
    return render(request, "chat/models.html", {"models": LanguageModel.objects.all()})


@admin_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, model_id: int | None = None) -> HttpResponse:
    """A model, new or present."""
    model = get_object_or_404(LanguageModel, pk=model_id) if model_id else LanguageModel()
    initial = LanguageModelForm.initial_of(model) if model.pk else {"kind": "openai"}
    form = LanguageModelForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            language_models.model_save(user=cast(User, request.user), model=model, **form.service_arguments())
        except ChatError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("The model is saved."))
            return redirect("chat:models")
    context = {"form": form, "model": model if model.pk else None, "has_key": bool(model.pk and model.api_key)}
    return render(request, "chat/model_edit.html", context, status=422 if form.errors else 200)


@admin_required
@require_POST
def delete(request: HttpRequest, model_id: int) -> HttpResponse:
    """Delete a model that nothing uses."""
    model = get_object_or_404(LanguageModel, pk=model_id)
    try:
        language_models.model_delete(user=cast(User, request.user), model=model)
    except ChatError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The model is deleted."))
    return redirect("chat:models")


@require_POST
async def test(request: HttpRequest, model_id: int) -> HttpResponse:
    """Ask the stored model for one word; JSON ``{"ms"}`` or ``{"error"}``."""
    user = await request.auser()
    if not isinstance(user, User) or not user.is_admin:
        return JsonResponse({"error": {"code": "not_found", "message": _("There is no such model.")}}, status=404)
    model = await LanguageModel.objects.filter(pk=model_id).afirst()
    if model is None:
        return JsonResponse({"error": {"code": "not_found", "message": _("There is no such model.")}}, status=404)
    settings = await database_sync_to_async(language_models.settings_of)(model)
    try:
        ms = await language_models.model_check(settings)
    except RagError as error:
        return JsonResponse({"error": {"code": error.code, "message": in_readers_language(error.message)}}, status=502)
    return JsonResponse({"ms": ms, "message": _("The model answered in %(ms)d ms.") % {"ms": ms}})
