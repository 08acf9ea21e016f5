"""How a data source's documents are cut: the settings, tried on one of its documents before they hold for all."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from documents.chunk_preview import checked_settings, preview
from documents.errors import permission_denied, source_not_found
from documents.forms import ChunkingForm
from documents.ingest.drafts import chunking_settings
from documents.models import DataSource
from documents.services.chunking import source_chunking_apply
from documents.views.edges import signed_in, tells_errors


@login_required
@require_http_methods(["GET", "POST"])
@tells_errors
def chunking(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show the settings, and with new ones in the address what they would do; a POST applies them."""
    user = signed_in(request)
    source = DataSource.objects.visible_to(user).filter(slug=slug).first()
    if source is None:
        raise source_not_found()
    if not DataSource.objects.editable_by(user).filter(pk=source.pk).exists():
        raise permission_denied()
    now = chunking_settings(source)
    initial = {"max_tokens": now.max_tokens, "overlap_sentences": now.overlap_sentences}
    trying = "max_tokens" in request.GET
    applying = request.method == "POST"
    data = request.POST if applying else request.GET if trying else None
    form = ChunkingForm(data, initial=initial, source=source, applying=applying)
    context: dict[str, Any] = {"source": source, "form": form, "now": now, "has_documents": form.has_documents}
    if form.is_bound and form.is_valid():
        chosen = checked_settings(form.cleaned_data["max_tokens"], form.cleaned_data["overlap_sentences"])
        if applying:
            queued = source_chunking_apply(
                user=user, source=source, max_tokens=chosen.max_tokens, overlap_sentences=chosen.overlap_sentences
            )
            text = ngettext("%(n)s document is cut again.", "%(n)s documents are cut again.", queued) % {"n": queued}
            messages.success(request, _("The settings are saved.") + (f" {text}" if queued else ""))
            return redirect("documents:source_edit", slug=source.slug)
        context["chosen"] = chosen
        document = form.cleaned_data["document"]
        if document is not None:
            context["document"] = document
            context["preview"] = preview(document, chosen)
    return render(request, "documents/source_chunking.html", context, status=422 if form.errors else 200)
