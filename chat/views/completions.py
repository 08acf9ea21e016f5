"""What the composer's menu offers while somebody writes ``/``, ``#`` or ``@``: prompts, documents, assistants. JSON."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Case, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import User
from chat.models import Assistant, SavedPrompt
from documents.models import DataSource, Document
from documents.views.edges import script_sign_in, signed_in

MOST_ITEMS = 10
MOST_SOURCES = 4
LONGEST_QUERY = 80

Item = dict[str, Any]


@script_sign_in
@never_cache
@require_GET
def complete(request: HttpRequest, kind: str) -> HttpResponse:
    """At most ten of a ``kind`` whose name has the address's ``q`` in it.

    Documents are those that ``assistant`` reads and the user may see, and the conversation's ``files``.
    """
    query = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:LONGEST_QUERY]
    return JsonResponse({"items": KINDS[kind](signed_in(request), query, request)})


def _prompts(user: User, query: str, _request: HttpRequest) -> list[Item]:
    rows = SavedPrompt.objects.visible_to(user).containing(query)
    ordered = rows.order_by(_first(Q(title__istartswith=query)), _first(Q(owner_id=user.pk)), "title", "pk")
    return [
        {
            "kind": "prompt",
            "id": str(row.pk),
            "name": row.title,
            "detail": " ".join(row.text.split())[:120],
            "text": row.text,
        }
        for row in ordered[:MOST_ITEMS]
    ]


def _assistants(user: User, query: str, _request: HttpRequest) -> list[Item]:
    rows = Assistant.objects.visible_to(user).filter(Q(name__icontains=query) | Q(slug__icontains=query))
    return [
        {"kind": "assistant", "id": row.slug, "name": row.name, "detail": row.description[:120]}
        for row in rows.order_by(_first(Q(name__istartswith=query)), "-is_default", "name")[:MOST_ITEMS]
    ]


def _documents(user: User, query: str, request: HttpRequest) -> list[Item]:
    read = _read_by(user, request.GET.get("assistant", ""))
    sources = DataSource.objects.visible_to(user).filter(name__icontains=query)
    documents = Document.objects.visible_to(user)
    if read is not None:
        sources, documents = sources.filter(pk__in=read), documents.filter(source__in=read)
    found = list(
        _named(documents, query).order_by(_first(Q(title__istartswith=query)), "-created_at", "pk")[:MOST_ITEMS]
    )
    items = [
        _document_item(row, _("In this conversation")) for row in _files(user, query, request.GET.get("files", ""))
    ]
    items += [
        {"kind": "source", "id": str(row.pk), "name": row.name, "detail": _("All of a data source")}
        for row in sources.order_by(_first(Q(name__istartswith=query)), "name")[:MOST_SOURCES]
    ]
    items += [_document_item(row, row.source.name) for row in found]
    return items[:MOST_ITEMS]


KINDS: dict[str, Callable[[User, str, HttpRequest], list[Item]]] = {
    "prompts": _prompts,
    "documents": _documents,
    "assistants": _assistants,
}


def _read_by(user: User, slug: str) -> list[UUID] | None:
    """The data sources of an assistant, None for all; of the default one where none is named."""
    visible = Assistant.objects.visible_to(user).select_related("published")
    assistant = visible.filter(slug=slug).first() or visible.first()
    if assistant is None or assistant.published is None or assistant.published.all_sources:
        return None
    return list(assistant.published.sources.values_list("pk", flat=True))


def _files(user: User, query: str, raw: str) -> list[Document]:
    try:
        source = DataSource.objects.attached_by(user).filter(pk=UUID(raw)).first() if raw else None
    except ValueError:
        return []
    if source is None:
        return []
    return list(_named(Document.objects.filter(source=source), query).order_by("created_at")[:MOST_SOURCES])


def _named(rows: QuerySet[Document], query: str) -> QuerySet[Document]:
    found = rows.filter(Q(title__icontains=query) | Q(filename__icontains=query))
    return found.filter(current_version__isnull=False).select_related("source")


def _document_item(row: Document, detail: str) -> Item:
    return {"kind": "document", "id": str(row.pk), "name": str(row), "detail": detail}


def _first(condition: Q) -> Any:
    """An order in which what meets the condition comes first."""
    return Case(When(condition, then=Value(0)), default=Value(1)).asc()
