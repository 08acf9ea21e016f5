"""Pages of data sources: the list, making, changing and deleting one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from documents import services
from documents.errors import permission_denied, source_not_found
from documents.forms import SourceForm
from documents.models import DataSource, Status
from documents.views.edges import signed_in, tells_errors


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """The data sources one may see, with how many documents each has."""
    user = signed_in(request)
    if not user.is_editor:
        raise PermissionDenied
    sources = (
        DataSource.objects.visible_to(user)
        .select_related("owner")
        .annotate(
            document_count=Count("documents"),
            failed_count=Count("documents", filter=Q(documents__status=Status.FAILED)),
        )
    )
    editable = set(DataSource.objects.editable_by(user).values_list("pk", flat=True))
    return render(request, "documents/sources.html", {"sources": sources, "editable": editable})


@login_required
@require_http_methods(["GET", "POST"])
@tells_errors
def new(request: HttpRequest) -> HttpResponseBase:
    """Make a data source."""
    user = signed_in(request)
    if not user.is_editor:
        raise PermissionDenied
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        source = services.source_create(user=user, **form.service_arguments())
        messages.success(request, _("%(name)s is ready for documents.") % {"name": source.name})
        return redirect("documents:sources")
    return render(request, "documents/source_form.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
@tells_errors
def edit(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Change a data source and who may see it."""
    user = signed_in(request)
    source = _editable(user, slug)
    # The form gets a copy: checking it changes the instance, and the page shows the name that still holds.
    form = SourceForm(request.POST or None, instance=DataSource.objects.get(pk=source.pk))
    if request.method == "POST" and form.is_valid():
        services.source_update(user=user, source=source, **form.service_arguments())
        messages.success(request, _("The changes are saved and hold from now on."))
        return redirect("documents:sources")
    context = {"form": form, "source": source, "document_count": source.documents.count()}
    return render(request, "documents/source_form.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
@tells_errors
def delete(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Delete a data source with all its documents."""
    user = signed_in(request)
    source = _editable(user, slug)
    services.source_delete(user=user, source=source)
    messages.success(request, _("%(name)s was deleted with its documents.") % {"name": source.name})
    return redirect("documents:sources")


def _editable(user: User, slug: str) -> DataSource:
    source = DataSource.objects.visible_to(user).filter(slug=slug).first()
    if source is None:
        raise source_not_found()
    if not DataSource.objects.editable_by(user).filter(pk=source.pk).exists():
        raise permission_denied()
    return source
