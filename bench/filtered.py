"""Measures filtered searches: recall of both sides against exact ones, and times, by how much a filter leaves.

``python bench/filtered.py --chunks 30000 --json FILE``. A PostgreSQL of its own holds made-up chunks in documents of
ten, some with a tag; vectors and texts are made up as in ``bench/embedding_sets.py``. Each search is asked as it is
(all is compared when 4,000 chunks or fewer are left), and with the index alone.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.embedding_sets import DIMENSIONS, WORDS_PER_CHUNK, WordEmbedder, make_texts, start_postgres  # noqa: E402

CHUNKS_PER_DOCUMENT = 10
SHARES = (0.01, 0.1, 0.5)
QUESTIONS = 100
DEPTH = 10


def fill(texts: list[str], vectors: NDArray[np.float32]) -> dict[float, set[int]]:
    """Store a chunk for each text, documents tagged at random; the ids of the chunks with the tag of each share."""
    from django.db import connection, transaction

    from documents.embedders import create_index
    from documents.ingest.postings import post_terms
    from documents.ingest.terms import Words as WordsOfChunks
    from documents.ingest.terms import copy_terms, fold_counts
    from documents.models import Chunk, ChunkEmbedding, DataSource, Document, DocumentVersion, EmbeddingSet
    from rag.lexical import chunk_terms

    first = EmbeddingSet.objects.create(name="first", kind="shipped", dimensions=DIMENSIONS, state="active")
    source = DataSource.objects.create(name="Made up", slug="made-up")
    dice = random.Random(3)
    tagged: dict[float, set[int]] = {share: set() for share in SHARES}
    with transaction.atomic():
        for start in range(0, len(texts), CHUNKS_PER_DOCUMENT):
            part = texts[start : start + CHUNKS_PER_DOCUMENT]
            shares = [share for share in SHARES if dice.random() < share]
            document = Document.objects.create(
                source=source, filename=f"{start}.txt", size=1, sha256=f"{start:064x}", status="ready",
                chunk_count=len(part), tags=[str(share) for share in shares],
            )  # fmt: skip
            version = DocumentVersion.objects.create(document=document, number=1, kind="text", sha256="", text="")
            chunks = Chunk.objects.bulk_create(
                Chunk(version=version, document=document, source=source, ordinal=number, start=0, end=0, text=text,
                      tokens=WORDS_PER_CHUNK)
                for number, text in enumerate(part)
            )  # fmt: skip
            ChunkEmbedding.objects.bulk_create(
                ChunkEmbedding(set=first, chunk=chunk, audience_id=source.pk, key=b"", vector=vector.tolist())
                for chunk, vector in zip(chunks, vectors[start : start + len(part)], strict=True)
            )
            words = WordsOfChunks("en", [chunk_terms(text, "en", "") for text in part])
            copy_terms(source.pk, [chunk.pk for chunk in chunks], words)
            for share in shares:
                tagged[share].update(chunk.pk for chunk in chunks)
    create_index(first, concurrently=True)
    while fold_counts() or post_terms():
        pass
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    return tagged


def exact_words(question: str, ids: set[int]) -> list[float]:
    """The best scores by words among chunks of these ids, by comparing all of them."""
    from django.db import connection

    from documents.models import Audience
    from documents.retrieval import lexicon
    from documents.retrieval.lexicon import sparse_text
    from documents.retrieval.scope import Scope

    sql, _none = Audience.objects.values("pk").query.sql_with_params()
    asked = lexicon.weighed(question, Scope(sql, "", {})).words
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT -(weights <#> %s::sparsevec) AS score FROM documents_chunkterms WHERE chunk_id = ANY(%s) "
            "ORDER BY score DESC LIMIT %s",
            [sparse_text(asked.ids, asked.idfs), list(ids), DEPTH],
        )
        return [row[0] for row in cursor.fetchall() if row[0] > 0]


def measure(count: int, rank: int) -> dict[str, Any]:
    """Everything, on a fresh database."""
    from django.core.management import call_command

    from accounts.models import User
    from documents.embedders import searched_set
    from documents.models import ChunkEmbedding
    from documents.retrieval import Filter, statement
    from documents.retrieval.scope import scope_of

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("bench@example.com", "x", role="admin")
    embedder = WordEmbedder("first", rank)
    texts = make_texts(count)
    vectors = embedder.embed_passages(texts)
    started = time.perf_counter()
    tagged = fill(texts, vectors)
    figures: dict[str, Any] = {"chunks": count, "fill_s": round(time.perf_counter() - started, 1)}
    ids = np.array(ChunkEmbedding.objects.order_by("chunk_id").values_list("chunk_id", flat=True))
    numbers = random.Random(11)
    questions = [" ".join(numbers.sample(numbers.choice(texts).split(), 8)) for _ in range(QUESTIONS)]
    searched = searched_set()
    shipped = statement.EXACT_BELOW
    for share, its in [*tagged.items(), (1.0, set(ids.tolist()))]:
        wanted = [Filter("tag", "is", str(share))] if share < 1 else []
        inside = np.isin(ids, list(its))
        for name, below in (("as_it_is", shipped), ("index_alone", 0)):
            statement.EXACT_BELOW = below
            near, worded, times = [], [], []
            for question in questions:
                point = embedder.embed_query(question)
                started = time.perf_counter()
                scope = scope_of(user, None, wanted)
                words = statement.choose_by_words(scope, 50, question)
                found = statement.find_candidates(scope, searched, 50, words, point).found
                times.append((time.perf_counter() - started) * 1000)
                if not set(found.ids.tolist()) <= its:
                    raise RuntimeError("a search found what its filter leaves out")
                scores = np.where(inside, vectors @ point, -2)
                best = set(ids[np.argsort(-scores)[:DEPTH]].tolist())
                near.append(len(best & set(found.ids.tolist())) / DEPTH)
                exact = exact_words(question, its)
                got = sorted(found.keyword.tolist(), reverse=True)[: len(exact)]
                hits = sum(one >= other - 1e-3 for one, other in zip(got, exact, strict=False))
                worded.append(hits / len(exact) if exact else 1.0)
            times.sort()
            figures[f"{share:.0%} {name}"] = {
                "chunks": len(its),
                "recall_dense": round(statistics.mean(near), 4),
                "recall_words": round(statistics.mean(worded), 4),
                "p50_ms": round(statistics.median(times), 1),
                "p95_ms": round(times[int(0.95 * len(times))], 1),
            }
            statement.EXACT_BELOW = shipped
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=30_000)
    parser.add_argument("--rank", type=int, default=24, help="directions that words differ in; 384 is the hardest")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fn-bench-"))
    os.environ |= {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": ""}
    server = start_postgres(folder)
    try:
        import django

        django.setup()
        figures = measure(options.chunks, options.rank)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)
    text = json.dumps(figures, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
