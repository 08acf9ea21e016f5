"""Measures what parsing keeps of documents whose text is known: words, order, table cells, facts, pages of scans.

    EVALDATA=../shared/evaldata python bench/fidelity.py [--json FILE] [--compare] [--only ENDING ...]

For each format: the share of the truth's words that were read, the share of the words read that are in the truth, the
edit similarity of the two sequences, the table cells found, seconds, and the most memory of a parsing process. Files
are read through the sandbox; formats that have no reader yet are left out. ``--compare`` reads them with other
libraries too, those that this interpreter has. Scans are made here: pages of PDF files with text are rendered at
150 dpi with noise, so that their text is known.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.measures import peers  # noqa: E402 - the project's root must be on the path first
from bench.measures.fidelity import cells_found, holds, word_score, words  # noqa: E402
from bench.measures.reading import PEAK  # noqa: E402
from bench.measures.scans import made_scans  # noqa: E402
from rag.errors import ParsingError  # noqa: E402
from rag.parsing.sandbox import ParsingSandbox  # noqa: E402

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
TIMEOUT_S = 300.0
UNREAD = ("unsupported_type",)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader made of one file; ``text`` is empty when it failed, ``skipped`` when it does not know the kind."""

    text: str
    seconds: float
    peak_mb: int
    skipped: bool = False


Reader = Callable[[Path], Reading]


@dataclass(slots=True)
class Row:
    """The sums over the files of one format."""

    files: int = 0
    truth: int = 0
    read: int = 0
    shared: int = 0
    order: float = 0.0
    cells: int = 0
    cells_truth: int = 0
    seconds: float = 0.0
    peak_mb: int = 0
    unread: list[str] = field(default_factory=list)

    def add(self, name: str, truth: str, reading: Reading) -> None:
        """Count one file."""
        score = word_score(words(truth), words(reading.text))
        found, expected = cells_found(truth, reading.text)
        self.files += 1
        self.truth += score.truth
        self.read += score.read
        self.shared += score.shared
        self.order += score.order
        self.cells += found
        self.cells_truth += expected
        self.seconds += reading.seconds
        self.peak_mb = max(self.peak_mb, reading.peak_mb)
        if not reading.text.strip():
            self.unread.append(name)

    def figures(self) -> dict[str, object]:
        """The row as shares."""
        return {
            "files": self.files,
            "recall": round(self.shared / max(self.truth, 1), 4),
            "precision": round(self.shared / max(self.read, 1), 4),
            "order": round(self.order / max(self.files, 1), 4),
            "cells": self.cells,
            "cells_truth": self.cells_truth,
            "seconds": round(self.seconds, 3),
            "peak_mb": self.peak_mb,
            "unread": self.unread,
        }


def footnote(sandbox: ParsingSandbox, path: Path) -> Reading:
    """Read with Footnote, through the sandbox."""
    begin = time.perf_counter()
    try:
        document = sandbox.parse(path, path.name)
    except ParsingError as error:
        return Reading("", time.perf_counter() - begin, 0, skipped=error.code in UNREAD)
    peak = next(int(note.message) for note in document.notes if note.code == PEAK)
    return Reading(document.text, time.perf_counter() - begin, peak)


def peer(name: str, path: Path) -> Reading:
    """Read with another library, in a process of its own."""
    if name in peers.PDF_ONLY and path.suffix.lower() != ".pdf":
        return Reading("", 0.0, 0, skipped=True)
    try:
        done = subprocess.run(
            [sys.executable, peers.__file__, name, str(path)], capture_output=True, timeout=TIMEOUT_S, check=True
        )
        answer = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError):
        return Reading("", TIMEOUT_S, 0)
    return Reading(answer.get("text", ""), answer["seconds"], answer["peak_mb"])


