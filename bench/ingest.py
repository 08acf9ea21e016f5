"""Measures ingest: a whole corpus from the first upload to the last document searchable, on the real application.

    EVALDATA=../shared/evaldata python bench/ingest.py [--workers 1,2] [--files N] [--join N] [--json FILE]

For each number of worker processes it starts Footnote as ``make up`` does, on an empty DATA_DIR, uploads the files
through the API, and waits until all are ready. Beside it the bare embedder embeds the same chunks in this process with
all cores: the ratio says what everything else costs. With ``--join`` so many files are one document, of the same text:
what a document costs is told from what a chunk costs. Then it asks how long a search takes while documents are read,
and last comes parsing alone, by kind of file, in the sandbox.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import httpx2  # noqa: E402 - the project's root must be on the path first
import psutil  # noqa: E402

from bench.measures.application import running  # noqa: E402
from rag.chunking import chunk, embedding_text  # noqa: E402
from rag.embeddings import available_cores, shipped_embedder  # noqa: E402
from rag.errors import ParsingError  # noqa: E402
from rag.parsing.sandbox import ParsingSandbox  # noqa: E402

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
CORPUS = EVALDATA / "corpora" / "18f-handbook"
UPLOADS_AT_ONCE = 4
LIMIT_S = 1200
LOOK_EVERY_S = 0.2
PROGRAMS = {
    "sandbox_server": "reading", "manage.py worker": "worker", "manage.py web": "web", "postgres": "PostgreSQL",
    "": "else",
}  # fmt: skip
"""What a process's command line tells it by, and the program it belongs to."""
SEARCHES = 100
ASK_EVERY_S = 1.0  # an answer costs the machine some of what is measured


def corpus_files(most: int | None) -> list[Path]:
    """Return the Markdown files of the corpus that hold text."""
    if not CORPUS.exists():
        raise SystemExit(f"{CORPUS} is missing. Set EVALDATA to the folder of the evaluation data.")
    found = [path for path in sorted(CORPUS.rglob("*.md")) if path.stat().st_size > 0]
    return found[:most]


def joined(files: list[Path], each: int, folder: Path) -> list[Path]:
    """Write so many files as one, one after the other, and return those that were written."""
    made = []
    for first in range(0, len(files), each):
        made.append(folder / f"{first:04}.md")
        made[-1].write_bytes(b"\n\n".join(path.read_bytes() for path in files[first : first + each]))
    return made


class Memory:
    """Watches the memory of the worker processes: the most that all of them held at once, and the most of one."""

    def __init__(self, application: int) -> None:
        self.all_mib = self.one_mib = 0.0
        self._application = psutil.Process(application)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join(5)

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            sizes = [self._size(each) for each in self._application.children(recursive=True)]
            self.all_mib = max(self.all_mib, sum(sizes))
            self.one_mib = max(self.one_mib, *sizes, 0.0)

    def _size(self, process: psutil.Process) -> float:
        """Return the proportional set size in MiB of a worker process or one of its parsers, 0 for any other."""
        try:
            words = process.cmdline()
            if words[-1:] != ["worker"] and "rag.parsing.sandbox_server" not in words:
                return 0.0
            return float(process.memory_full_info().pss) / 2**20
        except psutil.Error:
            return 0.0


def processor_seconds(application: int) -> dict[str, float]:
    """Return how long each of Footnote's programs has computed, its ended children included."""
    spent: dict[str, float] = defaultdict(float)
    for process in psutil.Process(application).children(recursive=True):
        try:
            words, times = " ".join(process.cmdline()), process.cpu_times()
        except psutil.Error:
            continue
        found = (name for name in PROGRAMS if name in words)
        spent[PROGRAMS[next(found, "")]] += times.user + times.system + times.children_user + times.children_system
    return spent


def ingest(files: list[Path], workers: int) -> dict[str, float]:
    """Return seconds from the first upload to the last document searchable, and the memory it took."""
    with running(workers) as application, httpx2.Client(headers=application.token(), timeout=60) as client:
        address = f"{application.address}/api/v1"
        source = client.post(f"{address}/sources", json={"name": "Bench"}).raise_for_status().json()["slug"]
        memory = Memory(application.pid)
        before = processor_seconds(application.pid)
        started = time.perf_counter()

        def upload(path: Path) -> str:
            with path.open("rb") as file:
                fields: dict[str, Any] = {"files": {"file": (path.name, file)}, "data": {"source": source}}
                return str(client.post(f"{address}/documents", **fields).raise_for_status().json()["id"])

        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            documents = len(set(pool.map(upload, files)))
        uploaded = time.perf_counter() - started
        while time.perf_counter() - started < LIMIT_S:
            ended = sum(
                client.get(f"{address}/documents", params={"source": source, "status": status, "page_size": 1})
                .raise_for_status()
                .json()["total"]
                for status in ("ready", "failed")
            )
            if ended == documents:
                break
            time.sleep(ASK_EVERY_S)
        else:
            raise SystemExit(f"Not ready within {LIMIT_S} s.")
        seconds = time.perf_counter() - started
        memory.stop()
        after = processor_seconds(application.pid)
        ready = client.get(f"{address}/documents", params={"source": source, "status": "ready", "page_size": 1}).json()
    return {
        "seconds": seconds, "upload_seconds": uploaded, "ready": ready["total"], "memory_mib": memory.all_mib,
        "largest_process_mib": memory.one_mib,
        **{f"{name} ms a file": (after[name] - before[name]) / len(files) * 1000 for name in after},
    }  # fmt: skip


