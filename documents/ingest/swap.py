"""The last step: one transaction that puts a document's new version in the place of the old one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Max
from numpy.typing import NDArray

from documents.events import announce
from documents.ingest.claims import Claim, ClaimLost
from documents.models import Document, DocumentPage, DocumentVersion, Status
from rag.chunking import TextChunk
from rag.parsing import ParsedDocument

PAGES_PER_INSERT = 50
COPY_CHUNKS = """COPY documents_chunk
(version_id, document_id, source_id, ordinal, start, "end", heading, text, page, tokens, embedding) FROM STDIN"""


@dataclass(frozen=True, slots=True)
class Indexed:
    """What reading, splitting and embedding a document gave: ``vectors`` has a row for each chunk."""

    parsed: ParsedDocument
    chunks: list[TextChunk]
    vectors: NDArray[np.float32]
    embedder: str


def swap_in(claim: Claim, indexed: Indexed) -> None:
    """Make ``indexed`` the document's current version and drop the one before; ClaimLost when the claim is."""
    with transaction.atomic():
        # Held until the end: whoever deletes the document waits here, and then deletes what this has written.
        document = claim.rows().select_for_update(of=("self",)).select_related("source").first()
        if document is None:
            raise ClaimLost
        version = _save_version(document, indexed)
        _save_pages(version, indexed.parsed)
        _copy_chunks(version, document, indexed)
        _finish(document, version, len(indexed.chunks))
        document.versions.exclude(pk=version.pk).delete()
        transaction.on_commit(lambda: announce(document), robust=True)


def _save_version(document: Document, indexed: Indexed) -> DocumentVersion:
    parsed = indexed.parsed
    last = document.versions.aggregate(last=Max("number"))["last"] or 0
    return DocumentVersion.objects.create(
        document=document,
        number=last + 1,
        kind=parsed.kind,
        title=parsed.title[:500],
        sha256=document.sha256,
        text=parsed.text,
        blocks=[[block.kind, block.start, block.end, block.level] for block in parsed.blocks],
        embedder=indexed.embedder,
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


def _copy_chunks(version: DocumentVersion, document: Document, indexed: Indexed) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY_CHUNKS) as copy:
        for row in _chunk_rows(version, document, indexed):
            copy.write_row(row)


def _chunk_rows(version: DocumentVersion, document: Document, indexed: Indexed) -> Iterator[tuple[Any, ...]]:
    halves = indexed.vectors.astype(np.float16)
    for chunk, half in zip(indexed.chunks, halves, strict=True):
        vector = "[" + ",".join(map(str, half.tolist())) + "]"
        yield (
            version.pk,
            document.pk,
            document.source_id,
            chunk.ordinal,
            chunk.start,
            chunk.end,
            chunk.heading,
            chunk.text,
            chunk.page,
            chunk.tokens,
            vector,
        )


def _finish(document: Document, version: DocumentVersion, chunk_count: int) -> None:
    document.current_version = version
    document.kind = version.kind
    document.title = version.title
    document.status = Status.READY
    document.error_code = document.error_message = ""
    document.progress_done = document.progress_total = document.chunk_count = chunk_count
    document.attempts = 0
    document.claim = document.claimed_until = None
    document.save()
