"""Pages of syncs: how a source's are going, starting and stopping one, trying an item or a connection again."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.languages import in_readers_language
from documents import services
from documents.connectors import connector_kind
from documents.errors import DocumentsError, permission_denied
from documents.forms import ConnectorForm, schedule_label
from documents.models import ItemStatus, SourceItem, Status
from documents.models.documents import FINAL
from documents.views.edges import error_json, script_sign_in, signed_in, tells_errors
from documents.views.sources import editable
from rag.errors import RagError

RUNS_PER_PAGE = 10
FAILED_PER_PAGE = 50
WORTH_TELLING = timedelta(seconds=5)
"""A run that sleeps longer than this says until when."""


@login_required
@require_GET
@tells_errors
def index(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A source that syncs: its state, its runs, the items that failed, and how far its documents are."""
    source = editable(signed_in(request), slug)
    if not source.syncs:
        return redirect("documents:source_edit", slug)
    items = SourceItem.objects.filter(source=source)
    last = source.sync_runs.first()
    running = last if last is not None and not last.is_final else None
    context = {
        "source": source,
        "kind": connector_kind(source.kind),
        "last": last,
        "running": running,
        "wakes_at": running.wake_at if running and running.wake_at > timezone.now() + WORTH_TELLING else None,
        "pending": items.filter(status=ItemStatus.PENDING).count() if running else 0,
        "runs": _page(request, "runs", source.sync_runs.select_related("started_by"), RUNS_PER_PAGE),
        "failed": _page(request, "page", items.filter(status=ItemStatus.FAILED), FAILED_PER_PAGE),
        "documents": source.documents.aggregate(
            all=Count("pk"),
            failed=Count("pk", filter=Q(status=Status.FAILED)),
            unread=Count("pk", filter=~Q(status__in=FINAL)),
        ),
        "schedule": schedule_label(source.sync_minutes, watched=bool(source.settings.get("watch"))),
    }
    return render(request, "documents/source_syncs.html", context)


def _page(request: HttpRequest, name: str, rows: QuerySet[Any], size: int) -> Page[Any]:
    """The page of ``rows`` that the address names under ``name``."""
    return Paginator(rows, size).get_page(request.GET.get(name))


@login_required
@require_POST
@tells_errors
def start(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Bring the source up to date now."""
    user = signed_in(request)
    services.sync_start(user=user, source=editable(user, slug))
    return redirect("documents:source_syncs", slug)


@login_required
@require_POST
@tells_errors
def stop(request: HttpRequest, slug: str) -> HttpResponseBase:
    """End the run that is under way."""
    user = signed_in(request)
    if services.sync_stop(user=user, source=editable(user, slug)) is None:
        messages.info(request, _("No sync was running."))
    return redirect("documents:source_syncs", slug)


@login_required
@require_POST
@tells_errors
def retry(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Fetch the failed ``item`` of the form again, or all that failed."""
    user = signed_in(request)
    source = editable(user, slug)
    raw = request.POST.get("item", "")
    item_id = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 18 else None
    try:
        services.sync_retry(user=user, source=source, item_id=item_id)
    except DocumentsError as error:
        if error.code != "nothing_to_retry":
            raise
        messages.info(request, error.message)
    return redirect("documents:source_syncs", slug)


@script_sign_in
@require_POST
def check_new(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Try the connection that the form describes, before there is a source; JSON with a ``message`` or an ``error``."""
    return _checked(request, kind, None)


@script_sign_in
@require_POST
def check(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Try the connection that the form describes; secrets that are not in it are those of the source."""
    return _checked(request, None, slug)


def _checked(request: HttpRequest, kind: str | None, slug: str | None) -> JsonResponse:
    user = signed_in(request)
    try:
        if not user.is_editor:
            raise permission_denied()
        source = editable(user, slug) if slug else None
        connector = connector_kind(source.kind if source else kind or "")
        form = ConnectorForm(request.POST, kind=connector, source=source)
        if not form.is_valid():
            raise DocumentsError("invalid_settings", form.first_problem(), 422)
        message = services.source_check(user=user, kind=connector.kind, settings=form.settings(), source=source)
    except RagError as error:
        return error_json(DocumentsError(error.code, in_readers_language(error.message), 502))
    except DocumentsError as error:
        return error_json(error)
    return JsonResponse({"message": message})
