"""The REST endpoints of chunks and of how data sources are cut, under ``/api/v1``."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from accounts.api import TokenAuth, caller
from accounts.models import Scope, User
from documents.chunk_preview import FEWEST_TOKENS, MOST_OVERLAP, MOST_TOKENS, Side, checked_settings, preview
from documents.errors import document_not_found, permission_denied, source_not_found
from documents.models import Chunk, ChunkEdit, DataSource, Document
from documents.schemas import Input, Text
from documents.services.chunking import source_chunking_apply
from documents.services.chunks import chunk_reset, chunk_update, edit_discard

MAX_EDITS = 100

router = Router(tags=["documents"])

READ = TokenAuth(Scope.READ)
WRITE = TokenAuth(Scope.WRITE)


class ChunkOut(Schema):
    """A chunk; ``text`` equals the document's ``text[start:end]``.

    ``edited_text`` is what is searched and read in its place, null where nobody wrote anything; ``context`` the header
    of the table that it continues. ``revision`` changes with the text that is read; ``tokens`` counts ``text``.
    """

    id: int
    document_id: UUID
    ordinal: int
    start: int
    end: int
    page: int | None
    heading: str
    context: str
    text: str
    edited_text: str | None
    excluded: bool
    tokens: int
    revision: str


class WaitingEditOut(Schema):
    """What somebody changed about a chunk whose words the document no longer has: it holds again when they come back.

    ``original`` are these words, empty where they were not kept; ``text`` stands in their place, null where the chunk
    was only ``excluded``.
    """

    id: int
    original: str
    text: str | None
    excluded: bool
    author: str | None
    updated_at: datetime


class ChunksOut(Schema):
    """A page of a document's chunks in order, and how many there are in all.

    ``waiting_edits`` are the changes that fit no chunk now, at most 100, the latest first.
    """

    chunks: list[ChunkOut]
    waiting_edits: list[WaitingEditOut]
    total: int
    page: int
    page_size: int


class ChunkIn(Input):
    """What to change: ``text``, ``excluded`` or both. With ``revision`` only if nobody else wrote meanwhile."""

    text: str | None = None
    excluded: bool | None = None
    revision: str | None = None


class ChunkingIn(Input):
    """How documents are cut: the most tokens of a chunk, and how many sentences neighbours share."""

    max_tokens: Annotated[int, Field(ge=FEWEST_TOKENS, le=MOST_TOKENS)]
    overlap_sentences: Annotated[int, Field(ge=0, le=MOST_OVERLAP)]


class PreviewIn(ChunkingIn):
    """Settings, and the document of the data source to try them on."""

    document: UUID


class QueuedOut(Schema):
    """How many documents are cut again."""

    documents: int


class PreviewChunkOut(Schema):
    """A chunk of a preview; ``same`` when the other side has one of the same span."""

    ordinal: int
    start: int
    end: int
    text: str
    tokens: int
    same: bool


class SideOut(Schema):
    """One way of cutting: how many chunks, their sizes in tokens, and the first of them."""

    count: int
    shortest: int
    median: int
    longest: int
    chunks: list[PreviewChunkOut]


class PreviewOut(Schema):
    """Today's chunks and those of the other settings; not ``whole`` when only the document's beginning was cut."""

    today: SideOut
    proposed: SideOut
    whole: bool


@router.get("/documents/{document_id}/chunks", response=ChunksOut, auth=READ)
def list_chunks(
    request: HttpRequest,
    document_id: UUID,
    state: Literal["edited", "excluded"] | None = None,
    q: Text | None = None,
    page: Query[int] = 1,
    page_size: Query[int] = 50,
) -> ChunksOut:
    """The chunks of a document in order; `q` looks into headings and the text that is read."""
    user = caller(request)
    document = Document.objects.visible_to(user).filter(pk=document_id).first()
    if document is None:
        raise document_not_found()
    chunks = Chunk.objects.visible_to(user).of_current(document).in_state(state or "").containing((q or "")[:200])
    page, page_size = max(1, min(page, 1_000_000)), max(1, min(page_size, 200))
    first = (page - 1) * page_size
    return ChunksOut(
        chunks=[_chunk_out(each) for each in chunks[first : first + page_size]],
        waiting_edits=[_edit_out(each) for each in ChunkEdit.objects.waiting_in(document)[:MAX_EDITS]],
        total=chunks.count(),
        page=page,
        page_size=page_size,
    )


@router.patch("/chunks/{chunk_id}", response=ChunkOut, auth=WRITE)
def change_chunk(request: HttpRequest, chunk_id: int, body: ChunkIn) -> ChunkOut:
    """Edit a chunk, leave it out of searches, or take it back in. The document stays as it is."""
    changed = chunk_update(
        user=caller(request),
        chunk_id=chunk_id,
        text=body.text,
        excluded=body.excluded,
        revision=body.revision,
    )
    return _chunk_out(changed)


@router.delete("/chunks/{chunk_id}/edit", response=ChunkOut, auth=WRITE)
def reset_chunk(request: HttpRequest, chunk_id: int) -> ChunkOut:
    """Go back to the chunk's own text; whether it is excluded stays as it is."""
    return _chunk_out(chunk_reset(user=caller(request), chunk_id=chunk_id))


