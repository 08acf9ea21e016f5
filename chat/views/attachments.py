"""The files of a conversation: attaching one, how far they are, taking one out. For scripts; JSON."""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from chat.errors import ChatError
from chat.services import attachments
from documents import services as documents
from documents.errors import DocumentsError, document_not_found
from documents.events import document_state
from documents.models import DataSource, Document
from documents.views.edges import error_json, script_sign_in, signed_in


@script_sign_in
@require_POST
def attach(request: HttpRequest) -> HttpResponse:
    """Take in the form's ``file`` for its ``conversation``, or for a chat that has not begun, beside its ``files``.

    202 with ``files``, which the first question of a new chat names, and the document's state.
    """
    try:
        file = request.FILES.get("file")
        if not isinstance(file, UploadedFile):
            raise DocumentsError("no_file", _("No file came along. Choose one and try again."), 422)
        document = attachments.file_attach(
            user=signed_in(request),
            file=file,
            filename=file.name or "",
            conversation_id=_id(request, "conversation"),
            source_id=_id(request, "files"),
        )
    except (DocumentsError, ChatError) as error:
        return error_json(error)
    return JsonResponse({"files": str(document.source_id), "document": _state(document)}, status=202)


@script_sign_in
@never_cache
@require_GET
def states(request: HttpRequest, source_id: UUID) -> HttpResponse:
    """How far the files are, the first attached first."""
    source = DataSource.objects.attached_by(signed_in(request)).filter(pk=source_id).first()
    if source is None:
        return error_json(documents.attachments_gone())
    rows = source.documents.select_related("source").order_by("created_at", "pk")
    return JsonResponse({"documents": [_state(row) for row in rows]})


@script_sign_in
@require_POST
def detach(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Delete a file of a conversation."""
    try:
        documents.attachment_delete(user=signed_in(request), document_id=document_id)
    except DocumentsError as error:
        return error_json(error)
    return HttpResponse(status=204)


def _state(document: Document) -> dict[str, Any]:
    return document_state(document).model_dump(mode="json")


def _id(request: HttpRequest, name: str) -> UUID | None:
    raw = request.POST.get(name, "")
    try:
        return UUID(raw) if raw else None
    except ValueError as error:
        raise document_not_found() from error
