"""Measures the search among very many chunks: times through the API, and what the approximate search misses.

    EVALDATA=../shared/evaldata python bench/scale.py [--chunks 100000] [--folder FOLDER] [--json FILE]

Footnote is started as ``make up`` does and its database filled (``measures/haystack.py``): a hundred thousand chunks
take some minutes and 1.5 GB, a million half an hour and 12 GB. With ``--folder`` the database is kept and, where it is
there already, filled up. Asked are SQuAD's questions, one after the other, then by eight clients at once.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import httpx2  # noqa: E402 - the project's root must be on the path first

from bench.measures.application import Application, running  # noqa: E402

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
WARM_UP, QUESTIONS, COMPARED = 600, 300, 100
CLIENTS, SECONDS = 8, 15.0
FILL_S = 4 * 3600
EVERYTHING = sys.maxsize


def questions() -> list[str]:
    """SQuAD's questions."""
    path = EVALDATA / "qa" / "squad-retrieval" / "queries.jsonl"
    if not path.exists():
        raise SystemExit(f"{path} is missing. Set EVALDATA to the folder of the evaluation data.")
    return [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]


def fill(application: Application, chunks: int, kept: Path) -> None:
    """Let the database hold so many chunks."""
    words = [sys.executable, "-m", "bench.measures.haystack", str(chunks), "--kept", str(kept)]
    subprocess.run(words, cwd=ROOT, env=application.environment, check=True, timeout=FILL_S)


def through_the_api(application: Application, asked: list[str]) -> dict[str, float]:
    """Milliseconds of one search after the other, and searches a second of eight clients at once.

    Other questions come before, and each is asked twice, until what searches read is in memory: of a million chunks
    hundreds of questions are not enough for that.
    """
    headers, address = application.token(), f"{application.address}/api/v1/search"
    with httpx2.Client(headers=headers, timeout=60) as client:

        def search(question: str) -> float:
            started = time.perf_counter()
            client.post(address, json={"query": question, "k": 8}).raise_for_status()
            return (time.perf_counter() - started) * 1000

        for question in asked[-WARM_UP:]:
            search(question)
        first, times = ([search(question) for question in asked[:QUESTIONS]] for _turn in range(2))
    cuts = statistics.quantiles(times, n=20)
    until = time.perf_counter() + SECONDS

    def keep_asking(number: int) -> int:
        done = 0
        with httpx2.Client(headers=headers, timeout=60) as client:
            while time.perf_counter() < until:
                question = asked[(number * 997 + done) % len(asked)]
                client.post(address, json={"query": question, "k": 8}).raise_for_status()
                done += 1
        return done

    with ThreadPoolExecutor(CLIENTS) as pool:
        done = sum(pool.map(keep_asking, range(CLIENTS)))
    return {
        "first p50 ms": statistics.median(first),
        "p50 ms": cuts[9],
        "p95 ms": cuts[18],
        "searches/s": done / SECONDS,
    }


def in_this_process(asked: list[str]) -> dict[str, Any]:
    """Milliseconds of each step, and recall@10 of each side against the same search with every chunk compared."""
    from accounts.models import User
    from documents.models import DataSource
    from documents.retrieval import Fusion, SearchSettings, search

    user = User.objects.filter(is_superuser=True).first() or User.objects.get(email="bench@example.com")
    sources: dict[str, Any] = {"all": None}
    sources |= {each.slug: [each.pk] for each in DataSource.objects.filter(slug__in=("small", "middle"))}
    times: dict[str, list[float]] = defaultdict(list)
    for question in asked[:QUESTIONS]:
        for step in search(user=user, query=question).steps:
            times[step.name].append(step.ms)
    figures: dict[str, Any] = {f"{name} p50 ms": statistics.median(its) for name, its in times.items()}
    figures["index alone p50 ms"] = index_alone(asked[:QUESTIONS])
    sides: tuple[Fusion, ...] = ("dense", "keyword")
    for side in sides:
        settings = SearchSettings(fusion=side, reranker="none")
        for name, its in sources.items():
            found = total = 0
            spent: list[float] = []
            for question in asked[:COMPARED]:
                ask: dict[str, Any] = {
                    "user": user,
                    "query": question,
                    "limit": 10,
                    "sources": its,
                    "settings": settings,
                }
                started = time.perf_counter()
                quick = {each.chunk_id for each in search(**ask).passages}
                spent.append((time.perf_counter() - started) * 1000)
                with every_chunk_compared():
                    right = {each.chunk_id for each in search(**ask).passages}
                found, total = found + len(quick & right), total + len(right)
            figures[f"{side}, {name}"] = {"recall@10": found / total, "p50 ms": statistics.median(spent)}
    return figures


def index_alone(asked: list[str]) -> float:
    """Milliseconds of a bare query of the vector index at ef_search 40: how fast this machine is at this moment."""
    from django.db import connection, transaction

    from documents.embedders import active_set, embedder_of
    from documents.retrieval import vector_text

    made_by = active_set()
    embedder = embedder_of(made_by)
    vector = f"vector::halfvec({made_by.dimensions})"
    statement = f"SELECT chunk_id FROM documents_chunkembedding WHERE set_id = %s ORDER BY {vector} <#> %s LIMIT 10"
    times = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.ef_search = 40")
        for question in asked:
            point = vector_text(embedder.embed_query(question))
            started = time.perf_counter()
            cursor.execute(statement, [made_by.pk, point])
            cursor.fetchall()
            times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


@contextmanager
def every_chunk_compared() -> Iterator[None]:
    """Searches in this process compare every chunk that may be seen."""
    from documents.retrieval import lexicon, statement

    with (
        mock.patch.object(statement, "EXACT_BELOW", EVERYTHING),
        mock.patch.object(lexicon, "MOST_POSTINGS", EVERYTHING),
    ):
        yield


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", default="100000", help="numbers of chunks, rising (default 100000)")
    parser.add_argument("--folder", type=Path, help="keep the database here")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    asked = questions()
    figures: dict[str, Any] = {}
    with running(folder=options.folder) as application:
        os.environ.update(application.environment, DJANGO_SETTINGS_MODULE="config.settings")
        import django

        django.setup()
        kept = (options.folder or Path(application.environment["DATA_DIR"])) / "real.pickle"
        for chunks in map(int, options.chunks.split(",")):
            fill(application, chunks, kept)
            figures[str(chunks)] = row = through_the_api(application, asked) | in_this_process(asked)
            print(f"{chunks} chunks")
            for name, value in row.items():
                told = value if isinstance(value, dict) else {"": value}
                print(f"  {name:22}" + ", ".join(f"{key} {each:.3g}".strip() for key, each in told.items()))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