@router.delete("/chunk-edits/{edit_id}", response={204: None}, auth=WRITE)
def discard_edit(request: HttpRequest, edit_id: int) -> Status[None]:
    """Forget a change whose words the document no longer has."""
    edit_discard(user=caller(request), edit_id=edit_id)
    return Status(204, None)


@router.post("/sources/{slug}/chunking/preview", response=PreviewOut, auth=WRITE)
def preview_chunking(request: HttpRequest, slug: str, body: PreviewIn) -> PreviewOut:
    """The chunks that other settings would give for one document, beside today's. Nothing is changed."""
    source = _editable(caller(request), slug)
    document = Document.objects.filter(source=source, pk=body.document).first()
    if document is None:
        raise document_not_found()
    found = preview(document, checked_settings(body.max_tokens, body.overlap_sentences))
    return PreviewOut(today=_side_out(found.today), proposed=_side_out(found.proposed), whole=found.whole)


@router.post("/sources/{slug}/chunking", response={202: QueuedOut}, auth=WRITE)
def apply_chunking(request: HttpRequest, slug: str, body: ChunkingIn) -> Status[QueuedOut]:
    """Keep the settings and cut the data source's documents again; searches go on meanwhile."""
    user = caller(request)
    queued = source_chunking_apply(
        user=user,
        source=_editable(user, slug),
        max_tokens=body.max_tokens,
        overlap_sentences=body.overlap_sentences,
    )
    return Status(202, QueuedOut(documents=queued))


def _editable(user: User, slug: str) -> DataSource:
    source = DataSource.objects.visible_to(user).filter(slug=slug).first()
    if source is None:
        raise source_not_found()
    if not DataSource.objects.editable_by(user).filter(pk=source.pk).exists():
        raise permission_denied()
    return source


def _chunk_out(chunk: Chunk) -> ChunkOut:
    return ChunkOut(
        id=chunk.pk,
        document_id=chunk.document_id,
        ordinal=chunk.ordinal,
        start=chunk.start,
        end=chunk.end,
        page=chunk.page,
        heading=chunk.heading,
        context=chunk.context,
        text=chunk.text,
        edited_text=chunk.edited_text,
        excluded=chunk.excluded,
        tokens=chunk.tokens,
        revision=chunk.revision,
    )


def _edit_out(edit: ChunkEdit) -> WaitingEditOut:
    return WaitingEditOut(
        id=edit.pk,
        original=edit.original,
        text=edit.text,
        excluded=edit.excluded,
        author=str(edit.author) if edit.author else None,
        updated_at=edit.updated_at,
    )


def _side_out(side: Side) -> SideOut:
    chunks = [
        PreviewChunkOut(
            ordinal=each.ordinal, start=each.start, end=each.end, text=each.text, tokens=each.tokens, same=each.same
        )
        for each in side.chunks
    ]
    return SideOut(count=side.count, shortest=side.shortest, median=side.median, longest=side.longest, chunks=chunks)
