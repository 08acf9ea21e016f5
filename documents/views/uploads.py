"""Taking in a file, and another try at one that failed."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from documents import services
from documents.errors import DocumentsError, source_not_found
from documents.events import document_state
from documents.models import DataSource
from documents.views.edges import error_json, script_sign_in, signed_in, tells_errors, wants_json


@script_sign_in
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take in the form's one ``file`` into its ``source`` (a slug); 202 with the document's id and state."""
    try:
        user = signed_in(request)
        file = request.FILES.get("file")
        if file is None:
            raise DocumentsError("no_file", _("No file came along. Choose one and try again."), 422)
        source = None
        if key := request.POST.get("source", ""):
            source = DataSource.objects.visible_to(user).named(key)
            if source is None:
                raise source_not_found()
        document = services.document_upload(user=user, file=file, filename=file.name or "", source=source)
    except DocumentsError as error:
        return error_json(error)
    state = document_state(document).model_dump(mode="json")
    return JsonResponse({"id": str(document.pk), "status": document.status, "document": state}, status=202)


@login_required
@require_POST
@tells_errors
def retry(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """Index a failed document again."""
    document = services.document_retry(user=signed_in(request), document_id=document_id)
    if wants_json(request):
        return JsonResponse({"document": document_state(document).model_dump(mode="json")}, status=202)
    return redirect("documents:document", document_id=document_id)
