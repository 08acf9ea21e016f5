"""The REST endpoints of documents, data sources and search, under ``/api/v1``."""

import json
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Status
from ninja.files import UploadedFile

from accounts.api import TokenAuth, caller
from accounts.models import Scope, User
from documents import services
from documents.errors import (
    DocumentsError,
    document_not_found,
    permission_denied,
    same_file,
    source_not_found,
    unknown_reranker,
)
from documents.list_schemas import DocumentsAsked
from documents.listing import documents_listed
from documents.models import Audience, DataSource, Document, DocumentVersion, ItemStatus
from documents.queue import places
from documents.rerankers import is_reranker
from documents.retrieval import search
from documents.schemas import (
    AcceptedOut,
    DocumentOut,
    DocumentsOut,
    FailedItemOut,
    MetadataIn,
    PermissionsIn,
    PermissionsOut,
    RunOut,
    RunsOut,
    SearchIn,
    SearchOut,
    SourceIn,
    SourceOut,
    SourcesOut,
    Text,
    TextOut,
    UnchangedOut,
)

MAX_RUNS = 50
MAX_FAILED = 100

router = Router(tags=["documents"])

READ = TokenAuth(Scope.READ)
WRITE = TokenAuth(Scope.WRITE)
ADMIN = TokenAuth(Scope.ADMIN)


@router.post("/documents", response={202: AcceptedOut}, auth=WRITE)
def upload_document(
    request: HttpRequest,
    file: File[UploadedFile],
    source: Form[Text | None] = None,
    tags: Form[Text | None] = None,
    custom: Form[Text | None] = None,
) -> Status[dict[str, Any]]:
    """Take in a file; its indexing goes on after the answer. `source` is a data source's id, slug or name.

    `tags` are separated by commas, `custom` is a JSON object.
    """
    user = caller(request)
    document = services.document_upload(
        user=user,
        file=file,
        filename=file.name or "",
        source=_source(user, source),
        metadata=_metadata(tags, custom),
    )
    return Status(202, {"id": document.pk, "status": document.status})


@router.get("/documents", response=DocumentsOut, auth=READ)
def list_documents(
    request: HttpRequest, asked: Query[DocumentsAsked], page: Query[int] = 1, page_size: Query[int] = 50
) -> DocumentsOut:
    """Documents that the caller may see, newest first; `q` looks into file names and titles.

    `kind`, `tag` and `language` are what a document has, whatever the case; `author` is a part of the name; `from` and
    `until` say when it was written: a year, a month or a day.
    """
    user = caller(request)
    filters = asked.filters()
    target = _source(user, asked.source)
    found = documents_listed(user, source=target, status=asked.status or "", words=asked.q or "", filters=filters)
    documents = found.select_related("source", "current_version")
    page, page_size = max(1, min(page, 1_000_000)), max(1, min(page_size, 200))
    first = (page - 1) * page_size
    shown = list(documents.defer("current_version__text", "current_version__blocks")[first : first + page_size])
    queue = places(each.pk for each in shown if not each.is_final)
    return DocumentsOut(
        documents=[DocumentOut.of(each, queue.get(each.pk)) for each in shown],
        total=documents.count(),
        page=page,
        page_size=page_size,
    )


@router.get("/documents/{document_id}", response=DocumentOut, auth=READ)
def get_document(request: HttpRequest, document_id: UUID) -> DocumentOut:
    """One document; poll it until `status` is `ready` or `failed`."""
    document = _document(caller(request), document_id)
    waits = [] if document.is_final else [document.pk]
    return DocumentOut.of(document, places(waits).get(document.pk))


@router.get("/documents/{document_id}/text", response=TextOut, auth=READ)
def get_document_text(request: HttpRequest, document_id: UUID) -> TextOut:
    """The text of a document, which all offsets count in."""
    document = _document(caller(request), document_id)
    current = DocumentVersion.objects.filter(document=document, pk=document.current_version_id or 0)
    text = current.values_list("text", flat=True).first()
    if text is None:
        raise DocumentsError("not_ready", _("The document has no text yet. Wait until its status is ready."), 409)
    return TextOut(text=text)


@router.put("/documents/{document_id}/file", response={200: UnchangedOut, 202: AcceptedOut}, auth=WRITE)
def replace_document(request: HttpRequest, document_id: UUID, file: File[UploadedFile]) -> Status[dict[str, Any]]:
    """Upload a new version of an uploaded document; until it is indexed, searches see the one before.

    200 when the document has this very file already: then nothing is done.
    """
    replaced = services.document_replace(
        user=caller(request), document_id=document_id, file=file, filename=file.name or ""
    )
    told = {"id": replaced.document.pk, "status": replaced.document.status}
    return Status(202, told) if replaced.changed else Status(200, {**told, "message": same_file()})


@router.delete("/documents/{document_id}", response={204: None}, auth=WRITE)
def delete_document(request: HttpRequest, document_id: UUID) -> Status[None]:
    """Delete a document with everything made from it."""
    services.document_delete(user=caller(request), document_id=document_id)
    return Status(204, None)


@router.post("/documents/{document_id}/retry", response={202: AcceptedOut}, auth=WRITE)
def retry_document(request: HttpRequest, document_id: UUID) -> Status[dict[str, Any]]:
    """Index a failed document again."""
    document = services.document_retry(user=caller(request), document_id=document_id)
    return Status(202, {"id": document.pk, "status": document.status})


