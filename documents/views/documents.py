"""Pages of documents: the list, one document with a span shown, where a span stands, deleting."""

import contextlib
import uuid
from collections.abc import Callable
from dataclasses import asdict
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from documents import services
from documents.boxes import span_boxes
from documents.errors import DocumentsError, document_not_found
from documents.list_forms import NEWEST_FIRST, ORDERS, DocumentFilter
from documents.listing import documents_listed
from documents.models import ChunkEdit, DataSource, Document, DocumentQuerySet, Status
from documents.queue import places
from documents.reading import Span, part_of
from documents.views.details import dialogs
from documents.views.edges import signed_in, tells_errors, wants_json

PAGE_SIZE = 50
MAX_CHOSEN = 500
MAX_PLACES_AT_ONCE = 50
LARGEST_NUMBER = 2**31 - 1


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """The documents one may see: sorted, filtered and paged as the address says; for editors the upload."""
    user = signed_in(request)
    chosen = DocumentFilter(request.GET, user=user)
    documents = _filtered(user, chosen).select_related("source")
    page = Paginator(documents, PAGE_SIZE).get_page(request.GET.get("page"))
    editable = Document.objects.editable_by(user).filter(pk__in=[each.pk for each in page.object_list])
    uploadable = list(DataSource.objects.uploadable_by(user))
    context = {
        "filter": chosen,
        "chips": chosen.chips,
        "page": page,
        "places": places(each.pk for each in page.object_list if not each.is_final),
        "order": chosen.chosen["order"] or NEWEST_FIRST,
        "query": _query_without(request, "page"),
        "query_without_order": _query_without(request, "page", "order"),
        "editable": set(editable.values_list("pk", flat=True)),
        "uploadable": uploadable,
        "upload_source": chosen.chosen["source"],
        "has_uploads": DataSource.objects.filter(slug=services.SHARED_SLUG).exists(),
        "max_upload_mb": settings.MAX_UPLOAD_MB,
        "max_upload_bytes": settings.MAX_UPLOAD_BYTES,
    }
    return render(request, "documents/index.html", context)


