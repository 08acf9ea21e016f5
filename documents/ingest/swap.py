"""The last step: one transaction that puts a document's new version in the place of the old one."""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from documents import storage
from documents.embedders import hold_sets
from documents.events import announce
from documents.ingest.binary_copy import bigint, copy_rows, copying, halfvec
from documents.ingest.claims import Claim, ClaimLost
from documents.ingest.drafts import Draft, chunking_settings, with_edits
from documents.ingest.terms import Words, copy_terms
from documents.ingest.vectors import Vectors
from documents.models import DataSource, Document, DocumentPage, DocumentVersion, EmbeddingSet, Status
from rag.chunking import ChunkingSettings
from rag.parsing import ParsedDocument
from rag.parsing.model import Properties

PAGES_PER_INSERT = 50
COPY_CHUNKS = """COPY documents_chunk
(id, version_id, document_id, source_id, ordinal, start, "end", heading, text, page, tokens, context, edited_text,
excluded) FROM STDIN"""
COPY_VECTORS = (
    "COPY documents_chunkembedding (set_id, chunk_id, audience_id, key, vector, tokens) FROM STDIN (FORMAT binary)"
)

TAKE_IDS = "SELECT nextval(pg_get_serial_sequence('documents_chunk', 'id')) FROM generate_series(1, %s)"


@dataclass(frozen=True, slots=True)
class Indexed:
    """What reading, cutting and embedding a document gave."""

    parsed: ParsedDocument
    settings: ChunkingSettings
    drafts: list[Draft]
    vectors: Vectors
    words: Words


def swap_in(claim: Claim, indexed: Indexed) -> bool:
    """Make ``indexed`` the document's current version and drop the one before; ClaimLost when the claim is.

    Whether it was done: nothing is written when a set is kept up that ``indexed`` has no vectors for, when somebody
    has changed a chunk since, or how the data source is cut.
    """
    with transaction.atomic():
        # Held until the end: whoever deletes the document waits here, and then deletes what this has written.
        document = claim.rows().select_for_update().first()
        if document is None:
            raise ClaimLost
        # Held too: a set can neither begin nor be switched to while vectors are written.
        kept_up = hold_sets()
        if indexed.vectors.missing(kept_up):
            return False
        # Whoever changes a chunk or the settings locks the document too: what they wrote before is seen here, and
        # what they write after finds the new chunks.
        document.source = DataSource.objects.get(pk=document.source_id)
        if chunking_settings(document.source) != indexed.settings or _edited_since(document, indexed.drafts):
            return False
        before = document.current_version_id
        version = _save_version(document, indexed)
        _save_pages(version, indexed.parsed)
        chunk_ids = _copy_chunks(version, document, indexed.drafts)
        for made_by in kept_up:
            _copy_vectors(document, made_by, chunk_ids, indexed.vectors)
        copy_terms(document.audience_id, chunk_ids, indexed.words)
        _finish(document, version, indexed, claim.seconds())
        if before is not None:
            _drop_older(document, version)
        transaction.on_commit(lambda: announce(document), robust=True)
        return True


def _edited_since(document: Document, drafts: list[Draft]) -> bool:
    return with_edits(document, (draft.chunk for draft in drafts)) != drafts


def _drop_older(document: Document, version: DocumentVersion) -> None:
    """Drop what was searched before, and the bytes that it was read from where they are others."""
    older = document.versions.exclude(pk=version.pk)
    before = set(older.values_list("sha256", flat=True)) - {version.sha256}
    older.delete()
    for sha256 in before:
        transaction.on_commit(partial(storage.discard_unnamed, sha256), robust=True)


def _save_version(document: Document, indexed: Indexed) -> DocumentVersion:
    parsed = indexed.parsed
    last = document.versions.aggregate(last=Max("number"))["last"] if document.current_version_id else 0
    return DocumentVersion.objects.create(
        document=document,
        number=(last or 0) + 1,
        kind=parsed.kind,
        title=parsed.title[:500],
        sha256=document.sha256,
        text=parsed.text,
        blocks=[[block.kind, block.start, block.end, block.level] for block in parsed.blocks],
        notes=[[note.code, note.message] for note in parsed.notes],
        chunking=asdict(indexed.settings),
        language=indexed.words.language,
    )


def _save_pages(version: DocumentVersion, parsed: ParsedDocument) -> None:
    DocumentPage.objects.bulk_create(
        (
            DocumentPage(
                version=version,
                number=page.number,
                start=page.start,
                end=page.end,
                width=page.width,
                height=page.height,
                boxes=[
                    [box.start, box.end, *(round(edge, 1) for edge in (box.x0, box.y0, box.x1, box.y1))]
                    for box in page.boxes
                ],
            )
            for page in parsed.pages
        ),
        batch_size=PAGES_PER_INSERT,
    )


def _copy_chunks(version: DocumentVersion, document: Document, drafts: list[Draft]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE_IDS, [len(drafts)])
        ids = [row[0] for row in cursor.fetchall()]
    with copying(COPY_CHUNKS) as copy:
        for chunk_id, draft in zip(ids, drafts, strict=True):
            copy.write_row((chunk_id, version.pk, document.pk, document.source_id, *_columns(draft)))
    return ids


def _columns(draft: Draft) -> tuple[Any, ...]:
    one = draft.chunk
    place = (one.ordinal, one.start, one.end, one.heading, one.text, one.page, one.tokens, one.context)
    return (*place, draft.edited_text, draft.excluded)


def _copy_vectors(document: Document, made_by: EmbeddingSet, chunk_ids: list[int], vectors: Vectors) -> None:
    made = vectors.of_set[made_by.pk]
    if made is None:
        return
    copy_rows(
        COPY_VECTORS,
        (
            (
                bigint(made_by.pk), bigint(chunk_id), document.audience_id.bytes, found.key, halfvec(found.vector),
                found.tokens,
            )
            for chunk_id, found in zip(chunk_ids, made, strict=True)
            if found is not None
        ),
    )  # fmt: skip


def _take_properties(document: Document, told: Properties) -> None:
    """What the file says of itself, but for what a person wrote; a connector knows better when it was changed."""
    if "author" not in document.fixed:
        document.author = told.author
    if "created" not in document.fixed:
        document.created = told.created
    if told.modified is not None and document.external_id is None and "modified" not in document.fixed:
        document.modified_at = told.modified


def _finish(document: Document, version: DocumentVersion, indexed: Indexed, seconds: float) -> None:
    document.current_version = version
    document.kind = version.kind
    document.title = version.title
    _take_properties(document, indexed.parsed.properties)
    document.status = Status.READY
    document.error_code = document.error_message = ""
    document.progress_done = document.progress_total = document.chunk_count = len(indexed.drafts)
    document.ingest_seconds = seconds
    document.attempts = 0
    document.claim = document.claimed_until = None
    document.save()
