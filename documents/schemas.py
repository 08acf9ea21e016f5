"""What the API takes and gives."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from documents.models import DataSource, Document
from documents.retrieval import MAX_PASSAGES, Retrieval, RetrievedPassage


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


class ProgressOut(Schema):
    """Chunks embedded so far, of how many."""

    done: int
    total: int


class DocumentOut(Schema):
    """A document. ``status`` ends as ``ready`` or ``failed``; ``error`` then says why."""

    id: UUID
    filename: str
    title: str
    kind: str
    size: int
    sha256: str
    status: Literal["received", "parsing", "chunking", "embedding", "ready", "failed"]
    error: ErrorOut | None
    progress: ProgressOut
    chunks: int
    source: SourceRef
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, document: Document) -> "DocumentOut":
        """The document as the API tells it; reads its data source."""
        error = None
        if document.status == "failed":
            error = ErrorOut(code=document.error_code, message=document.error_message)
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
            chunks=document.chunk_count,
            source=SourceRef(id=document.source.pk, slug=document.source.slug, name=document.source.name),
            created_at=document.created_at,
            updated_at=document.updated_at,
        )


class DocumentsOut(Schema):
    """A page of documents, newest first, and how many there are in all."""

    documents: list[DocumentOut]
    total: int
    page: int
    page_size: int


class TextOut(Schema):
    """The text that all offsets of the document count in, by Unicode code points."""

    text: str


class SearchIn(Input):
    """A question, how many passages to return, and the data source (id, slug or name) to search in."""

    query: Question
    k: Annotated[int, Field(ge=1, le=MAX_PASSAGES)] = 8
    source: Text | None = None


class PassageOut(Schema):
    """A chunk as found for a question; ``text`` equals the document's ``text[start:end]``, ``page`` counts from 1."""

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
    """A new data source; ``groups`` by name and ``users`` by e-mail address matter when it is restricted."""

    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), BeforeValidator(_without_nul)
    ]
    description: Annotated[str, StringConstraints(max_length=2000), BeforeValidator(_without_nul)] = ""
    visibility: Literal["everyone", "restricted"] = "everyone"
    groups: list[Text] = Field(default_factory=list)
    users: list[Text] = Field(default_factory=list)


class SourceOut(Schema):
    """A data source; who it is open to is told to those who may change it."""

    id: UUID
    slug: str
    name: str
    description: str
    visibility: Literal["everyone", "restricted"]
    documents: int
    groups: list[str] | None
    users: list[str] | None

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
        )


class SourcesOut(Schema):
    """The data sources that the caller may see."""

    sources: list[SourceOut]
