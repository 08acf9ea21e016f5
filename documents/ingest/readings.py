"""Indexing readings that came from no file, many at once: the corpora of benchmarks.

Cut, embedded and swapped in by the same code as a document that somebody uploads. What is left out is what a file
needs: its bytes in the storage, the sandbox that reads them, a claim that others see.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from django.db import transaction

from documents.ingest.claims import Claim
from documents.ingest.drafts import Draft, chunking_settings, cut
from documents.ingest.rows import clean_filename
from documents.ingest.swap import Indexed, swap_in
from documents.ingest.terms import words_of
from documents.ingest.vectors import Vectors, embed
from documents.models import DataSource, Document, EmbeddingSet, Status
from rag.embeddings import available_cores
from rag.parsing import ParsedDocument

BATCH = 128


class SetsChanged(Exception):
    """The sets of embeddings that are kept up, or how the source is cut, changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A document's text with its structure; ``key`` tells it from the others of its data source."""

    key: str
    parsed: ParsedDocument


def index_readings(
    source: DataSource, readings: Iterable[Reading], made_by: EmbeddingSet, on_progress: Callable[[int], object]
) -> None:
    """Make each reading a document of ``source``, ready to be found; ``made_by`` is the one set that is kept up.

    A batch is one transaction, in which its documents are made and finished: no worker ever finds one waiting, and
    broken off at any moment whole documents are left. Their ``external_id`` is the key. ``on_progress`` is called
    with the number of readings that each batch had. Raises RagError, and SetsChanged.
    """

    def prepared(reading: Reading) -> tuple[Document, Indexed]:
        return _prepared(source, reading, made_by)

    batches = _batched(readings)
    with ThreadPoolExecutor(available_cores() + 1, thread_name_prefix="readings") as pool:
        # The next batch is embedded while one is written.
        ahead = [pool.submit(prepared, each) for each in next(batches, ())]
        while ahead:
            following = [pool.submit(prepared, each) for each in next(batches, ())]
            try:
                _swap_in_all([each.result() for each in ahead])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            on_progress(len(ahead))
            ahead = following


def _prepared(source: DataSource, reading: Reading, made_by: EmbeddingSet) -> tuple[Document, Indexed]:
    text = reading.parsed.text.encode()
    document = Document(
        source=source,
        audience_id=source.pk,
        filename=clean_filename(reading.key),
        size=len(text),
        sha256=sha256(text).hexdigest(),
        external_id=reading.key,
        status=Status.EMBEDDING,
    )
    settings = chunking_settings(source)
    drafts = [Draft(each) for each in cut(reading.parsed, settings)]
    vectors = Vectors()
    vectors.of_set[made_by.pk] = embed(document, reading.parsed.title, drafts, made_by, lambda _done: None)
    words = words_of(reading.parsed.text, reading.parsed.title, drafts)
    return document, Indexed(reading.parsed, settings, drafts, vectors, words)


def _swap_in_all(made: Sequence[tuple[Document, Indexed]]) -> None:
    token = uuid.uuid4()
    with transaction.atomic():
        for document, _indexed in made:
            document.claim = token
        Document.objects.bulk_create([document for document, _indexed in made])
        for document, indexed in made:
            if not swap_in(Claim(document, token), indexed):
                raise SetsChanged


def _batched(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    left = iter(readings)
    while batch := list(islice(left, BATCH)):
        yield batch
