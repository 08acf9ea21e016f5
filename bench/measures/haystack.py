"""Fills a database with very many chunks, quickly: real ones, and others made of two halves of real ones.

The real chunks are SQuAD's articles (CC BY-SA 4.0), read and embedded as ingest does. A made-up chunk has the first
sentences of one and the last of another, so its words are real and as rare as words are; its vector lies between those
of the two, with some noise, and its token vectors are those of the first. No text is embedded twice, which at a million
chunks would take hours. Chunks of one document come from one source; sources hold 1, 10 and 89 % of all.
"""

import argparse
import os
import pickle
import sys
import tarfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.chunking import chunk, embedding_text
from rag.lexical import chunk_terms
from rag.parsing import Block, ParsedDocument

ROOT = Path(__file__).resolve().parents[2]
EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
SHARES = {"small": 0.01, "middle": 0.1, "large": 0.89}
"""Sources by name, and their part of all chunks."""

PER_DOCUMENT = 20
AT_ONCE = 20_000
NOISE = 0.02
INDEX_MEMORY = "3GB"
"""The graph of a million vectors is built in memory or takes hours."""

MAX_ARTICLE_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Real:
    """A chunk as ingest makes it: its two halves with the terms of each, its vector and packed token vectors."""

    halves: tuple[str, str]
    terms: tuple[Counter[str], Counter[str]]
    vector: NDArray[np.float32]
    tokens: bytes


