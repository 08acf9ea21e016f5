"""The inspector: a document's chunks beside its source, and what people change about them."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from documents.boxes import offset_at
from documents.errors import document_not_found
from documents.models import Chunk, ChunkEdit, ChunkQuerySet, Document
from documents.reading import Part, part_with_chunks
from documents.services.chunks import (
    MAX_CHARACTERS,
    chunk_edit,
    chunk_exclude,
    chunk_include,
    chunk_reset,
    edit_discard,
)
from documents.views.edges import script_sign_in, signed_in, tells_errors
from rag.embeddings import shipped_embedder

PAGE_SIZE = 50
LARGEST_NUMBER = 2**31 - 1
MAX_EDITS = 100
STATES = ("edited", "excluded")


@dataclass(frozen=True, slots=True)
class Listing:
    """A run of chunks: how many there are in all, and the ordinals where the run before and the one after begin."""

    chunks: list[Chunk]
    total: int
    previous: int | None
    next: int | None


@login_required
@require_GET
@tells_errors
def inspector(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """Source and chunks side by side, beginning at the ``chunk`` of the address."""
    user = signed_in(request)
    document = _visible(user, document_id)
    version = document.current_version
    first = _number(request, "chunk")
    found = _listing(request, user, document, first)
    context: dict[str, Any] = {
        "document": document,
        "version": version,
        "paged": version is not None and version.kind == "pdf",
        "q": request.GET.get("q", ""),
        "state": request.GET.get("state", ""),
        "chosen": "chunk" in request.GET,
        "max_characters": MAX_CHARACTERS,
        "waiting_edits": ChunkEdit.objects.waiting_in(document)[:MAX_EDITS],
        **_list_context(user, document, found),
    }
    if version is not None and context["paged"]:
        context["pages"] = list(version.pages.values_list("width", "height"))
        context["page_number"] = (found.chunks[0].page if found.chunks else None) or 1
    elif version is not None:
        at = found.chunks[0].start if found.chunks and context["chosen"] else 0
        context["part"] = _part(user, document, at, _number(request, "part") or None)
    return render(request, "documents/chunks.html", context)


@login_required
@require_GET
@tells_errors
def listing(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """The cards from the ordinal ``from`` on, as a fragment; ``size`` of them at most."""
    user = signed_in(request)
    document = _visible(user, document_id)
    size = _number(request, "size") or PAGE_SIZE
    found = _listing(request, user, document, _number(request, "from"), min(size, PAGE_SIZE))
    return render(request, "documents/_chunk_list.html", _list_context(user, document, found))


@login_required
@require_GET
@tells_errors
def text(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """The part of the text at the offset ``at``, or the one with the number ``part``, as a fragment."""
    user = signed_in(request)
    document = _visible(user, document_id)
    if document.current_version is None:
        raise document_not_found()
    part = _part(user, document, _number(request, "at"), _number(request, "part") or None)
    return render(request, "documents/_text.html", {"document": document, "part": part, "span_query": ""})


@login_required
@require_GET
@tells_errors
def at(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """The ordinal of the chunk at the point ``x``, ``y`` (in points) of the ``page``; null when none is there."""
    user = signed_in(request)
    document = _visible(user, document_id)
    version = document.current_version
    page = version.pages.filter(number=_number(request, "page")).first() if version else None
    offset = offset_at(page, _number(request, "x"), _number(request, "y")) if page else None
    ordinal = None
    if offset is not None:
        there = _chunks(user, document).filter(start__lte=offset, end__gt=offset)
        ordinal = there.values_list("ordinal", flat=True).first()
    return JsonResponse({"ordinal": ordinal})


@script_sign_in
@require_POST
@tells_errors
def edit(request: HttpRequest, chunk_id: int) -> HttpResponseBase:
    """Put the form's ``text`` in the chunk's place; ``revision`` says which text the writer saw."""
    revision = request.POST.get("revision") or None
    changed = chunk_edit(
        user=signed_in(request), chunk_id=chunk_id, text=request.POST.get("text", ""), revision=revision
    )
    return _card(changed)


@script_sign_in
@require_POST
@tells_errors
def reset(request: HttpRequest, chunk_id: int) -> HttpResponseBase:
    """Go back to the chunk's own text."""
    return _card(chunk_reset(user=signed_in(request), chunk_id=chunk_id))


@script_sign_in
@require_POST
@tells_errors
def exclude(request: HttpRequest, chunk_id: int) -> HttpResponseBase:
    """Leave the chunk out of searches."""
    return _card(chunk_exclude(user=signed_in(request), chunk_id=chunk_id))


@script_sign_in
@require_POST
@tells_errors
def include(request: HttpRequest, chunk_id: int) -> HttpResponseBase:
    """Let the chunk be found again."""
    return _card(chunk_include(user=signed_in(request), chunk_id=chunk_id))


@script_sign_in
@require_POST
@tells_errors
def discard(request: HttpRequest, edit_id: int) -> HttpResponseBase:
    """Forget a change whose words the document no longer has."""
    edit_discard(user=signed_in(request), edit_id=edit_id)
    return HttpResponse(status=204)


def tokens_read(chunk: Chunk) -> int:
    """How many tokens the text has that is read of a chunk."""
    return chunk.tokens if chunk.edited_text is None else len(shipped_embedder().token_offsets(chunk.edited_text))


def _card(chunk: Chunk) -> JsonResponse:
    context = {"chunk": chunk, "tokens": tokens_read(chunk), "editable": True}
    return JsonResponse({"id": chunk.pk, "html": render_to_string("documents/_chunk.html", context)})


def _list_context(user: User, document: Document, found: Listing) -> dict[str, Any]:
    return {
        "listing": found,
        "cards": [(chunk, tokens_read(chunk)) for chunk in found.chunks],
        "editable": Document.objects.editable_by(user).filter(pk=document.pk).exists(),
    }


def _listing(request: HttpRequest, user: User, document: Document, first: int, size: int = PAGE_SIZE) -> Listing:
    found = _chunks(user, document).in_state(request.GET.get("state", "")).containing(request.GET.get("q", "")[:200])
    rows = list(found.filter(ordinal__gte=first)[: size + 1])
    before = found.filter(ordinal__lt=first).order_by("-ordinal").values_list("ordinal", flat=True)[:size]
    return Listing(
        chunks=rows[:size],
        total=found.count(),
        previous=min(before, default=None),
        next=rows[size].ordinal if len(rows) > size else None,
    )


def _part(user: User, document: Document, offset: int, number: int | None) -> Part:
    version = document.current_version
    assert version is not None

    def spans(start: int, end: int) -> list[tuple[int, int, int]]:
        near = _chunks(user, document).filter(start__lt=end, end__gt=start)
        return list(near.values_list("ordinal", "start", "end"))

    return part_with_chunks(version.text, version.blocks, offset, number, spans)


def _chunks(user: User, document: Document) -> ChunkQuerySet:
    return Chunk.objects.visible_to(user).of_current(document)


def _visible(user: User, document_id: uuid.UUID) -> Document:
    visible = Document.objects.visible_to(user).select_related("source", "current_version")
    found = visible.defer("current_version__text", "current_version__blocks").filter(pk=document_id).first()
    if found is None:
        raise document_not_found()
    return found


def _number(request: HttpRequest, name: str) -> int:
    """A whole number of the address; 0 for none, a wrong or a negative one."""
    raw = request.GET.get(name, "")
    return min(int(raw), LARGEST_NUMBER) if raw.isascii() and raw.isdigit() and len(raw) < 12 else 0