def search_beside(files: list[Path]) -> dict[str, float]:
    """Return the milliseconds of a search through the API, median and 95th percentile, at rest and beside an ingest."""
    with running(2) as application, httpx2.Client(headers=application.token(), timeout=60) as client:
        address = f"{application.address}/api/v1"

        def search(number: int) -> float:
            question = {"query": f"Who decides about leave, travel and equipment in case {number}?", "k": 8}
            started = time.perf_counter()
            client.post(f"{address}/search", json=question).raise_for_status()
            return (time.perf_counter() - started) * 1000

        for number in range(20):
            search(number)
        row = percentiles("at rest", [search(number) for number in range(SEARCHES)])
        for path in files:
            with path.open("rb") as file:
                client.post(f"{address}/documents", files={"file": (path.name, file)}).raise_for_status()
        busy = []
        for number in range(SEARCHES):
            busy.append(search(number))
            time.sleep(0.05)
        left = client.get(f"{address}/documents", params={"status": "received", "page_size": 1}).json()["total"]
        if not left:
            raise SystemExit("The ingest ended before the searches; give it more files.")
        return row | percentiles("beside an ingest", busy)


def percentiles(name: str, times: list[float]) -> dict[str, float]:
    """Return median and 95th percentile under a name each."""
    cuts = statistics.quantiles(times, n=20)
    return {f"{name} p50 ms": cuts[9], f"{name} p95 ms": cuts[18]}


def bare_embedder(files: list[Path]) -> tuple[float, float, int]:
    """Return the seconds that the embedder alone takes for the chunks of the files, those it computes, and how many."""
    embedder = shipped_embedder()
    texts: list[str] = []
    with sandbox() as limited:
        for path in files:
            try:
                document = limited.parse(path, path.name)
            except ParsingError:
                continue
            texts += [embedding_text(each, document.title, embedder) for each in chunk(document, embedder)]
    started, computed = time.perf_counter(), time.process_time()
    embedder.embed_passages(texts)
    return time.perf_counter() - started, time.process_time() - computed, len(texts)


@contextmanager
def sandbox() -> Iterator[ParsingSandbox]:
    """Give a sandbox and close it."""
    limited = ParsingSandbox()
    try:
        yield limited
    finally:
        limited.close()


def parsing_alone() -> dict[str, dict[str, float]]:
    """Return for each kind how many files of the quick selection were read, their size and the seconds it took."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: {"files": 0, "bytes": 0, "seconds": 0.0})
    names = (EVALDATA / "docs" / "CORE.txt").read_text(encoding="utf-8").split("\n")
    with sandbox() as limited:
        for path in (EVALDATA / name for name in names if name):
            if not path.is_file():
                continue
            started = time.perf_counter()
            try:
                document = limited.parse(path, path.name)
            except ParsingError:
                continue
            row = found[document.kind]
            row["files"] += 1
            row["bytes"] += path.stat().st_size
            row["seconds"] += time.perf_counter() - started
    return dict(found)


def main() -> None:
    """Print the tables, and write the figures as JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2", help="numbers of worker processes (default 1,2)")
    parser.add_argument("--files", type=int, help="only so many files")
    parser.add_argument("--join", type=int, default=1, help="join so many files to one document (default 1)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fn-") as folder:
        files = joined(corpus_files(options.files), options.join, Path(folder))
        figures = measured(files, list(map(int, options.workers.split(","))))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def measured(files: list[Path], workers_counts: list[int]) -> dict[str, Any]:
    """Print the tables and return their figures."""
    size = sum(path.stat().st_size for path in files)
    print(f"Ingest of {len(files)} Markdown files, {size / 1e6:.2f} MB, {available_cores()} cores")
    figures: dict[str, Any] = {}
    bare, computed, chunks = bare_embedder(files)
    print(
        f"bare embedder: {chunks} chunks in {bare:.1f} s, {chunks / bare:.1f} chunks/s, "
        f"{computed / len(files) * 1000:.0f} ms of processor time a file"
    )
    for workers in workers_counts:
        row = ingest(files, workers)
        again, _, _ = bare_embedder(files)
        row |= {"bare_seconds": (bare + again) / 2, "share_of_bare": (bare + again) / 2 / row["seconds"]}
        bare = again
        figures[f"workers {workers}"] = row
        rate = f"{len(files) / row['seconds']:.1f} files/s, {size / 1000 / row['seconds']:.1f} KB/s"
        print(
            f"{workers} workers: {row['seconds']:.1f} s ({rate}), {row['ready']:.0f} ready; uploaded in "
            f"{row['upload_seconds']:.1f} s; {row['share_of_bare']:.2f} of the bare embedder's rate; memory of all "
            f"worker processes at most {row['memory_mib']:.0f} MiB, of one {row['largest_process_mib']:.0f} MiB"
        )
        spent = {name: value for name, value in row.items() if name.endswith(" ms a file")}
        print(
            "  processor time: "
            + ", ".join(f"{name[:-10]} {value:.0f}" for name, value in spent.items())
            + " ms a file"
        )
    figures["search"] = search_beside(files)
    print(
        "\nOne search through the API: " + ", ".join(f"{name} {value:.0f}" for name, value in figures["search"].items())
    )
    print(f"\nParsing alone, in the sandbox\n{'':10}{'files':>6}{'KB':>10}{'files/s':>10}{'KB/s':>10}")
    figures["parsing"] = parsing_alone()
    for kind, row in sorted(figures["parsing"].items()):
        speed = f"{row['files'] / row['seconds']:>10.1f}{row['bytes'] / 1000 / row['seconds']:>10.1f}"
        print(f"{kind:10}{row['files']:>6.0f}{row['bytes'] / 1000:>10.1f}{speed}")
    return figures


if __name__ == "__main__":
    main()
