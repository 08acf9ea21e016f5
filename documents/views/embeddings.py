"""Admin pages of sets of embeddings: how far they are, a new one, cancelling, switching back, another key."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import admin_required
from documents.embedders import active_set
from documents.embeddings_forms import EmbedderForm, ServerForm
from documents.embeddings_schemas import EmbeddingSetOut
from documents.errors import DocumentsError
from documents.models import EmbedderKind, EmbeddingSet
from documents.services import embeddings
from documents.views.edges import error_json, signed_in


@admin_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All sets, with how far each is."""
    active_set()
    sets = [EmbeddingSetOut.of(each) for each in EmbeddingSet.objects.order_by("-pk")]
    building = next((each for each in sets if each.state == "building"), None)
    leaving = any(each.state == "retired" and not each.is_kept for each in sets)
    context = {
        "sets": sets,
        "building": building,
        "busy": building is not None or leaving,
        "searched": next((each for each in sets if each.state == "active"), None),
    }
    return render(request, "documents/embeddings.html", context)


@admin_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin another set."""
    form = EmbedderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            embeddings.embedding_set_begin(
                user=signed_in(request), choice=form.choice(), name=form.cleaned_data["name"]
            )
        except DocumentsError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("The new set is being built. Searches go on with the present one."))
            return redirect("documents:embeddings")
    return render(request, "documents/embedding_form.html", {"form": form}, status=422 if form.errors else 200)


@admin_required
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """Ask the embedder in the form for two vectors; JSON ``{"message"}`` or ``{"error"}``."""
    form = EmbedderForm(request.POST)
    if not form.is_valid():
        problems = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return error_json(DocumentsError("invalid", problems, 422))
    try:
        found = embeddings.embedder_check(user=signed_in(request), choice=form.choice())
    except DocumentsError as error:
        return error_json(error)
    message = _("It answered in %(ms)d ms with vectors of %(dimensions)d dimensions.")
    return JsonResponse({"message": message % {"ms": found.ms, "dimensions": found.dimensions}})


@admin_required
@require_http_methods(["GET", "POST"])
def reconnect(request: HttpRequest, set_id: int) -> HttpResponse:
    """Give a set on a server another address or key."""
    found = get_object_or_404(EmbeddingSet, pk=set_id, kind=EmbedderKind.OPENAI)
    form = ServerForm(request.POST or None, initial={"base_url": found.base_url})
    if request.method == "POST" and form.is_valid():
        try:
            embeddings.embedding_set_reconnect(user=signed_in(request), set_id=set_id, **form.cleaned_data)
        except DocumentsError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("The server answers, and the change holds from now on."))
            return redirect("documents:embeddings")
    context = {"form": form, "set": found}
    return render(request, "documents/embedding_form.html", context, status=422 if form.errors else 200)


@admin_required
@require_POST
def cancel(request: HttpRequest, set_id: int) -> HttpResponse:
    """Stop a build, or remove a set that is no longer searched."""
    return _done(request, embeddings.embedding_set_cancel, set_id, _("The set is being removed."))


@admin_required
@require_POST
def switch_back(request: HttpRequest, set_id: int) -> HttpResponse:
    """Take up a set that was searched before."""
    message = _("The set is brought up to date; then searches go over to it.")
    return _done(request, embeddings.embedding_set_switch_back, set_id, message)


@admin_required
@require_POST
def resume(request: HttpRequest, set_id: int) -> HttpResponse:
    """Go on with a build that pauses."""
    return _done(request, embeddings.embedding_set_resume, set_id, _("The building goes on."))


def _done(request: HttpRequest, act: embeddings.Act, set_id: int, message: str) -> HttpResponse:
    try:
        act(user=signed_in(request), set_id=set_id)
    except DocumentsError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, message)
    return redirect("documents:embeddings")