@login_required
@require_GET
@tells_errors
def document(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """One document: its text or its pages, with the span ``start`` to ``end`` of the address marked."""
    user = signed_in(request)
    shown = _visible(user, document_id)
    version = shown.current_version
    editable = Document.objects.editable_by(user).filter(pk=shown.pk).exists()
    paged = version is not None and version.kind == "pdf" and request.GET.get("view") != "text"
    start, end = _number(request, "start"), _number(request, "end")
    context = {
        "document": shown,
        "editable": editable,
        **dialogs(user, shown, editable=editable),
        "replaceable": editable and not shown.is_synced,
        "waiting_edits": ChunkEdit.objects.waiting_in(shown).count() if editable else 0,
        "max_upload_mb": settings.MAX_UPLOAD_MB,
        "max_upload_bytes": settings.MAX_UPLOAD_BYTES,
        "version": version,
        "paged": paged,
        "start": start,
        "end": end,
        "span_query": urlencode({"start": start, "end": end}) if end > start else "",
        "state": {"id": str(shown.pk), "status": shown.status, "name": str(shown)},
        "place": None if shown.is_final else places([shown.pk]).get(shown.pk),
    }
    if version is not None and paged:
        context["pages"] = list(version.pages.values_list("width", "height"))
        context["page_number"] = _number(request, "page") or 1
    elif version is not None:
        span = Span(start, end, len(version.text))
        context["part"] = part_of(version.text, version.blocks, span, _number(request, "part") or None)
    return render(request, "documents/document.html", context)


@login_required
@require_GET
@tells_errors
def boxes(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """Where the span ``start`` to ``end`` stands: its pages and boxes in points."""
    version = _visible(signed_in(request), document_id).current_version
    found = span_boxes(version, _number(request, "start"), _number(request, "end")) if version else []
    return JsonResponse({"pages": [asdict(page) for page in found]})


@login_required
@require_GET
def queue(request: HttpRequest) -> HttpResponseBase:
    """The places of waiting documents, those of the address's ``document`` that one may see."""
    wanted = []
    for raw in request.GET.getlist("document")[:MAX_PLACES_AT_ONCE]:
        with contextlib.suppress(ValueError):
            wanted.append(uuid.UUID(raw))
    visible = Document.objects.visible_to(signed_in(request)).unfinished().filter(pk__in=wanted)
    found = places(visible.values_list("pk", flat=True))
    return JsonResponse({"places": {str(each): asdict(place) for each, place in found.items()}})


@login_required
@require_POST
@tells_errors
def delete(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """Delete one document and go back to the list; 204 for a script."""
    services.document_delete(user=signed_in(request), document_id=document_id)
    if wants_json(request):
        return HttpResponse(status=204)
    messages.success(request, _("The document was deleted."))
    return redirect("documents:index")


@login_required
@require_POST
@tells_errors
def delete_many(request: HttpRequest) -> HttpResponseBase:
    """Delete the chosen documents, as many of them as one may, and go back to the list as it was.

    A script is told how many were ``deleted`` and how many ``kept``.
    """
    user = signed_in(request)
    deleted, kept = _each_chosen(request, lambda key: services.document_delete(user=user, document_id=key))
    if wants_json(request):
        return JsonResponse({"deleted": deleted, "kept": kept})
    if deleted:
        text = ngettext("%(count)s document was deleted.", "%(count)s documents were deleted.", deleted)
        messages.success(request, text % {"count": deleted})
    if kept:
        text = ngettext(
            "%(count)s document could not be deleted: it is gone already, or not yours.",
            "%(count)s documents could not be deleted: they are gone already, or not yours.",
            kept,
        )
        messages.warning(request, text % {"count": kept})
    return _back_to_list(request)


@login_required
@require_POST
@tells_errors
def retry_many(request: HttpRequest) -> HttpResponseBase:
    """Index the failed ones of the chosen documents again, as many of them as one may, and go back to the list."""
    user = signed_in(request)
    failed = Document.objects.visible_to(user).filter(status=Status.FAILED)
    tried: set[uuid.UUID] = set()

    def retry(key: uuid.UUID) -> None:
        if failed.filter(pk=key).exists():
            services.document_retry(user=user, document_id=key)
            tried.add(key)

    _each_chosen(request, retry)
    if tried:
        text = ngettext("%(count)s document is tried again.", "%(count)s documents are tried again.", len(tried))
        messages.success(request, text % {"count": len(tried)})
    else:
        messages.info(request, _("None of the chosen documents has failed, or they are not yours."))
    return _back_to_list(request)


def _each_chosen(request: HttpRequest, act: Callable[[uuid.UUID], object]) -> tuple[int, int]:
    """Do something with each chosen document; with how many it was done, and with how many it could not be."""
    done, refused = 0, 0
    for raw in request.POST.getlist("document")[:MAX_CHOSEN]:
        try:
            act(uuid.UUID(raw))
            done += 1
        except (DocumentsError, ValueError):
            refused += 1
    return done, refused


def _back_to_list(request: HttpRequest) -> HttpResponseBase:
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else reverse("documents:index"))


def _filtered(user: User, wanted: DocumentFilter) -> DocumentQuerySet:
    chosen = wanted.chosen
    documents = documents_listed(
        user,
        source=chosen["source"] or None,
        status=chosen["status"] or "",
        words=chosen["q"] or "",
        filters=wanted.of_metadata,
    )
    return documents.order_by(*ORDERS[str(chosen["order"] or NEWEST_FIRST)])


def _visible(user: User, document_id: uuid.UUID) -> Document:
    visible = Document.objects.openable_by(user).select_related("source", "owner", "audience", "current_version")
    # Long, and needed by the text view alone, which loads them when it comes to them.
    found = visible.defer("current_version__text", "current_version__blocks").filter(pk=document_id).first()
    if found is None:
        raise document_not_found()
    return found


def _number(request: HttpRequest, name: str) -> int:
    """A whole number of the address; 0 for none, a wrong or a negative one."""
    raw = request.GET.get(name, "")
    return min(int(raw), LARGEST_NUMBER) if raw.isascii() and raw.isdigit() and len(raw) < 12 else 0


def _query_without(request: HttpRequest, *names: str) -> str:
    query = request.GET.copy()
    for name in names:
        query.pop(name, None)
    return query.urlencode()
