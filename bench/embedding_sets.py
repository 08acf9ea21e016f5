"""Measures sets of embeddings: recall of a set's own index, searches before, during and after a build, and bytes.

``python bench/embedding_sets.py --json FILE``. A PostgreSQL of its own holds made-up chunks; the two embedders are
made up too (sums of random word vectors), so that the database is measured and no model.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
WORDS_PER_CHUNK = 60
VOCABULARY = 20_000
QUESTIONS = 200
DIMENSIONS = 384
NEAREST = """SELECT chunk_id FROM documents_chunkembedding WHERE set_id = {set}
ORDER BY {order} LIMIT 10"""


class WordEmbedder:
    """Sums of a random vector for each word, of unit length. Two names, two models.

    Word vectors lie near a space of ``rank`` dimensions, as those of real models do, which makes an index possible.
    """

    max_tokens = 256

    def __init__(self, name: str, rank: int) -> None:
        self.name = name
        self._space = np.random.default_rng(len(name)).standard_normal((rank, DIMENSIONS)).astype(np.float32)
        self.dimensions = DIMENSIONS

    @lru_cache(maxsize=VOCABULARY)  # noqa: B019 - there are two embedders, for the whole run
    def _word(self, word: str) -> NDArray[np.float32]:
        seed = int.from_bytes(hashlib.blake2b(f"{self.name} {word}".encode(), digest_size=8).digest(), "big")
        numbers = np.random.default_rng(seed)
        vector = numbers.standard_normal(len(self._space)) @ self._space
        noise = 0.2 * np.linalg.norm(vector) / DIMENSIONS**0.5 * numbers.standard_normal(DIMENSIONS)
        made: NDArray[np.float32] = (vector + noise).astype(np.float32)
        return made

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the unit vector of a text."""
        total: NDArray[np.float32] = np.sum([self._word(word) for word in text.split()], axis=0, dtype=np.float32)
        unit: NDArray[np.float32] = total / np.linalg.norm(total)
        return unit

    def embed_passages(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return the unit vectors of texts."""
        return np.array([self.embed_query(text) for text in texts], np.float32)

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Return a span for each word."""
        return [(0, 0) for _word in text.split()]


def start_postgres(folder: Path) -> subprocess.Popen[bytes]:
    """Start a server of its own in ``folder``."""
    from config.embedded import postgres

    postgres.initialise(folder)
    with open(folder / "postgres.log", "ab") as log:
        server = subprocess.Popen(postgres.server_command(folder, durable=True), stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while not postgres.accepts_connections(folder):
        if time.monotonic() > deadline:
            raise RuntimeError("PostgreSQL did not start")
        time.sleep(0.1)
    return server


def make_texts(count: int) -> list[str]:
    """Texts of random words, rare ones rarely."""
    numbers = random.Random(7)
    weights = [1 / rank for rank in range(10, VOCABULARY + 10)]
    words = [f"w{number}" for number in range(VOCABULARY)]
    return [" ".join(numbers.choices(words, weights, k=WORDS_PER_CHUNK)) for _ in range(count)]


def make_chunks(texts: list[str], embedder: WordEmbedder) -> None:
    """Fill the database with a chunk for each text, their vectors in the first set."""
    from django.db import connection

    from documents.embedders import create_index
    from documents.models import Chunk, ChunkEmbedding, DataSource, Document, DocumentVersion, EmbeddingSet, Status

    first = EmbeddingSet.objects.create(name="first", kind="shipped", dimensions=DIMENSIONS, state="active")
    source = DataSource.objects.create(name="Made up", slug="made-up")
    for start in range(0, len(texts), 1000):
        part = texts[start : start + 1000]
        document = Document.objects.create(
            source=source, filename=f"{start}.txt", size=1, sha256=f"{start:064x}", status=Status.READY
        )
        version = DocumentVersion.objects.create(
            document=document, number=1, kind="text", sha256="", text="", blocks=[]
        )
        chunks = Chunk.objects.bulk_create(
            Chunk(
                version=version, document=document, source=source, ordinal=number, start=0, end=0, text=text,
                tokens=WORDS_PER_CHUNK,
            )
            for number, text in enumerate(part)
        )  # fmt: skip
        ChunkEmbedding.objects.bulk_create(
            ChunkEmbedding(set=first, chunk=chunk, audience_id=source.pk, key=b"", vector=vector.tolist())
            for chunk, vector in zip(chunks, embedder.embed_passages(part), strict=True)
        )
    create_index(first, concurrently=True)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def recall(made_by: Any, embedder: WordEmbedder, questions: list[str]) -> float:
    """Share of the ten nearest chunks that a search by the set's index finds."""
    from django.db import connection, transaction

    from documents.retrieval import PREPARE, vector_text

    found = 0
    distance = f"vector::halfvec({DIMENSIONS}) <#> %s::halfvec({DIMENSIONS})"
    for question in questions:
        point = vector_text(embedder.embed_query(question))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(PREPARE)
            cursor.execute(NEAREST.format(set=made_by.pk, order=distance), [point])
            by_index = {row[0] for row in cursor.fetchall()}
            cursor.execute(NEAREST.format(set=made_by.pk, order=f"({distance}) + 0"), [point])
            found += len(by_index & {row[0] for row in cursor.fetchall()})
    return found / (10 * len(questions))


def uses_index(made_by: Any) -> bool:
    """Whether PostgreSQL takes the set's own index for that."""
    from django.db import connection

    distance = f"vector::halfvec({DIMENSIONS}) <#> array_fill(0.1, ARRAY[{DIMENSIONS}])::halfvec({DIMENSIONS})"
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + NEAREST.format(set=made_by.pk, order=distance))
        return any(made_by.index_name in row[0] for row in cursor.fetchall())


def search_times(questions: list[str], until: Callable[[], bool]) -> list[float]:
    """Milliseconds of searches, round and round until ``until``; each must find something by its vector."""
    from accounts.models import User
    from documents.retrieval import search

    user = User.objects.get(email="bench@example.com")
    times = []
    number = 0
    while not until():
        started = time.perf_counter()
        found = search(user=user, query=questions[number % len(questions)])
        times.append((time.perf_counter() - started) * 1000)
        if not found.passages or found.by_words:
            raise RuntimeError("a search found nothing")
        number += 1
    return times


def size_of(name: str) -> int:
    """Bytes of a table with all that belongs to it, or of an index."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(to_regclass(%s))", [name])
        return int(cursor.fetchone()[0])


def measure(count: int, rank: int, recall_only: bool) -> dict[str, Any]:
    """Everything, on a fresh database."""
    from django.core.management import call_command

    from accounts.models import User
    from documents import embedders
    from documents.ingest.rebuilding import build_slice
    from documents.models import EmbeddingSet

    call_command("migrate", verbosity=0)
    User.objects.create_user("bench@example.com", "x", role="admin")
    models = {"shipped": WordEmbedder("first", rank), "openai": WordEmbedder("second", rank)}
    embedders._embedder = lambda kind, *_rest: models[kind]  # type: ignore[assignment]
    texts = make_texts(count)
    make_chunks(texts, models["shipped"])
    numbers = random.Random(11)
    questions = [" ".join(numbers.sample(numbers.choice(texts).split(), 8)) for _ in range(QUESTIONS)]
    first = embedders.active_set()
    figures: dict[str, Any] = {"chunks": count, "recall_first": recall(first, models["shipped"], questions)}
    if recall_only:
        return figures
    times = {"before": search_times(questions, _after(10))}
    table = size_of("documents_chunkembedding")
    second = EmbeddingSet.objects.create(
        name="second", kind="openai", base_url="x", model="x", dimensions=DIMENSIONS, state="building"
    )
    done = threading.Event()
    during: list[float] = []
    asking = threading.Thread(target=lambda: during.extend(search_times(questions, done.is_set)))
    asking.start()
    started = time.perf_counter()
    token = build_slice()
    while token is not None:
        token = build_slice(token)
    figures["build_s"] = time.perf_counter() - started
    done.set()
    asking.join()
    if embedders.active_set() != second:
        raise RuntimeError("the second set is not searched")
    embedders.forget_searched_set()
    times |= {"during": during, "after": search_times(questions, _after(10))}
    figures["recall_second"] = recall(second, models["openai"], questions)
    figures["index_used"] = uses_index(first) and uses_index(second)
    figures["bytes_of_second"] = size_of("documents_chunkembedding") - table
    figures["index_bytes"] = size_of(second.index_name)
    embedders.drop_index(second)
    started = time.perf_counter()
    embedders.create_index(second, concurrently=True)
    figures["index_afterwards_s"] = time.perf_counter() - started
    for name, values in times.items():
        figures[f"p50_{name}_ms"] = statistics.median(values)
        figures[f"p95_{name}_ms"] = sorted(values)[int(0.95 * len(values))]
        figures[f"searches_{name}"] = len(values)
    return figures


def _after(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=20_000)
    parser.add_argument("--rank", type=int, default=24, help="directions that words differ in; 384 is the hardest")
    parser.add_argument("--recall-only", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fn-bench-"))
    os.environ |= {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": ""}
    sys.path.insert(0, str(ROOT))
    server = start_postgres(folder)
    try:
        import django

        django.setup()
        figures = measure(options.chunks, options.rank, options.recall_only)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
    for name, value in figures.items():
        print(f"{name:22} {value:.3f}" if isinstance(value, float) else f"{name:22} {value}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
