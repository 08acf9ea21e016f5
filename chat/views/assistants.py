"""Admin pages of assistants and their versions."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.permissions import admin_required
from chat.errors import ChatError
from chat.forms import AssistantForm
from chat.models import Assistant
from chat.services import assistants
from chat.views.version_rows import version_rows


@admin_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All assistants."""
    rows = Assistant.objects.select_related("published__model")
    return render(request, "chat/assistants.html", {"assistants": rows})


@admin_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new assistant; saving publishes its first version."""
    initial = {"all_sources": True, "system_prompt": assistants.DEFAULT_PROMPT}
    form = AssistantForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            assistant = assistants.assistant_create(
                user=cast(User, request.user),
                name=data["name"],
                description=data["description"],
                suggestions=data["suggestions"],
                shareable=data["shareable"],
                fields=form.version_fields(),
            )
        except ChatError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("The assistant is published."))
            return redirect("chat:assistant_edit", slug=assistant.slug)
    return render(request, "chat/assistant_edit.html", {"form": form}, status=422 if form.errors else 200)


@admin_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """An assistant with its versions; saving makes the next version, published when asked."""
    assistant = get_object_or_404(Assistant.objects.select_related("published"), slug=slug)
    shown = assistant.published or assistant.versions.first()
    form = AssistantForm(request.POST or None, initial=AssistantForm.initial_of(assistant, shown))
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, assistant, form)
        except ChatError as error:
            form.add_error(None, error.message)
        else:
            return redirect("chat:assistant_edit", slug=slug)
    context = {"form": form, "assistant": assistant, "versions": version_rows(assistant)}
    return render(request, "chat/assistant_edit.html", context, status=422 if form.errors else 200)


@admin_required
@require_POST
def publish(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Publish a version, newer or older than the present one."""
    assistant = get_object_or_404(Assistant, slug=slug)
    try:
        assistants.version_publish(user=cast(User, request.user), assistant=assistant, number=number)
    except ChatError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Version %(number)d answers from now on.") % {"number": number})
    return redirect("chat:assistant_edit", slug=slug)


@admin_required
@require_POST
def make_default(request: HttpRequest, slug: str) -> HttpResponse:
    """New conversations begin with this assistant."""
    assistant = get_object_or_404(Assistant, slug=slug)
    assistants.assistant_make_default(user=cast(User, request.user), assistant=assistant)
    messages.success(request, _("New chats begin with %(name)s.") % {"name": assistant.name})
    return redirect("chat:assistants")


@admin_required
@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete an assistant."""
    assistant = get_object_or_404(Assistant, slug=slug)
    try:
        assistants.assistant_delete(user=cast(User, request.user), assistant=assistant)
    except ChatError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The assistant is deleted; its answers stay in their conversations."))
    return redirect("chat:assistants")


def _save(request: HttpRequest, assistant: Assistant, form: AssistantForm) -> None:
    user = cast(User, request.user)
    data = form.cleaned_data
    assistants.assistant_update(
        user=user,
        assistant=assistant,
        name=data["name"],
        description=data["description"],
        suggestions=data["suggestions"],
        shareable=data["shareable"],
    )
    changed = set(form.changed_data) - {"name", "description", "suggestions", "shareable", "note"}
    if not changed:
        messages.success(request, _("Saved. Nothing that shapes its answers has changed, so there is no new version."))
        return
    version = assistants.version_create(user=user, assistant=assistant, fields=form.version_fields())
    if "publish" in request.POST:
        assistants.version_publish(user=user, assistant=assistant, number=version.number)
        messages.success(request, _("Version %(number)d is published.") % {"number": version.number})
    else:
        messages.success(request, _("Version %(number)d is saved, not published.") % {"number": version.number})
