"""Admin pages of rerankers: those there are, a new one, a trial, another address or key, deleting."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import admin_required
from documents.errors import DocumentsError
from documents.models import Reranker
from documents.rerankers_forms import RerankerChangeForm, RerankerForm
from documents.services import rerankers
from documents.views.edges import error_json, signed_in


@admin_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All rerankers."""
    return render(request, "documents/rerankers.html", {"rerankers": Reranker.objects.all()})


@admin_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Add a reranker."""
    form = RerankerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            rerankers.reranker_create(
                user=signed_in(request), model=form.model(), name=data["name"], depth=data["depth"]
            )
        except DocumentsError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("The reranker answers. Assistants can use it from now on."))
            return redirect("documents:rerankers")
    return render(request, "documents/reranker_form.html", {"form": form}, status=422 if form.errors else 200)


@admin_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Give a reranker another name, depth, address or key."""
    row = get_object_or_404(Reranker, slug=slug)
    form = RerankerChangeForm(request.POST or None, row=row)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            rerankers.reranker_change(
                user=signed_in(request),
                slug=slug,
                name=data["name"],
                depth=data["depth"],
                base_url=data.get("base_url", ""),
                api_key=data.get("api_key", ""),
            )
        except DocumentsError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("The reranker answers, and the change holds from now on."))
            return redirect("documents:rerankers")
    context = {"form": form, "reranker": row}
    return render(request, "documents/reranker_form.html", context, status=422 if form.errors else 200)


@admin_required
@require_POST
def trial(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Ask the reranker in the form, or a stored one as the form changes it; JSON ``{"message"}`` or ``{"error"}``."""
    form: RerankerForm | RerankerChangeForm
    if slug:
        form = RerankerChangeForm(request.POST, row=get_object_or_404(Reranker, slug=slug))
    else:
        form = RerankerForm(request.POST)
    if not form.is_valid():
        problems = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return error_json(DocumentsError("invalid", problems, 422))
    try:
        tried = rerankers.reranker_try(user=signed_in(request), model=form.model(), **form.trial())
    except DocumentsError as error:
        return error_json(error)
    first, second = (number_format(score, 3) for score in tried.scores)
    message = _("It answered in %(ms)d ms and scored the first text %(first)s and the second %(second)s.")
    return JsonResponse({"message": message % {"ms": tried.ms, "first": first, "second": second}})


@admin_required
@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a reranker that no assistant uses."""
    try:
        rerankers.reranker_delete(user=signed_in(request), slug=slug)
    except DocumentsError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The reranker is deleted."))
    return redirect("documents:rerankers")