@router.patch("/documents/{document_id}", response=DocumentOut, auth=WRITE)
def describe_document(request: HttpRequest, document_id: UUID, body: MetadataIn) -> DocumentOut:
    """Change what is known of a document beside its text. What people write outlives new versions."""
    user = caller(request)
    services.document_describe(user=user, document_id=document_id, changes=body.dict(exclude_unset=True))
    return get_document(request, document_id)


@router.get("/documents/{document_id}/permissions", response=PermissionsOut, auth=READ)
def get_permissions(request: HttpRequest, document_id: UUID) -> PermissionsOut:
    """Who sees a document, for those who may change it: who may change its data source."""
    document = _shareable(caller(request), document_id)
    return PermissionsOut.model_validate(services.told(document.audience))


@router.put("/documents/{document_id}/permissions", response=PermissionsOut, auth=WRITE)
def put_permissions(request: HttpRequest, document_id: UUID, body: PermissionsIn) -> PermissionsOut:
    """Say who sees a document: whoever sees its data source, everyone, or the groups and people named."""
    user = caller(request)
    # First, as what is wrong with the names tells who is there.
    _shareable(user, document_id)
    grants = None
    if body.visibility != "source":
        groups, users = services.readers(groups=body.groups, users=body.users)
        grants = services.Grants(everyone=body.visibility == "everyone", groups=groups, users=users)
    document = services.document_share(user=user, document_id=document_id, grants=grants)
    return PermissionsOut.model_validate(services.told(document.audience))


@router.post("/search", response=SearchOut, auth=READ)
def search_documents(request: HttpRequest, body: SearchIn) -> SearchOut:
    """The passages that answer a question, best first, among the documents that the caller may see."""
    user = caller(request)
    target = _source(user, body.source)
    if not is_reranker(body.reranker):
        raise unknown_reranker()
    found = search(
        user=user,
        query=body.query,
        limit=body.k,
        sources=[target.pk] if target else None,
        settings=body.search_settings(),
        filters=[each.made() for each in body.filters],
    )
    return SearchOut.of(found)


@router.get("/sources", response=SourcesOut, auth=READ)
def list_sources(request: HttpRequest) -> SourcesOut:
    """The data sources that the caller may see."""
    user = caller(request)
    editable = set(DataSource.objects.editable_by(user).values_list("pk", flat=True))
    sources = _counted(user).prefetch_related("groups", "users")
    return SourcesOut(
        sources=[SourceOut.of(each, documents=each.document_count, editable=each.pk in editable) for each in sources]
    )


@router.post("/sources", response={201: SourceOut}, auth=ADMIN)
def create_source(request: HttpRequest, body: SourceIn) -> Status[SourceOut]:
    """Make a data source."""
    groups, users = services.readers(groups=body.groups, users=body.users)
    source = services.source_create(
        user=caller(request),
        name=body.name,
        description=body.description,
        visibility=body.visibility,
        groups=groups,
        users=users,
        kind=body.kind,
        settings=body.settings,
        sync_minutes=body.sync_minutes,
    )
    return Status(201, SourceOut.of(source, documents=0, editable=True))


@router.post("/sources/{slug}/sync", response={202: RunOut}, auth=WRITE)
def sync_source(request: HttpRequest, slug: Text) -> Status[RunOut]:
    """Bring a data source up to date; the run that is under way if there is one."""
    user = caller(request)
    return Status(202, RunOut.of(services.sync_start(user=user, source=_editable_source(user, slug))))


@router.get("/sources/{slug}/runs", response=RunsOut, auth=READ)
def list_runs(request: HttpRequest, slug: Text) -> RunsOut:
    """The last syncs of a data source that the caller may change, and the items that failed."""
    source = _editable_source(caller(request), slug)
    failed = source.items.filter(status=ItemStatus.FAILED)[:MAX_FAILED]
    return RunsOut(
        runs=[RunOut.of(run) for run in source.sync_runs.all()[:MAX_RUNS]],
        failed_items=[FailedItemOut.of(item) for item in failed],
    )


def _editable_source(user: User, key: str) -> DataSource:
    source = _source(user, key)
    if source is None:
        raise source_not_found()
    if not DataSource.objects.editable_by(user).filter(pk=source.pk).exists():
        raise permission_denied()
    return source


def _document(user: User, document_id: UUID) -> Document:
    document = Document.objects.visible_to(user).select_related("source").filter(pk=document_id).first()
    if document is None:
        raise document_not_found()
    return document


def _metadata(tags: str | None, custom: str | None) -> dict[str, Any]:
    """What the fields of an upload say of the document."""
    found: dict[str, Any] = {} if tags is None else {"tags": tags.split(",")}
    if custom:
        try:
            found["custom"] = json.loads(custom)
        except (ValueError, RecursionError) as error:
            raise DocumentsError("invalid_metadata", _("custom must be a JSON object."), 422) from error
    return found


def _shareable(user: User, document_id: UUID) -> Document:
    document = _document(user, document_id)
    if not DataSource.objects.editable_by(user).filter(pk=document.source_id).exists():
        raise permission_denied()
    return document


def _source(user: User, key: str | None) -> DataSource | None:
    """The visible data source of this id, slug or name; None when none was asked for."""
    if not key:
        return None
    source = DataSource.objects.visible_to(user).named(key)
    if source is None:
        raise source_not_found()
    return source


def _counted(user: User) -> QuerySet[Any]:
    """The data sources that one may see, with how many documents one may see in each."""
    seen = Q(documents__audience__in=Audience.objects.visible_to(user))
    return DataSource.objects.visible_to(user).annotate(document_count=Count("documents", filter=seen))