def articles() -> Iterator[tuple[str, str]]:
    """Titles and texts of SQuAD's articles."""
    with tarfile.open(EVALDATA / "qa" / "squad" / "articles.tar.gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                title = Path(member.name).stem.replace("_", " ")
                yield title, file.read(MAX_ARTICLE_BYTES).decode("utf-8", "replace")


def real_chunks(most: int) -> list[Real]:
    """At most so many chunks of the articles, each cut, analysed and embedded as ingest does."""
    from documents.embedders import active_set, embedder_of
    from documents.ingest.vectors import embedded

    made_by = active_set()
    embedder = embedder_of(made_by)
    texts: list[str] = []
    halves: list[tuple[str, str]] = []
    titles: list[str] = []
    for title, text in articles():
        document = ParsedDocument("text", title, text, (Block("paragraph", 0, len(text)),))
        for each in chunk(document, embedder):
            texts.append(embedding_text(each, title, embedder))
            halves.append(_halves(each.text))
            titles.append(title)
        if len(texts) >= most:
            break
    made = embedded(made_by, embedder, texts[:most], lambda done: _say(f"{done} embedded", done))
    return [
        Real(its, (_terms(its[0], title), _terms(its[1], title)), each.vector.astype(np.float32), each.tokens or b"")
        for its, title, each in zip(halves, titles, made, strict=False)
    ]


def _halves(text: str) -> tuple[str, str]:
    middle = text.find(". ", len(text) // 2)
    cut = middle + 2 if middle > 0 else len(text) // 2
    return text[:cut], text[cut:]


def _terms(text: str, title: str) -> Counter[str]:
    return Counter(chunk_terms(text, "en", title))


@dataclass(frozen=True, slots=True)
class Made:
    """A chunk to write."""

    text: str
    terms: Counter[str]
    vector: NDArray[np.float32]
    tokens: bytes


def made_up(real: list[Real], numbers: np.random.Generator, count: int) -> Iterator[Made]:
    """So many chunks, each of the first half of one and the second of another."""
    for first, second in numbers.integers(0, len(real), (count, 2)):
        one, other = real[first], real[second]
        vector = one.vector + other.vector + numbers.normal(0, NOISE, len(one.vector)).astype(np.float32)
        yield Made(
            one.halves[0] + other.halves[1], one.terms[0] + other.terms[1], vector / np.linalg.norm(vector), one.tokens
        )


def fill(count: int, real: list[Real]) -> None:
    """Fill the database up to so many chunks in all, and make what a search needs."""
    from django.db import connection

    from documents.embedders import active_set, create_index, drop_index
    from documents.ingest.postings import post_terms
    from documents.ingest.terms import fold_counts
    from documents.models import ChunkEmbedding

    made_by = active_set()
    there = ChunkEmbedding.objects.filter(set=made_by).count()
    numbers = np.random.default_rng(there)
    if there < count:
        drop_index(made_by)
    sources = _sources()
    started = time.perf_counter()
    for name, share in SHARES.items():
        left = round((count - there) * share)
        while left > 0:
            some = min(left, AT_ONCE)
            _write(sources[name], made_by.pk, list(made_up(real, numbers, some)))
            left -= some
            while fold_counts() or post_terms():
                pass
            _say(f"{name}: {left} left, {time.perf_counter() - started:.0f} s", 0)
    with connection.cursor() as cursor:
        cursor.execute(f"SET maintenance_work_mem = '{INDEX_MEMORY}'")
    create_index(made_by)
    _say(f"index, {time.perf_counter() - started:.0f} s", 0)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _sources() -> dict[str, Any]:
    from documents.models import DataSource

    return {
        name: DataSource.objects.get_or_create(slug=name, defaults={"name": name, "visibility": "restricted"})[0]
        for name in SHARES
    }


def _write(source: Any, set_id: int, chunks: list[Made]) -> None:
    from django.db import connection, transaction

    from documents.ingest.binary_copy import bigint, copy_rows, halfvec
    from documents.ingest.swap import COPY_CHUNKS, COPY_VECTORS, TAKE_IDS
    from documents.ingest.terms import Words, copy_terms
    from documents.models import Document, DocumentVersion, Status

    documents = Document.objects.bulk_create(
        Document(
            source=source,
            audience_id=source.pk,
            filename=f"{number}.txt",
            size=1,
            sha256=uuid.uuid4().hex * 2,
            status=Status.READY,
        )
        for number in range(-(-len(chunks) // PER_DOCUMENT))
    )
    versions = DocumentVersion.objects.bulk_create(
        DocumentVersion(document=each, number=1, kind="text", sha256=each.sha256, text="", language="en")
        for each in documents
    )
    for document, version in zip(documents, versions, strict=True):
        document.current_version = version
    Document.objects.bulk_update(documents, ["current_version"], batch_size=1000)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(TAKE_IDS, [len(chunks)])
            ids = [row[0] for row in cursor.fetchall()]
            with cursor.copy(COPY_CHUNKS) as copy:
                for place, (chunk_id, each) in enumerate(zip(ids, chunks, strict=True)):
                    number, ordinal = divmod(place, PER_DOCUMENT)
                    head = (chunk_id, versions[number].pk, documents[number].pk, source.pk, ordinal)
                    copy.write_row((*head, 0, len(each.text), "", each.text, None, 200, "", None, False))
        copy_rows(
            COPY_VECTORS,
            (
                (
                    bigint(set_id),
                    bigint(chunk_id),
                    source.pk.bytes,
                    uuid.uuid4().bytes,
                    halfvec(each.vector),
                    each.tokens,
                )
                for chunk_id, each in zip(ids, chunks, strict=True)
            ),
        )
        copy_terms(source.pk, ids, Words("en", [each.terms for each in chunks]))


def _say(what: str, number: int) -> None:
    if number % 1000 == 0:
        print(what, file=sys.stderr, flush=True)


def main() -> None:
    """Fill the database of the settings in the environment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chunks", type=int, help="how many there are to be in all")
    parser.add_argument("--real", type=int, default=10_000, help="embed so many (default 10,000)")
    parser.add_argument("--kept", type=Path, required=True, help="a file that the real ones are kept in")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    if not options.kept.exists():
        options.kept.write_bytes(pickle.dumps(real_chunks(options.real)))
    fill(options.chunks, pickle.loads(options.kept.read_bytes()))


if __name__ == "__main__":
    main()
