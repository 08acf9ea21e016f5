"""A data set's corpus as a data source: each entry a document, indexed as any other is."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from django.db import connection
from django.utils.translation import gettext as _

from documents.embedders import active_set
from documents.errors import DocumentsError
from documents.ingest.readings import Reading, SetsChanged, index_readings
from documents.models import Chunk, DataSource, Document, EmbeddingSet, SetState, Status
from rag.chunking import ChunkingSettings
from rag.errors import DatasetError, ParsingError
from rag.evaluation.beir import Dataset, Entry
from rag.parsing import ParsedDocument
from rag.parsing.building import DocumentBuilder

NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class IndexedCorpus:
    """``entries`` holds the key of each document's entry; ``made`` is how many were indexed just now."""

    entries: dict[uuid.UUID, str]
    chunks: int
    made: int
    seconds: float


def set_to_measure() -> EmbeddingSet:
    """The set that is searched. Raises DocumentsError ``embeddings_building`` while another one is built.

    A set that is being built would take in the corpus too.
    """
    if EmbeddingSet.objects.filter(state=SetState.BUILDING).exists():
        raise DocumentsError(
            "embeddings_building", _("A set of embeddings is being built. Wait until it is done, or cancel it."), 409
        )
    return active_set()


def source_name(dataset: Dataset, made_by: EmbeddingSet) -> str:
    """What the data source of a corpus is called: the same for the same entries, embedded and cut the same way."""
    embedder = [made_by.kind, made_by.base_url, made_by.model, made_by.passage_prefix, made_by.name, made_by.dimensions]
    what = json.dumps([dataset.fingerprint(), embedder, asdict(ChunkingSettings())])
    return f"Benchmark {dataset.name[:NAME_CHARS]} {hashlib.sha256(what.encode()).hexdigest()[:12]}"


def index_corpus(
    source: DataSource, dataset: Dataset, made_by: EmbeddingSet, on_progress: Callable[[int], object]
) -> IndexedCorpus:
    """Index what ``source`` has not yet; ``on_progress`` is called with how many entries have been added to it.

    Raises DatasetError for an entry that cannot be a document, RagError when it cannot be embedded, DocumentsError
    when the sets of embeddings change meanwhile.
    """
    started = time.perf_counter()
    there = _entries(source)
    known = set(there.values())
    on_progress(len(known))
    missing = {key: entry for key, entry in dataset.corpus.items() if key not in known}
    try:
        index_readings(source, _readings(missing), made_by, on_progress)
    except SetsChanged as error:
        raise sets_changed() from error
    if missing:
        there = _entries(source)
        # As after a while of quiet: statistics, and nothing pending in an index.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE) documents_chunk, documents_chunkembedding")
    chunks = Chunk.objects.filter(source=source).count()
    return IndexedCorpus(there, chunks, len(there) - len(known), time.perf_counter() - started)


@contextmanager
def held(name: str) -> Iterator[None]:
    """Let one process at a time measure on the corpus of this name. Raises DocumentsError ``benchmark_running``."""
    key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        (taken,) = cursor.fetchone()
    if not taken:
        raise DocumentsError("benchmark_running", _("Another benchmark uses this corpus. Wait until it is done."), 409)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def sets_changed() -> DocumentsError:
    """Another set of embeddings began, or was switched to, in the middle."""
    return DocumentsError(
        "embeddings_changed", _("The sets of embeddings changed meanwhile. Run the benchmark again."), 409
    )


def _entries(source: DataSource) -> dict[uuid.UUID, str]:
    rows = Document.objects.filter(source=source, status=Status.READY, external_id__isnull=False)
    return {document: key for document, key in rows.values_list("pk", "external_id") if key is not None}


def _readings(corpus: dict[str, Entry]) -> Iterator[Reading]:
    for key, entry in corpus.items():
        if entry.title.strip() or entry.text.strip():  # what holds nothing cannot be found
            yield Reading(key, _parsed(key, entry))


def _parsed(key: str, entry: Entry) -> ParsedDocument:
    """The title as a heading and the text below it, as the first page of a document has them."""
    builder = DocumentBuilder("text")
    try:
        builder.add("heading", " ".join(entry.title.split()), level=1)
        for paragraph in entry.text.split("\n\n"):
            builder.add("paragraph", paragraph)
        return builder.build(entry.title)
    except ParsingError as error:
        raise DatasetError("dataset_invalid", f'Entry "{key[:80]}" cannot be indexed: {error.message}') from error
