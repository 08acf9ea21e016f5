"""The retrieval test: a query in, every stage's ranking out."""

from typing import cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from pydantic import ValidationError

from accounts.languages import in_readers_language
from accounts.models import User
from accounts.permissions import admin_required
from chat.errors import ChatError
from chat.models import Assistant
from documents.errors import DocumentsError
from documents.models import Document
from documents.retrieval.choices import filter_choices
from playground.forms import ConfigurationForm
from playground.schemas import RetrievalTestIn, retrieval_out
from playground.services import retrieval_test
from playground.views.edges import invalid_settings
from rag.errors import RagError

EXAMPLES = 4
OFFERED = 200
"""People in the list to choose from; anybody else's address can be typed."""


@admin_required
@never_cache
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The query, the settings, and the place of the results; what is in the address is the script's to read."""
    suggested = [line for row in Assistant.objects.all() for line in row.suggestions.splitlines() if line.strip()]
    people = User.objects.filter(is_active=True).exclude(pk=cast(User, request.user).pk).order_by("email")
    context = {
        "first": ConfigurationForm(prefix="a"),
        "second": ConfigurationForm(prefix="b"),
        "examples": list(dict.fromkeys(suggested))[:EXAMPLES],
        "people": people[:OFFERED],
        "filters": filter_choices(),
        "has_documents": Document.objects.exists(),
        "urls": {"search": reverse("playground:retrieval_search"), "columns": reverse("playground:index")},
    }
    return render(request, "playground/retrieval.html", context)


@admin_required
@require_POST
def search(request: HttpRequest) -> HttpResponse:
    """Search with one configuration or two; JSON in, JSON out."""
    try:
        body = RetrievalTestIn.model_validate_json(request.body)
        if wrong := body.wrong_filters():
            told = {"code": "invalid_filter", "message": _("Check the filters."), "filters": wrong}
            return JsonResponse({"error": told}, status=422)
        runs, passages = retrieval_test(
            user=cast(User, request.user),
            query=body.query,
            configurations=[each.configuration() for each in body.configurations],
            search_as=body.search_as.strip(),
        )
    except ValidationError as error:
        return invalid_settings(error)
    except (ChatError, DocumentsError) as error:
        return JsonResponse({"error": {"code": error.code, "message": str(error.message)}}, status=error.status)
    except RagError as error:
        return JsonResponse({"error": {"code": error.code, "message": in_readers_language(error.message)}}, status=502)
    return JsonResponse(retrieval_out(runs, passages))
