"""Measures retrieval: ``manage.py benchmark retrieval`` on SQuAD paragraphs, and on SciFact with a hundred claims.

    EVALDATA=../shared/evaldata python bench/retrieval.py [--queries 100] [--json FILE]

Footnote is started as ``make up`` does, on an empty DATA_DIR. ``--queries 0`` asks all of SciFact's claims.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.measures.application import Application, running  # noqa: E402 - the project's root must be on the path first
from scripts.beir import EVALDATA, convert  # noqa: E402

LIMIT_S = 1800


def benchmark(dataset: Path, application: Application, *options: str) -> dict[str, Any]:
    """Run the command, which prints its table, and return its figures without those of each query."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        words = ["manage.py", "benchmark", "retrieval", str(dataset), "--json", file.name, *options]
        subprocess.run([sys.executable, *words], cwd=ROOT, env=application.environment, check=True, timeout=LIMIT_S)
        figures: dict[str, Any] = json.load(file)
    del figures["queries"]
    for row in figures["configurations"].values():
        del row["scores"]
    return figures


def main() -> None:
    """Measure both sets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=100, metavar="N", help="of SciFact; 100, all with 0")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    squad = EVALDATA / "qa" / "squad-retrieval"
    if not squad.exists():
        raise SystemExit(f"{squad} is missing. Set EVALDATA to the folder of the evaluation data.")
    some = ["--queries", str(options.queries)] if options.queries else []
    with tempfile.TemporaryDirectory(prefix="fn-") as folder:
        scifact = Path(folder) / "scifact"
        convert("scifact", scifact)
        with running() as application:
            figures = {"squad-retrieval": benchmark(squad, application)}
            print()
            figures["scifact"] = benchmark(scifact, application, *some)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
