"""From a document's bytes to searchable chunks: read, split, embed, swap in.

A worker may be killed at any moment. It then leaves a claim that nobody renews; ``free_stuck`` finds it and the
document starts over. Until the last step, one transaction, searches see the document as it was before.
"""

import logging
import uuid
from functools import lru_cache

import numpy as np
from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from documents import storage
from documents.ingest.claims import Claim, ClaimLost, free_stuck
from documents.ingest.swap import Indexed, swap_in
from documents.models import Document, Status
from rag.chunking import TextChunk, chunk, embedding_text
from rag.embeddings import Embedder, shipped_embedder
from rag.errors import RagError
from rag.parsing import ParsedDocument
from rag.parsing.sandbox import ParsingSandbox

__all__ = ["free_stuck", "ingest", "warm_up"]

log = logging.getLogger(__name__)


def ingest(document_id: uuid.UUID) -> None:
    """Index a document, unless it is gone, finished, or in the hands of a living worker.

    Whatever is wrong with the file ends as status ``failed`` with a reason. Only an error of the database itself is
    raised: then nothing can be written down, and the document starts over once its claim has run out.
    """
    claim = Claim.take(document_id)
    if claim is None:
        return
    with claim.kept_alive():
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
    embedder = shipped_embedder()
    parsed = _read(document)
    claim.progress(Status.CHUNKING)
    chunks = chunk(parsed, embedder)
    claim.progress(Status.EMBEDDING, 0, len(chunks))
    vectors = _embed(claim, embedder, parsed, chunks)
    swap_in(claim, Indexed(parsed, chunks, vectors, embedder.name))


def _read(document: Document) -> ParsedDocument:
    with storage.local_path(document.sha256) as path:
        return _sandbox().parse(path, document.filename)


def _embed(claim: Claim, embedder: Embedder, parsed: ParsedDocument, chunks: list[TextChunk]) -> NDArray[np.float32]:
    texts = [embedding_text(each, parsed.title, embedder) for each in chunks]
    return embedder.embed_passages(texts, lambda done: claim.progress(Status.EMBEDDING, done, len(chunks)))


@lru_cache(maxsize=1)
def _sandbox() -> ParsingSandbox:
    return ParsingSandbox()


def warm_up() -> None:
    """Load what the first document would wait for; for a worker process that has just started."""
    shipped_embedder().embed_query("warm")
    _sandbox()
