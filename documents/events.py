"""The closed set of messages on ``/ws/documents/``, and the one function that sends progress.

Each uploader has one stream. An event tells a document's whole state, so that a late or repeated one does no harm.
"""

import logging
import uuid
from typing import Annotated, Literal

import redis.exceptions
from django.contrib.auth.models import AnonymousUser
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from accounts.languages import in_readers_language
from documents.models import Document
from live.events import Command, LiveEvent
from live.stream import append

log = logging.getLogger(__name__)


class Part(BaseModel):
    """Root of what events are made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ErrorState(Part):
    """Why a document failed: a stable code and a sentence that says what to do."""

    code: str
    message: str


class SourceState(Part):
    """The data source of a document."""

    slug: str
    name: str


class DocumentState(Part):
    """How far a document is: ``done`` of ``total`` chunks embedded, ``chunks`` searchable ones."""

    id: uuid.UUID
    filename: str
    title: str
    status: Literal["received", "parsing", "chunking", "embedding", "ready", "failed"]
    error: ErrorState | None
    done: int
    total: int
    chunks: int
    source: SourceState


class DocumentProgress(LiveEvent):
    """A document has come further, or failed."""

    type: Literal["document.progress"] = "document.progress"
    document: DocumentState


class DocumentDeleted(LiveEvent):
    """A document is gone."""

    type: Literal["document.deleted"] = "document.deleted"
    document_id: uuid.UUID


class DocumentsSnapshot(LiveEvent):
    """The follower's documents that are unfinished or changed within the last hour, newest first."""

    type: Literal["documents.snapshot"] = "documents.snapshot"
    documents: list[DocumentState]


class DocumentsRefused(LiveEvent):
    """A command could not be carried out."""

    type: Literal["error"] = "error"
    code: str
    message: str
    request_id: str | None = None


class Follow(Command):
    """Send the events after number ``after``, or a snapshot first."""

    type: Literal["follow"]
    after: int | None = None


class Ping(Command):
    """Is anybody there."""

    type: Literal["ping"]


class Pong(LiveEvent):
    """Yes."""

    type: Literal["pong"] = "pong"


COMMANDS: TypeAdapter[Follow | Ping] = TypeAdapter(Annotated[Follow | Ping, Field(discriminator="type")])


def stream_key(user_id: int) -> str:
    """The stream of one uploader."""
    return f"documents:{user_id}"


def document_state(document: Document) -> DocumentState:
    """What the browser is told of a document, in the present language; reads its data source."""
    error = None
    if document.status == "failed":
        error = ErrorState(code=document.error_code, message=in_readers_language(document.error_message))
    return DocumentState(
        id=document.pk,
        filename=document.filename,
        title=document.title or document.filename,
        status=document.status,
        error=error,
        done=document.progress_done,
        total=document.progress_total,
        chunks=document.chunk_count,
        source=SourceState(slug=document.source.slug, name=document.source.name),
    )


def announce(document: Document) -> None:
    """Tell the uploader how far the document is, unless it was hidden from them.

    The file of a conversation stands in no list of documents: its composer asks how far it is.
    """
    if document.is_attached:
        return
    shared = document.audience_id != document.source_id
    if shared and not Document.objects.visible_to(document.owner or AnonymousUser()).filter(pk=document.pk).exists():
        return
    _append(document.owner_id, DocumentProgress(document=document_state(document)))


def announce_deleted(document_id: uuid.UUID, owner_id: int | None) -> None:
    """Tell the uploader that the document is gone."""
    _append(owner_id, DocumentDeleted(document_id=document_id))


def _append(owner_id: int | None, event: LiveEvent) -> None:
    if owner_id is None:
        return
    try:
        append(stream_key(owner_id), event)
    except redis.exceptions.RedisError as error:
        # Rows decide; whoever follows gets the state afresh when Valkey is back.
        log.warning("documents: a progress event could not be sent: %s", error)