def known_texts(folder: Path, only: Sequence[str]) -> Iterator[tuple[str, Path, str]]:
    """Each file with text beside it, as (format, file, truth)."""
    for truth in sorted(folder.rglob("*.gt.md")):
        source = truth.with_name(truth.name.removesuffix(".gt.md"))
        ending = source.suffix.lstrip(".")
        if source.is_file() and (not only or ending in only):
            yield ending, source, truth.read_text("utf-8")


def facts(folder: Path) -> Iterator[tuple[Path, list[dict[str, object]]]]:
    """olmOCR-bench's facts for each PDF that is there, formulas left out."""
    gathered: dict[str, list[dict[str, object]]] = {}
    for line in (folder / "dataset.jsonl").read_text("utf-8").splitlines():
        if line.strip():
            fact = json.loads(line)
            gathered.setdefault(fact["pdf"], []).append(fact)
    for name, found in sorted(gathered.items()):
        if (folder / "pdfs" / name).is_file():
            yield folder / "pdfs" / name, [fact for fact in found if fact["type"] != "math"]


def measure(reader: Reader, data: Path, scans: Sequence[tuple[Path, str]], only: Sequence[str]) -> dict[str, object]:
    """All figures of one reader."""
    rows: dict[str, Row] = {}
    for ending, source, truth in known_texts(data / "docs/ground-truth/docling", only):
        reading = reader(source)
        if not reading.skipped:
            rows.setdefault(ending, Row()).add(source.name, truth, reading)
    if not only or "pdf" in only:
        for path, truth in scans:
            reading = reader(path)
            if not reading.skipped:
                rows.setdefault("scan", Row()).add(path.name, truth, reading)
    held: dict[str, list[int]] = {}
    failed: list[str] = []
    if not only or "pdf" in only:
        for path, found in facts(data / "docs/ground-truth/olmocr-bench"):
            text = reader(path).text
            for fact in found:
                counts = held.setdefault(str(fact["type"]), [0, 0])
                true = holds(fact, text)
                counts[0] += true
                counts[1] += 1
                if not true:
                    failed.append(str(fact["id"]))
    return {"formats": {name: row.figures() for name, row in rows.items()}, "facts": held, "failed": failed}


def show(name: str, figures: dict[str, object]) -> None:
    """Print one reader's table."""
    print(f"\n{name}")
    print(f"{'format':10}{'files':>6}{'recall':>8}{'prec.':>8}{'order':>8}{'cells':>12}{'s':>9}{'MB':>6}  unread")
    rows = figures["formats"]
    assert isinstance(rows, dict)
    for ending, row in rows.items():
        cells = f"{row['cells']}/{row['cells_truth']}" if row["cells_truth"] else "-"
        print(
            f"{ending:10}{row['files']:6}{row['recall']:8.3f}{row['precision']:8.3f}{row['order']:8.3f}{cells:>12}"
            f"{row['seconds']:9.2f}{row['peak_mb']:6}  {len(row['unread']) or ''}"
        )
    held = figures["facts"]
    assert isinstance(held, dict)
    print("facts:", ", ".join(f"{kind} {true}/{total}" for kind, (true, total) in held.items()))


def main() -> None:
    """Measure and print; see the module's docstring."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--compare", action="store_true")
    arguments.add_argument("--only", nargs="*", default=[])
    options = arguments.parse_args()
    if not EVALDATA.is_dir():
        raise SystemExit(f"{EVALDATA} is missing. Set EVALDATA to the folder of the evaluation data.")
    results: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        scans = made_scans(EVALDATA / "docs/pdf", Path(folder))
        sandbox = ParsingSandbox(parser="bench.measures.reading:parse_measured")
        try:
            readers: dict[str, Reader] = {"footnote": partial(footnote, sandbox)}
            if options.compare:
                readers |= {name: partial(peer, name) for name in peers.installed()}
            for name, reader in readers.items():
                figures = measure(reader, EVALDATA, scans, options.only)
                results[name] = figures
                show(name, figures)
        finally:
            sandbox.close()
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
