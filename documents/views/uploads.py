"""Taking in a file, a new version of one, and another try at one that failed."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from documents import services
from documents.errors import DocumentsError, same_file, source_not_found
from documents.events import document_state
from documents.models import DataSource, Document
from documents.views.edges import error_json, script_sign_in, signed_in, tells_errors, wants_json


@script_sign_in
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take in the form's one ``file`` into its ``source`` (a slug); 202 with the document's id and state."""
    try:
        user = signed_in(request)
        file = _file(request)
        source = None
        if key := request.POST.get("source", ""):
            source = DataSource.objects.visible_to(user).named(key)
            if source is None:
                raise source_not_found()
        document = services.document_upload(user=user, file=file, filename=file.name or "", source=source)
    except DocumentsError as error:
        return error_json(error)
    return JsonResponse(_told(document), status=202)


@script_sign_in
@require_POST
def replace(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """Take in the form's ``file`` as the document's new version; 200 and a ``message`` when it has this very file."""
    try:
        user = signed_in(request)
        file = _file(request)
        replaced = services.document_replace(user=user, document_id=document_id, file=file, filename=file.name or "")
    except DocumentsError as error:
        return error_json(error)
    if replaced.changed:
        return JsonResponse(_told(replaced.document), status=202)
    return JsonResponse({**_told(replaced.document), "message": same_file()})


@login_required
@require_POST
@tells_errors
def retry(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """Index a failed document again."""
    document = services.document_retry(user=signed_in(request), document_id=document_id)
    if wants_json(request):
        return JsonResponse({"document": document_state(document).model_dump(mode="json")}, status=202)
    return redirect("documents:document", document_id=document_id)


def _file(request: HttpRequest) -> UploadedFile[Any]:
    file = request.FILES.get("file")
    if file is None:
        raise DocumentsError("no_file", _("No file came along. Choose one and try again."), 422)
    return file


def _told(document: Document) -> dict[str, Any]:
    state = document_state(document).model_dump(mode="json")
    return {"id": str(document.pk), "status": document.status, "document": state}
