"""Measures what is searched for a question: follow-ups, compound and long questions over the demo's documents.

    EVALDATA=../shared/evaldata python bench/queries.py [--json FILE]

Footnote is started as ``make up`` does, on an empty DATA_DIR. Beside the demo's 12 short documents the 246 pages of a
handbook are searched, so that there is something else to find. The questions: bench/measures/demo_questions.json.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.measures.application import ADMIN, running  # noqa: E402 - the project's root must be on the path first
from rag.follow_ups import leans_back  # noqa: E402
from rag.generation import Turn  # noqa: E402

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
QUESTIONS = json.loads((ROOT / "bench" / "measures" / "demo_questions.json").read_text("utf-8"))
FIRST, READ, TOKENS = 5, 8, 6_000
INGEST_S = 600


def main() -> None:
    """Print the figures, and write them as JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with running() as application:
        set_up(application.environment)
        figures = measure()
    for name, value in figures.items():
        print(f"{name:70} {value:8.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def set_up(environment: Mapping[str, str]) -> None:
    """Make this process one of the application's, with the handbook among the documents, all of them searchable."""
    os.environ.update(environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from accounts.models import User
    from documents.models import DataSource, Document
    from documents.services import document_upload

    admin = User.objects.get(email=ADMIN)
    source, made = DataSource.objects.get_or_create(slug="handbook", defaults={"name": "Handbook", "owner": admin})
    if made:
        for path in sorted((EVALDATA / "corpora" / "18f-handbook").rglob("*.md")):
            with path.open("rb") as file:
                document_upload(user=admin, source=source, file=file, filename="-".join(path.parts[-2:]))
    deadline = time.monotonic() + INGEST_S
    while Document.objects.unfinished().exists():
        if time.monotonic() > deadline:
            raise SystemExit("The documents were not ready in time.")
        time.sleep(1)


def measure() -> dict[str, float]:
    """All figures: what is found, and what is quoted without a model, with the question as asked and understood."""
    return {**follow_ups(), **several("compound"), **several("long")}


def follow_ups() -> dict[str, float]:
    """The share of follow-ups whose answer is among the first five passages, and of questions with their own topic."""
    figures: dict[str, float] = {}
    for name, rows in {
        "follow-ups": [row for row in QUESTIONS["conversations"] if not row["alone"]],
        "own topic": [row for row in QUESTIONS["conversations"] if row["alone"]],
        "unanswerable": QUESTIONS["unanswerable"],
    }.items():
        figures[f"{name}: taken to lean on the conversation"] = mean(leans_back(row["question"]) for row in rows)
        for how in ("as asked", "understood"):
            turns = [history(row["before"]) if how == "understood" else [] for row in rows]
            asked = [ask(row["question"], its) for row, its in zip(rows, turns, strict=True)]
            figures[f"{name}, {how}: answered"] = mean(bool(each.quotes) for each in asked)
            if name == "unanswerable":
                continue
            ranks = [rank(each.found, row) for each, row in zip(asked, rows, strict=True)]
            figures[f"{name}, {how}: recall@{FIRST}"] = mean(place <= FIRST for place in ranks)
            figures[f"{name}, {how}: MRR@10"] = mean(1 / place if place <= 10 else 0.0 for place in ranks)
            figures[f"{name}, {how}: read"] = mean(
                rank(each.read, row) <= READ for each, row in zip(asked, rows, strict=True)
            )
            figures[f"{name}, {how}: quoted"] = mean(quoted(each, row) for each, row in zip(asked, rows, strict=True))
    return figures


def several(kind: str) -> dict[str, float]:
    """The share of what is wanted that is among the eight passages read, and that is quoted."""
    figures: dict[str, float] = {}
    for how in ("as asked", "understood"):
        asked = [(row, ask(row["question"], [], whole=how == "as asked")) for row in QUESTIONS[kind]]
        pairs = [(each, wanted) for row, each in asked for wanted in row["wanted"]]
        figures[f"{kind}, {how}: read"] = mean(rank(each.read, wanted) <= READ for each, wanted in pairs)
        figures[f"{kind}, {how}: quoted"] = mean(quoted(each, wanted) for each, wanted in pairs)
        figures[f"{kind}, {how}: all read"] = mean(
            all(rank(each.read, wanted) <= READ for wanted in row["wanted"]) for row, each in asked
        )
    return figures


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search found, best first, what of it is read, and the quotes: each with its document's name."""

    found: list[Any]
    read: list[Any]
    quotes: list[tuple[str, str]]


def ask(question: str, before: Sequence[Turn], *, whole: bool = False) -> Asked:
    """Ask as a chat does without a language model; ``whole``: without taking the question apart."""
    from accounts.models import User
    from chat.answering.finding import Finding, find
    from chat.answering.understanding import by_rule
    from rag.embeddings import shipped_embedder
    from rag.generation import PromptPassage, QuestionPart
    from rag.generation.extractive import DEFAULT_THRESHOLD, ExtractiveAnswerer

    user = User.objects.get(email=ADMIN)
    understood = by_rule(user, question, before)
    queries = (question,) if whole else understood.queries
    parts = (QuestionPart(question, question),) if whole else understood.parts
    found = find(Finding(user, question, queries, None, READ, TOKENS))
    passages = [
        PromptPassage(number, each.read_text, each.title, each.filename, each.heading, each.page, each.score)
        for number, each in enumerate(found.passages, start=1)
    ]
    said = " ".join(" ".join(turn.text.split()) for turn in before if turn.role == "assistant")
    quotes: list[tuple[str, str]] = []
    for part in parts:
        choice = ExtractiveAnswerer(shipped_embedder()).choose_next(part, passages, said)
        if choice.probability >= DEFAULT_THRESHOLD:
            quotes += [(passages[q.passage].filename, passages[q.passage].text[q.start : q.end]) for q in choice.quotes]
    return Asked(list(found.pool.passages), list(found.passages), quotes)


def quoted(asked: Asked, wanted: Mapping[str, str]) -> bool:
    """Whether a quote holds the beginning of what is wanted, or is a part of it."""
    sentence = " ".join(wanted["quote"].split())
    quotes = [" ".join(text.split()) for name, text in asked.quotes if name == wanted["document"]]
    return any(sentence[:40] in quote or quote in sentence for quote in quotes)


def history(turns: Iterable[Sequence[str]]) -> list[Turn]:
    """Questions with their answers as a conversation."""
    return [turn for question, answer in turns for turn in (Turn("user", question), Turn("assistant", answer))]


def rank(passages: Sequence[Any], wanted: Mapping[str, str]) -> int:
    """The rank of the first passage that holds the quote, from 1; 1000 where none does."""
    quote = " ".join(wanted["quote"].split())
    for place, passage in enumerate(passages, start=1):
        if passage.filename == wanted["document"] and quote in " ".join(passage.text.split()):
            return place
    return 1000


def mean(values: Iterable[float]) -> float:
    """The mean; 0 of nothing."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


if __name__ == "__main__":
    main()
