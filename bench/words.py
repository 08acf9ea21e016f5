"""Measures the words of keyword search: what stemming, titles and BM25's constants give, and how languages are told.

    EVALDATA=../shared/evaldata python bench/words.py [--json FILE]

Every set is ranked exactly, in memory. A set's figure is nDCG@10 where a question has several right passages (SciFact,
Cranfield), else MRR@10; at most a thousand questions a set. *Tuning* are two of three questions, *rest* the third.
"""

import argparse
import gettext
import importlib
import importlib.util
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import django  # noqa: E402 - the project's root must be on the path first
import numpy as np  # noqa: E402

from bench.measures.ranking import Quality, quality  # noqa: E402
from bench.measures.word_sets import QuestionSet, question_sets  # noqa: E402
from rag.lexical import chunk_terms, language_of, question_terms  # noqa: E402
from rag.lexical.bm25 import K1, B, Index  # noqa: E402

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
CONSTANTS = [(0.6, 0.75), (0.9, 0.75), (1.2, 0.75), (1.5, 0.75), (2.0, 0.75), (1.2, 0.45), (1.2, 0.6), (1.2, 0.9)]
SEVERAL_RIGHT = {"scifact", "cranfield"}
MOST_QUESTIONS = 1000
# Django's names of the languages whose own names differ, and those that its translations and this project call one.
RENAMED = {"nb": "no", "nn": "no", "zh_Hans": "zh", "zh_Hant": "zh"}
CANNOT_TELL = {"hr", "sr", "sr_Latn", "bs", "ms", "id"}  # one language each with a neighbour, by any rule


@dataclass(frozen=True)
class Held:
    """A set as it is searched: its index and its questions' terms."""

    index: Index
    groups: list[list[tuple[str, ...]]]


def main_figure(name: str, found: Quality) -> float:
    """Return the figure that stands for a set."""
    return found.ndcg_at_10 if name in SEVERAL_RIGHT else found.mrr_at_10


def held(row: QuestionSet, questions: list[str], stemmed: bool, titles: int) -> Held:
    """Return a set's chunks and questions, stemmed or not, with the title left out, once or as it counts (2)."""
    language = row.language if stemmed else ""
    chunks = []
    for title, text in zip(row.titles, row.texts, strict=True):
        inside = f"{title}\n{text}" if titles == 1 else text
        chunks.append(chunk_terms(inside, language, title if titles == 2 else ""))
    return Held(Index(chunks), [question_terms(question, [language]) for question in questions])


