"""Pages of data sources: the list, making, changing and deleting one."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from documents import services
from documents.connectors import CONNECTORS, connector_kind
from documents.errors import DocumentsError, permission_denied, source_not_found
from documents.forms import ConnectorForm, SourceForm
from documents.ingest.drafts import chunking_settings
from documents.models import Audience, DataSource, ItemStatus, SourceItem, SourceKind, Status, SyncState
from documents.views.edges import signed_in, tells_errors

ORDERS = {
    "name": ("name", "pk"),
    "-name": ("-name", "-pk"),
    "kind": ("kind", "name", "pk"),
    "-kind": ("-kind", "name", "pk"),
    "documents": ("document_count", "name", "pk"),
    "-documents": ("-document_count", "name", "pk"),
}
SEARCH_FROM = 8
"""Fewer data sources than this are seen at a glance."""


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """The data sources one may see, with how many documents each has; searched and sorted as the address says."""
    user = signed_in(request)
    if not user.is_editor:
        raise PermissionDenied
    order = request.GET.get("order", "")
    order = order if order in ORDERS else "name"
    words = " ".join(request.GET.get("q", "").replace("\0", "").split())[:120]
    visible = DataSource.objects.visible_to(user)
    seen = Q(documents__audience__in=Audience.objects.visible_to(user))
    sources = list(
        visible.filter(Q(name__icontains=words) | Q(description__icontains=words))
        .select_related("owner")
        .annotate(
            document_count=Count("documents", filter=seen),
            failed_count=Count("documents", filter=seen & Q(documents__status=Status.FAILED)),
            unfetched_count=_unfetched(),
        )
        .order_by(*ORDERS[order])
    )
    context = {
        "sources": sources,
        "editable": set(DataSource.objects.editable_by(user).values_list("pk", flat=True)),
        "order": order,
        "words": words,
        "words_query": urlencode({"q": words}) if words else "",
        "searchable": bool(words) or len(sources) >= SEARCH_FROM,
        "syncing": any(source.sync_state == SyncState.RUNNING for source in sources),
    }
    return render(request, "documents/sources.html", context)


def _unfetched() -> Coalesce:
    """How many items of a source could not be fetched; counted apart, as documents and items would multiply."""
    failed = SourceItem.objects.filter(source=OuterRef("pk"), status=ItemStatus.FAILED)
    return Coalesce(Subquery(failed.order_by().values("source").annotate(n=Count("pk")).values("n")), 0)


@login_required
@require_http_methods(["GET", "POST"])
@tells_errors
def new(request: HttpRequest) -> HttpResponseBase:
    """Make a data source: first its kind, then what that needs."""
    user = signed_in(request)
    if not user.is_editor:
        raise PermissionDenied
    kind = request.GET.get("kind", "")
    if not kind and request.method == "GET":
        kinds = [each for each in CONNECTORS.values() if user.is_admin or not each.admins_only]
        return render(request, "documents/source_kinds.html", {"kinds": kinds})
    connector = connector_kind(kind) if kind not in ("", SourceKind.UPLOAD) else None
    if connector is not None and connector.admins_only and not user.is_admin:
        raise DocumentsError("permission_denied", _("Only admins make data sources of this kind."), 403)
    form = SourceForm(request.POST or None)
    connection = ConnectorForm(request.POST or None, kind=connector) if connector else None
    if request.method == "POST" and _valid(form, connection):
        arguments = connection.service_arguments() | {"kind": kind} if connection else {}
        try:
            source = services.source_create(user=user, **form.service_arguments(), **arguments)
        except DocumentsError as error:
            form.add_error(None, error.message)
        else:
            if source.syncs:
                services.sync_start(user=user, source=source)
                return redirect("documents:source_syncs", source.slug)
            messages.success(request, _("%(name)s is ready for documents.") % {"name": source.name})
            return redirect("documents:sources")
    context = {"form": form, "connection": connection, "kind": connector}
    return render(request, "documents/source_form.html", context, status=_status(form, connection))


@login_required
@require_http_methods(["GET", "POST"])
@tells_errors
def edit(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Change a data source, what its connector needs, and who may see it."""
    user = signed_in(request)
    source = editable(user, slug)
    connector = connector_kind(source.kind) if source.syncs else None
    # The form gets a copy: checking it changes the instance, and the page shows the name that still holds.
    form = SourceForm(request.POST or None, instance=DataSource.objects.get(pk=source.pk))
    connection = ConnectorForm(request.POST or None, kind=connector, source=source) if connector else None
    if request.method == "POST" and _valid(form, connection):
        arguments = connection.service_arguments() if connection else {}
        try:
            services.source_update(user=user, source=source, **form.service_arguments(), **arguments)
        except DocumentsError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("The changes are saved and hold from now on."))
            return redirect("documents:source_syncs", slug) if source.syncs else redirect("documents:sources")
    context = {
        "form": form,
        "connection": connection,
        "kind": connector,
        "source": source,
        "document_count": source.documents.count(),
        "chunking": chunking_settings(source),
    }
    return render(request, "documents/source_form.html", context, status=_status(form, connection))


def _valid(form: SourceForm, connection: ConnectorForm | None) -> bool:
    """Whether both are; both are checked, so that all errors show at once."""
    checked = [each.is_valid() for each in (form, connection) if each is not None]
    return all(checked)


def _status(form: SourceForm, connection: ConnectorForm | None) -> int:
    return 422 if form.errors or (connection is not None and connection.errors) else 200


@login_required
@require_POST
@tells_errors
def delete(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Delete a data source with all its documents."""
    user = signed_in(request)
    source = editable(user, slug)
    services.source_delete(user=user, source=source)
    messages.success(request, _("%(name)s was deleted with its documents.") % {"name": source.name})
    return redirect("documents:sources")


def editable(user: User, slug: str) -> DataSource:
    """The source at this address, if the user may change it; DocumentsError if not."""
    source = DataSource.objects.visible_to(user).filter(slug=slug).first()
    if source is None:
        raise source_not_found()
    if not DataSource.objects.editable_by(user).filter(pk=source.pk).exists():
        raise permission_denied()
    return source
