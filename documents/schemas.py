"""What the API takes and gives."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from accounts.languages import in_readers_language
from documents.errors import DocumentsError
from documents.models import DataSource, Document, SourceItem, SyncRun
from documents.queue import Place
from documents.retrieval import MAX_FILTERS, MAX_PASSAGES, Filter, Operator, Retrieval, RetrievedPassage
from documents.search_forms import SearchSettingsFields


def _without_nul(value: object) -> object:
    """PostgreSQL takes no NUL in a text."""
    return value.replace("\x00", "") if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_without_nul)]
Question = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), BeforeValidator(_without_nul)
]


class Input(Schema):
    """Root of request bodies: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class ErrorOut(Schema):
    """Why something failed: a stable code and a sentence that says what to do."""

    code: str
    message: str


class SourceRef(Schema):
    """The data source of a document."""

    id: UUID
    slug: str
    name: str


class AcceptedOut(Schema):
    """An upload that was taken in, or the document that the same bytes already are."""

    id: UUID
    status: str


class UnchangedOut(AcceptedOut):
    """A document that was given the file it has; the message says that nothing was done."""

    message: str


class ProgressOut(Schema):
    """Chunks embedded so far, of how many."""

    done: int
    total: int


class QueueOut(Schema):
    """The place of a waiting document, from 1, and about how many seconds until it is ready; null while unknown."""

    position: int
    seconds: float | None


class NoteOut(Schema):
    """What a reader must know about how a document was read."""

    code: str
    message: str


class DocumentOut(Schema):
    """A document. ``status`` ends as ``ready`` or ``failed``; ``error`` then says why, ``queue`` is null once begun.

    ``created`` and ``modified_at`` are of what it holds; ``created_at`` is when it was taken in.
    """

    id: UUID
    filename: str
    title: str
    kind: str
    size: int
    sha256: str
    status: Literal["received", "parsing", "chunking", "embedding", "ready", "failed"]
    error: ErrorOut | None
    progress: ProgressOut
    queue: QueueOut | None
    notes: list[NoteOut]
    chunks: int
    source: SourceRef
    external_id: str | None
    address: str
    author: str
    created: datetime | None
    language: str
    tags: list[str]
    custom: dict[str, Any]
    modified_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, document: Document, place: Place | None = None) -> "DocumentOut":
        """The document as the API tells it; reads its data source and its version."""
        error = None
        if document.status == "failed":
            error = ErrorOut(code=document.error_code, message=in_readers_language(document.error_message))
        version = document.current_version
        return cls(
            id=document.pk,
            filename=document.filename,
            title=document.title or document.filename,
            kind=document.kind,
            size=document.size,
            sha256=document.sha256,
            status=cast(Any, document.status),
            error=error,
            progress=ProgressOut(done=document.progress_done, total=document.progress_total),
            queue=None if place is None else QueueOut(position=place.position, seconds=place.seconds),
            notes=[NoteOut(code=code, message=in_readers_language(message)) for code, message in version.notes]
            if version
            else [],
            chunks=document.chunk_count,
            source=SourceRef(id=document.source.pk, slug=document.source.slug, name=document.source.name),
            external_id=document.external_id,
            address=document.address,
            author=document.author,
            created=document.created,
            language=(version.language or "") if version else "",
            tags=document.tags,
            custom=document.custom,
            modified_at=document.modified_at,
            created_at=document.created_at,
            updated_at=document.updated_at,
        )


class DocumentsOut(Schema):
    """A page of documents, newest first, and how many there are in all."""

    documents: list[DocumentOut]
    total: int
    page: int
    page_size: int


class PermissionsIn(Input):
    """Who is to see a document; ``groups`` by name and ``users`` by e-mail address matter when it is restricted."""

    visibility: Literal["source", "everyone", "restricted"]
    groups: list[Text] = Field(default_factory=list)
    users: list[Text] = Field(default_factory=list)


class PermissionsOut(Schema):
    """Who sees a document; the owner of its data source and admins always do."""

    visibility: Literal["source", "everyone", "restricted"]
    groups: list[str]
    users: list[str]


class TextOut(Schema):
    """The text that all offsets of the document count in, by Unicode code points."""

    text: str


class MetadataIn(Input):
    """What to change of what is known of a document; what is left out stays. Dates are ISO, null for none.

    ``custom`` takes the place of the object before: texts, numbers, true, false or ISO dates by name.
    """

    author: Text | None = None
    created: Text | None = None
    modified: Text | None = None
    tags: list[Text] | None = None
    custom: dict[str, Any] | None = None


class FilterIn(Input):
    """A condition on documents: ``value`` is a list for ``any_of`` and ``none_of``, else one value."""

    field: Text
    operator: Operator
    value: Text | list[Text] = ""

    def made(self) -> Filter:
        """The filter; DocumentsError ``invalid_filter`` for one that no search could honour."""
        value = tuple(self.value) if isinstance(self.value, list) else self.value
        try:
            return Filter(self.field, self.operator, value)
        except ValueError as error:
            raise DocumentsError("invalid_filter", str(error), 422) from error


