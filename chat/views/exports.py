"""Files of conversations: one's own taken away, and an export brought back."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from chat import exports
from chat.errors import ChatError
from chat.forms import ImportForm
from chat.services.conversations import conversation_of
from chat.services.importing import conversation_import

GONE = 404


@login_required
@never_cache
@require_GET
def export(request: HttpRequest, conversation_id: UUID, form: str) -> HttpResponse:
    """A conversation of one's own as ``md``, ``pdf`` or ``json``."""
    user = cast(User, request.user)
    try:
        file = exports.export(conversation_of(user, conversation_id), form, user)
    except ChatError as error:
        if error.status == GONE:
            raise Http404(error.message) from error
        messages.error(request, error.message)
        return redirect("chat:conversation", conversation_id=conversation_id)
    response = HttpResponse(file.data, content_type=file.content_type)
    response["Content-Disposition"] = content_disposition_header(True, file.filename)
    return response


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def import_page(request: HttpRequest) -> HttpResponse:
    """A form that takes the JSON of an export, and leads to the conversation that it became."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            made = conversation_import(user=cast(User, request.user), data=file.read())
        except ChatError as error:
            form.add_error("file", error.message)
        else:
            messages.success(request, _("The conversation is imported."))
            return redirect("chat:conversation", conversation_id=made.pk)
    return render(request, "chat/import.html", {"form": form}, status=422 if form.errors else 200)
