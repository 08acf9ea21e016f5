"""The summary of one document, in its own sentences."""

import uuid
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from documents.errors import document_not_found
from documents.models import Document, DocumentVersion
from documents.views.edges import signed_in, tells_errors
from rag.embeddings import shipped_embedder
from rag.sentences import Span
from rag.summary import summary_spans


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with the address of its place, and its page where there are pages."""

    text: str
    query: str
    page: int | None


@login_required
@never_cache
@require_GET
@tells_errors
def summary(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """A fragment: the sentences that say most of what the document is about, each leading to its place."""
    visible = Document.objects.openable_by(signed_in(request)).select_related("current_version")
    shown = visible.filter(pk=document_id).first()
    if shown is None:
        raise document_not_found()
    version = shown.current_version
    sentences = [_sentence(version, span) for span in _spans(version.pk)] if version else []
    return render(request, "documents/_summary.html", {"sentences": sentences})


@lru_cache(maxsize=256)
def _spans(version_id: int) -> tuple[Span, ...]:
    """Of a version, which never changes; made once in a process."""
    # The shipped model, whatever is searched with: sentences are compared with each other alone, and at once.
    text = DocumentVersion.objects.values_list("text", flat=True).get(pk=version_id)
    return tuple(summary_spans(text, shipped_embedder()))


def _sentence(version: DocumentVersion, span: Span) -> Sentence:
    page = version.pages.filter(start__lte=span.start).order_by("-start").values_list("number", flat=True).first()
    query = {"start": span.start, "end": span.end} | ({"page": page} if page else {})
    return Sentence(" ".join(version.text[span.start : span.end].split()), urlencode(query), page)