class SearchIn(SearchSettingsFields, Input):
    """A question, how many passages to return, the data source (id, slug or name) to search in, and how to search.

    Passages are of documents that meet all ``filters``.
    """

    query: Question
    k: Annotated[int, Field(ge=1, le=MAX_PASSAGES)] = 8
    source: Text | None = None
    filters: Annotated[list[FilterIn], Field(max_length=MAX_FILTERS)] = Field(default_factory=list)


class PassageOut(Schema):
    """A chunk as found for a question; ``text`` equals the document's ``text[start:end]``, ``page`` counts from 1.

    ``edited_text`` is what is searched and read in its place, null where nobody wrote anything; ``context`` is the
    header of the table that the chunk continues.
    """

    document_id: UUID
    filename: str
    title: str
    heading: str
    chunk_id: int
    text: str
    start: int
    end: int
    page: int | None
    score: float
    dense_score: float
    keyword_score: float
    source: str
    context: str
    edited_text: str | None

    @classmethod
    def of(cls, passage: RetrievedPassage) -> "PassageOut":
        """The passage as the API tells it."""
        return cls(
            document_id=passage.document_id,
            filename=passage.filename,
            title=passage.title,
            heading=passage.heading,
            chunk_id=passage.chunk_id,
            text=passage.text,
            start=passage.start,
            end=passage.end,
            page=passage.page,
            score=passage.score,
            dense_score=passage.dense_score,
            keyword_score=passage.keyword_score,
            source=passage.source_name,
            context=passage.context,
            edited_text=passage.edited_text,
        )


class SearchOut(Schema):
    """What was found, best first, and how long it took in milliseconds."""

    passages: list[PassageOut]
    ms: float

    @classmethod
    def of(cls, found: Retrieval) -> "SearchOut":
        """The result as the API tells it."""
        return cls(
            passages=[PassageOut.of(each) for each in found.passages], ms=round(sum(step.ms for step in found.steps), 1)
        )


class SourceIn(Input):
    """A new data source; ``groups`` by name and ``users`` by e-mail address matter when it is restricted.

    ``settings`` are those of its ``kind``, secrets among them; ``sync_minutes`` says how often it syncs by itself.
    """

    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), BeforeValidator(_without_nul)
    ]
    description: Annotated[str, StringConstraints(max_length=2000), BeforeValidator(_without_nul)] = ""
    visibility: Literal["everyone", "restricted"] = "everyone"
    groups: list[Text] = Field(default_factory=list)
    users: list[Text] = Field(default_factory=list)
    kind: Text = "upload"
    settings: dict[str, Any] | None = None
    sync_minutes: int | None = None


class SourceOut(Schema):
    """A data source; who it is open to, and its settings, are told to those who may change it. Secrets never are."""

    id: UUID
    slug: str
    name: str
    description: str
    visibility: Literal["everyone", "restricted"]
    documents: int
    groups: list[str] | None
    users: list[str] | None
    kind: str
    settings: dict[str, Any] | None
    sync_minutes: int | None
    sync_state: str
    synced_at: datetime | None

    @classmethod
    def of(cls, source: DataSource, *, documents: int, editable: bool) -> "SourceOut":
        """The source as the API tells it; reads groups and users when ``editable``."""
        return cls(
            id=source.pk,
            slug=source.slug,
            name=source.name,
            description=source.description,
            visibility=cast(Any, source.visibility),
            documents=documents,
            groups=[group.name for group in source.groups.all()] if editable else None,
            users=[user.email for user in source.users.all()] if editable else None,
            kind=source.kind,
            settings=source.settings if editable else None,
            sync_minutes=source.sync_minutes,
            sync_state=source.sync_state,
            synced_at=source.synced_at,
        )


class SourcesOut(Schema):
    """The data sources that the caller may see."""

    sources: list[SourceOut]


class RunOut(Schema):
    """A sync: ``state`` ends as ``done``, ``stopped`` or ``failed``; the counts are of items."""

    id: int
    state: Literal["waiting", "running", "done", "stopped", "failed"]
    phase: Literal["listing", "fetching", "checking"]
    new: int
    changed: int
    unchanged: int
    deleted: int
    failed: int
    error: ErrorOut | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, run: SyncRun) -> "RunOut":
        """The run as the API tells it."""
        error = (
            ErrorOut(code=run.error_code, message=in_readers_language(run.error_message)) if run.error_code else None
        )
        return cls(
            id=run.pk,
            state=cast(Any, run.state),
            phase=cast(Any, run.phase),
            **run.counts(),
            error=error,
            created_at=run.created_at,
            started_at=run.started_at,
            ended_at=run.ended_at,
        )


class FailedItemOut(Schema):
    """An item that could not be taken in, and why; the next sync tries it again."""

    external_id: str
    name: str
    error: ErrorOut

    @classmethod
    def of(cls, item: SourceItem) -> "FailedItemOut":
        """The item as the API tells it."""
        error = ErrorOut(code=item.error_code, message=in_readers_language(item.error_message))
        return cls(external_id=item.external_id, name=str(item), error=error)


class RunsOut(Schema):
    """The last syncs of a data source, newest first, and up to a hundred items that failed."""

    runs: list[RunOut]
    failed_items: list[FailedItemOut]
