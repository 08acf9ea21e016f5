"""The prompt library's pages."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from chat.errors import ChatError
from chat.forms import SavedPromptForm
from chat.models import SavedPrompt
from chat.services import prompts

PAGE_SIZE = 50


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """One's own prompts and the shared ones, those that hold the address's ``q``."""
    user = cast(User, request.user)
    query = request.GET.get("q", "").replace("\x00", "")[:100]
    visible = SavedPrompt.objects.visible_to(user)
    page = Paginator(visible.containing(query).select_related("owner"), PAGE_SIZE).get_page(request.GET.get("page"))
    editable = SavedPrompt.objects.editable_by(user).filter(pk__in=[row.pk for row in page.object_list])
    context = {
        "page": page,
        "query": query,
        "has_prompts": bool(page.object_list) or visible.exists(),
        "editable": set(editable.values_list("pk", flat=True)),
    }
    return render(request, "chat/prompts.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, prompt_id: int | None = None) -> HttpResponse:
    """A prompt, new or one that the user may change."""
    user = cast(User, request.user)
    prompt = None
    if prompt_id is not None:
        prompt = SavedPrompt.objects.editable_by(user).filter(pk=prompt_id).first()
        if prompt is None:
            raise Http404
    form = SavedPromptForm(request.POST or None, initial=SavedPromptForm.initial_of(prompt), may_share=user.is_editor)
    if request.method == "POST" and form.is_valid():
        try:
            saved = prompts.prompt_save(user=user, prompt=prompt, **form.service_arguments())
        except ChatError as error:
            form.add_error("title" if error.code == "prompt_title_taken" else None, error.message)
        else:
            messages.success(request, _("“%(title)s” is saved.") % {"title": saved.title})
            return redirect("chat:prompts")
    return render(
        request, "chat/prompt_edit.html", {"form": form, "prompt": prompt}, status=422 if form.errors else 200
    )


@login_required
@require_POST
def delete(request: HttpRequest, prompt_id: int) -> HttpResponse:
    """Delete a prompt; 204 for a script."""
    try:
        prompts.prompt_delete(user=cast(User, request.user), prompt_id=prompt_id)
    except ChatError as error:
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse({"error": {"code": error.code, "message": error.message}}, status=error.status)
        raise Http404(error.message) from error
    if request.headers.get("Accept", "").startswith("application/json"):
        return HttpResponse(status=204)
    messages.success(request, _("The prompt is deleted."))
    return redirect("chat:prompts")