def measure_set(row: QuestionSet) -> dict[str, Any]:
    """Return all figures of one set."""
    step = max(1, len(row.questions) // MOST_QUESTIONS)
    questions, gold = row.questions[::step], row.gold[::step]
    figures: dict[str, Any] = {"language": row.language, "chunks": len(row.texts), "questions": len(questions)}

    def ranked(found: Held, asked: Callable[[int], bool] = lambda _: True) -> Quality:
        return quality(lambda index: found.index.scores(found.groups[index]), gold, asked)

    shipped = held(row, questions, stemmed=True, titles=2)
    figures |= vars(ranked(shipped))
    figures["unstemmed"] = main_figure(row.name, ranked(held(row, questions, stemmed=False, titles=2)))
    if any(row.titles):
        for titles in (0, 1):
            found = ranked(held(row, questions, stemmed=True, titles=titles))
            figures[f"titles_{titles}"] = main_figure(row.name, found)
    for k1, b in CONSTANTS:
        shipped.index.weigh(k1, b)
        for part, asked in (("tuning", lambda index: index % 3 != 2), ("rest", lambda index: index % 3 == 2)):
            figures[f"{part}_{k1}_{b}"] = main_figure(row.name, ranked(shipped, asked))
    return figures


def speed(row: QuestionSet) -> dict[str, float]:
    """Return milliseconds of processor time for a chunk of 1,000 characters, for a question and for a document."""
    texts = row.texts[:400]
    thousands = sum(map(len, texts)) / 1000
    questions = row.questions[:400]
    languages = ["en", "de", "fr", "es", "tr", "ru", "ar", "zh"]
    return {
        "chunk_ms": processor_ms(lambda: [chunk_terms(text, row.language) for text in texts]) / thousands,
        "question_ms": processor_ms(lambda: [question_terms(q, languages) for q in questions]) / len(questions),
        "language_ms": processor_ms(lambda: [language_of(text) for text in texts]) / len(texts),
    }


def processor_ms(call: Callable[[], object]) -> float:
    """Return the processor time of a call."""
    start = time.process_time()
    call()
    return 1000 * (time.process_time() - start)


def translations() -> Iterator[tuple[str, list[str]]]:
    """Yield each language of Django's own translations with its messages of forty characters and more."""
    found: dict[str, set[str]] = {}
    for path in sorted(Path(django.__file__).parent.glob("**/locale/*/LC_MESSAGES/django.mo")):
        name = path.parts[-3]
        with path.open("rb") as file:
            catalog = vars(gettext.GNUTranslations(file))["_catalog"]
        messages = {text for key, text in catalog.items() if key and text != key and len(text) >= 40}
        if name not in CANNOT_TELL:
            found.setdefault(RENAMED.get(name, name), set()).update(messages)
    for name, texts in sorted(found.items()):
        yield name, [re.sub(r"%\(\w+\)s|%\w|\{\w*\}|<[^>]*>", " ", text) for text in sorted(texts)]


def told(detect: Callable[[str], str], sets: list[QuestionSet]) -> dict[str, float]:
    """Return how often a language is told right: of a set's paragraphs and questions, of translated messages."""
    figures: dict[str, float] = {}
    for row in sets:
        paragraphs, questions = row.texts[:240], row.questions[:240]
        figures[f"{row.name} paragraphs"] = share(detect, paragraphs, row.language)
        figures[f"{row.name} questions"] = share(detect, questions, row.language)
    documents, messages = [], []
    for language, texts in translations():
        joined = ["\n".join(texts[first : first + 10]) for first in range(0, len(texts) - 9, 10)]
        if joined and share(language_of, joined, language) > 0:  # those of which this project knows the name
            documents.append(share(detect, joined, language))
            messages.append(share(detect, texts[:150], language))
    figures["languages translated"] = len(documents)
    figures["ten messages"] = float(np.mean(documents))
    figures["one message"] = float(np.mean(messages))
    return figures


def share(detect: Callable[[str], str], texts: list[str], language: str) -> float:
    """Return which share of texts is told to be in a language."""
    return sum(detect(text) == language for text in texts) / len(texts)


def py3langid() -> Callable[[str], str] | None:
    """Return the detector of py3langid, where it is installed."""
    if importlib.util.find_spec("py3langid") is None:
        print("py3langid is not installed: pip install -r requirements-bench.txt")
        return None
    classify = importlib.import_module("py3langid.langid").classify
    renamed = {"nb": "no", "nn": "no"}
    return lambda text: renamed.get(classify(text)[0], classify(text)[0])


def show(figures: dict[str, Any]) -> None:
    """Print the tables."""
    print(f"{'':12}{'chunks':>7}{'asked':>7}{'R@1':>8}{'MRR@10':>8}{'nDCG@10':>9}{'unstemmed':>11}{'title 0, 1':>16}")
    for name, row in figures["sets"].items():
        titles = f"{row['titles_0']:.4f} {row['titles_1']:.4f}" if "titles_0" in row else ""
        main = f"{row['recall_at_1']:>8.4f}{row['mrr_at_10']:>8.4f}{row['ndcg_at_10']:>9.4f}{row['unstemmed']:>11.4f}"
        print(f"{name:12}{row['chunks']:>7}{row['questions']:>7}{main}{titles:>16}")
    print("\nMeans over the sets, tuning and rest")
    for k1, b in CONSTANTS:
        parts = [np.mean([row[f"{part}_{k1}_{b}"] for row in figures["sets"].values()]) for part in ("tuning", "rest")]
        print(f"k1 {k1}, b {b:<5} {parts[0]:.4f} {parts[1]:.4f}{'  ships' if (k1, b) == (K1, B) else ''}")
    print(f"\n{'languages told right':24}" + "".join(f"{name:>12}" for name in figures["languages"]))
    for what in figures["languages"]["own rule"]:
        print(f"{what:24}" + "".join(f"{row[what]:>12.3f}" for row in figures["languages"].values()))
    print("\nProcessor time, ms: 1,000 characters of a chunk, a question in eight languages, a paragraph's language")
    for name, row in figures["speed"].items():
        print(f"{name:12}" + "".join(f"{value:>9.2f}" for value in row.values()))


def main() -> None:
    """Print the tables, and write the figures as JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    try:
        sets = list(question_sets(EVALDATA))
    except FileNotFoundError as missing:
        raise SystemExit(f"{missing.filename} is missing. Set EVALDATA to the folder of the evaluation data.") from None
    figures: dict[str, Any] = {"speed": {row.name: speed(row) for row in sets}}
    figures["sets"] = {row.name: measure_set(row) for row in sets}
    figures["languages"] = {"own rule": told(language_of, sets)}
    other = py3langid()
    if other is not None:
        figures["languages"]["py3langid"] = told(other, sets)
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
