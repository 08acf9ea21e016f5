"""Counts how often a question is taken to say a filter though it says none: on questions written for other things.

    EVALDATA=../shared/evaldata python bench/said_filters.py [--json FILE]

None of the questions was asked of a collection with data sources, so every filter found is a mistake. To make it hard,
the titles of SQuAD's articles, places and departments are the names of data sources.
"""

import argparse
import gzip
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rag.said_filters import Known, said_filters  # noqa: E402 - the project's root must be on the path first

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
NAMES = (
    "HR", "Finance", "Legal", "Sales", "IT", "Library", "Policies", "Handbook", "Germany", "London", "Paris", "Europe",
    "Warsaw", "Berlin", "Personalabteilung", "Buchhaltung", "Bibliothek", "Vertrieb", "Handbuch", "Deutschland",
    "Warschau",
)  # fmt: skip
AUTHORS, TAGS = ("Ada Lovelace", "Kenneth Starr", "Luther"), ("travel", "art")


def main() -> None:
    """Count, print every mistake, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    sets = question_sets()
    articles = squad(EVALDATA / "qa" / "squad" / "dev-v2.0.json")
    titles = [article["title"].replace("_", " ") for article in articles]
    known = Known({name: name for name in (*titles, *NAMES)}, AUTHORS, TAGS)
    figures: dict[str, dict[str, float]] = {}
    for name, questions in sets.items():
        started, mistakes = time.process_time(), 0
        for question in questions:
            found = said_filters(question, known)
            mistakes += bool(found)
            if found:
                print(f"  {[each.key for each in found]}: {question}")
        ms = 1000 * (time.process_time() - started) / len(questions)
        figures[name] = {"questions": len(questions), "mistakes": mistakes, "ms": round(ms, 3)}
        print(f"{name:12} {len(questions):6} questions, {mistakes} mistakes, {ms:.2f} ms each")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def question_sets() -> dict[str, list[str]]:
    """English and German questions by the name of their set."""
    qa = EVALDATA / "qa"
    paths = {
        "squad": qa / "squad" / "dev-v2.0.json",
        "xquad en": qa / "xquad" / "xquad.en.json",
        "xquad de": qa / "xquad" / "xquad.de.json",
        "policyqa": EVALDATA / "train" / "policyqa" / "dev.json.gz",
    }
    found = {name: questions_of(squad(path)) for name, path in paths.items()}
    lines = [
        line
        for part in ("answerable", "unanswerable")
        for line in (qa / "clapnq" / f"clapnq_dev_{part}.jsonl").read_text("utf-8").splitlines()
    ]
    return found | {"clapnq": [json.loads(line)["input"] for line in lines]}


def squad(path: Path) -> list[dict[str, Any]]:
    """The articles of a file in SQuAD's shape."""
    data = path.read_bytes()
    articles: list[dict[str, Any]] = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)["data"]
    return articles


def questions_of(articles: list[dict[str, Any]]) -> list[str]:
    """All their questions."""
    return [row["question"] for article in articles for each in article["paragraphs"] for row in each["qas"]]


if __name__ == "__main__":
    main()
