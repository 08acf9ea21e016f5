"""From a document's bytes to searchable chunks: read, split, embed, swap in.

A worker may be killed at any moment. It then leaves a claim that nobody renews; the document has its turn again once
the claim has run out. Until the last step, one transaction, searches see the document as it was before.
"""

import gc
import logging
import uuid
from functools import lru_cache

from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from documents import storage
from documents.ingest.claims import MAX_ATTEMPTS, Claim, ClaimLost, waiting
from documents.ingest.drafts import Draft, chunking_settings, cut, with_edits
from documents.ingest.postings import post_terms
from documents.ingest.swap import Indexed, swap_in
from documents.ingest.terms import fold_counts, words_of
from documents.ingest.vectors import Embedded, Vectors, embed, sets_kept_up
from documents.models import DataSource, Document, EmbeddingSet, Status
from rag.chunking import ChunkingSettings
from rag.embeddings import shipped_embedder
from rag.errors import RagError
from rag.lexical import language_of
from rag.parsing import ParsedDocument
from rag.parsing.sandbox import ParsingSandbox

__all__ = ["ingest", "ingest_next", "waiting", "warm_up"]

log = logging.getLogger(__name__)

MANY_CHANGES = 32
"""Searches add so many noted changes to the counts of words in no time."""


def ingest_next() -> bool:
    """Index the document whose turn it is; whether there was one."""
    claim = Claim.take_next()
    if claim is not None:
        _work_on(claim)
    return claim is not None


def ingest(document_id: uuid.UUID) -> None:
    """Index a document, unless it is gone, finished, or in the hands of a living worker."""
    claim = Claim.take(document_id)
    if claim is not None:
        _work_on(claim)


def _work_on(claim: Claim) -> None:
    """Index a claimed document.

    Whatever is wrong with the file ends as status ``failed`` with a reason. Only an error of the database itself is
    raised: then nothing can be written down, and the document starts over once its claim has run out.
    """
    document_id = claim.document.pk
    with claim.kept_alive(on_lost=_sandbox().close):
        try:
            _index(claim)
        except ClaimLost:
            log.info("ingest: document %s was deleted or taken over", document_id)
        except DatabaseError:
            raise
        except RagError as error:
            log.info("ingest: document %s: %s", document_id, error)
            claim.fail(error.code, error.message)
        except FileNotFoundError:
            claim.fail("bytes_missing", _("The stored file is gone. Delete the document and upload it again."))
        except SoftTimeLimitExceeded:
            claim.fail("ingest_timeout", _("Indexing took too long. Split the file and upload the parts."))
        except Exception:
            log.exception("ingest: document %s failed", document_id)
            claim.fail(
                "internal_error", _("Something went wrong while indexing. Try again; if it stays, ask an admin.")
            )


def _index(claim: Claim) -> None:
    document = claim.document
    parsed = _read(document)
    claim.progress(Status.CHUNKING)
    language = language_of(parsed.text)
    settings: ChunkingSettings | None = None
    drafts: list[Draft] = []
    vectors = Vectors()
    source: DataSource | None = document.source
    for _attempt in range(MAX_ATTEMPTS):
        if source is None:
            raise ClaimLost
        wanted = chunking_settings(source)
        chunks = cut(parsed, wanted) if wanted != settings else [draft.chunk for draft in drafts]
        settings, drafts = wanted, with_edits(document, chunks)
        made = vectors
        vectors = Vectors()
        for made_by in vectors.missing(sets_kept_up()):
            vectors.of_set[made_by.pk] = _embed(claim, parsed.title, drafts, made_by, made)
        words = words_of(parsed.text, parsed.title, drafts, language)
        if swap_in(claim, Indexed(parsed, settings, drafts, vectors, words)):
            fold_counts(at_least=MANY_CHANGES)
            post_terms()
            return
        # Nothing was written, as settings, edits or sets have changed meanwhile.
        source = DataSource.objects.filter(pk=document.source_id).first()
    raise RuntimeError("sets of vectors, settings and edits change faster than one document is embedded")


def _read(document: Document) -> ParsedDocument:
    with storage.local_path(document.sha256) as path:
        return _sandbox().parse(path, document.filename)


def _embed(
    claim: Claim, title: str, drafts: list[Draft], made_by: EmbeddingSet, made: Vectors
) -> list[Embedded | None] | None:
    claim.progress(Status.EMBEDDING, 0, len(drafts))
    total = len(drafts)
    return embed(
        claim.document, title, drafts, made_by, lambda done: claim.progress(Status.EMBEDDING, done, total), made
    )


@lru_cache(maxsize=1)
def _sandbox() -> ParsingSandbox:
    return ParsingSandbox()


def warm_up() -> None:
    """Load what the first document would wait for; for a worker process that has just started."""
    shipped_embedder().embed_query("warm")
    _sandbox()
    # What is loaded now stays: the collector need not look through it again and again.
    gc.collect()
    gc.freeze()
