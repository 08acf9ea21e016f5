"""What a document's page changes beside its file: who sees it, and what is known of it."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from documents import services
from documents.errors import DocumentsError, document_not_found, permission_denied
from documents.forms import DetailsForm, ShareForm
from documents.models import DataSource, Document
from documents.views.edges import signed_in, tells_errors


@login_required
@require_POST
@tells_errors
def share(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """Say who sees a document."""
    user = signed_in(request)
    if not shareable(user, _visible(user, document_id)):
        raise permission_denied()
    form = ShareForm(request.POST)
    if form.is_valid():
        services.document_share(user=user, document_id=document_id, grants=form.grants())
        messages.success(request, _("The changes are saved and hold from now on."))
    else:
        messages.error(request, _("Choose who may see the document."))
    return redirect("documents:document", document_id=document_id)


@login_required
@require_POST
@tells_errors
def describe(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """Write down what is known of a document; what cannot be kept is told on its page."""
    user = signed_in(request)
    changes = DetailsForm(request.POST).changes(_visible(user, document_id))
    try:
        services.document_describe(user=user, document_id=document_id, changes=changes)
    except DocumentsError as error:
        if error.code != "invalid_metadata":
            raise
        messages.error(request, error.message)
    else:
        messages.success(request, _("The details are saved."))
    return redirect("documents:document", document_id=document_id)


def dialogs(user: User, document: Document, *, editable: bool) -> dict[str, Any]:
    """The forms of a document's page, for those who may use them."""
    return {
        "details": DetailsForm.of(document) if editable else None,
        "sharing": ShareForm.of(document) if shareable(user, document) else None,
    }


def shareable(user: User, document: Document) -> bool:
    """Whether the user may say who sees the document."""
    return DataSource.objects.editable_by(user).filter(pk=document.source_id).exists()


def _visible(user: User, document_id: uuid.UUID) -> Document:
    document = Document.objects.visible_to(user).filter(pk=document_id).first()
    if document is None:
        raise document_not_found()
    return document
