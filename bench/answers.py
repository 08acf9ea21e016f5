"""Measures the extractive answerer: does it find the sentence, does it know when there is none, how long does it take.

    EVALDATA=../shared/evaldata python bench/answers.py [--json FILE] [--quick]

Articles of SQuAD 2 that the weights were trained on are not measured. Everything else was never trained on.
"""

import argparse
import gzip
import json
import os
import random
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the project's root must be on the path first
from numpy.typing import NDArray  # noqa: E402

from rag.chunking import chunk  # noqa: E402
from rag.embeddings import Embedder, shipped_embedder  # noqa: E402
from rag.errors import ParsingError  # noqa: E402
from rag.generation import PromptPassage  # noqa: E402
from rag.generation.candidates import cut  # noqa: E402
from rag.generation.extractive import DEFAULT_THRESHOLD, ExtractiveAnswerer, fitted  # noqa: E402
from rag.parsing import parse  # noqa: E402
from rag.parsing.model import Block, ParsedDocument  # noqa: E402
from rag.reading_passages import Piece, choose, neighbours  # noqa: E402
from rag.sentences import sentence_spans  # noqa: E402
from rag.wording import content_words  # noqa: E402

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """A question, the passages it is asked against, and the spans that answer it: (passage index, start, end)."""

    question: str
    passages: tuple[PromptPassage, ...]
    gold: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a set, with the paragraph it belongs to and its answers' spans there; no answers: unanswerable."""

    question: str
    paragraph: int
    answers: tuple[tuple[int, int], ...]


class Embedded:
    """An embedder that remembers what it embedded; the sets repeat their sentences thousands of times."""

    def __init__(self, inner: Embedder) -> None:
        self.inner = inner
        self.name = inner.name
        self.dimensions = inner.dimensions
        self.max_tokens = inner.max_tokens
        self.seen: dict[str, Vectors] = {}

    def embed_passages(self, texts: Sequence[str], on_progress: Any = None) -> Vectors:
        """As the inner embedder's, from memory where it can be."""
        new = [text for text in dict.fromkeys(texts) if text not in self.seen]
        if new:
            self.seen.update(zip(new, self.inner.embed_passages(new), strict=True))
        return np.stack([self.seen[text] for text in texts]) if texts else np.zeros((0, self.dimensions), np.float32)

    def embed_query(self, text: str) -> Vectors:
        """As the inner embedder's."""
        vector: Vectors = self.embed_passages([fitted(text, self.inner)])[0]
        return vector

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """As the inner embedder's."""
        return self.inner.token_offsets(text)


class Pool:
    """Paragraphs to search: by embedding and by shared words, half and half, as the product's search does."""

    def __init__(self, passages: Sequence[PromptPassage], embedder: Embedded) -> None:
        self.passages = list(passages)
        self._embedder = embedder
        self._vectors = embedder.embed_passages([fitted(passage.text, embedder.inner) for passage in passages])
        self._words: dict[str, list[int]] = {}
        for index, passage in enumerate(passages):
            for word in set(content_words(f"{passage.title} {passage.heading} {passage.text}")):
                self._words.setdefault(word, []).append(index)

    def nearest(self, question: str, count: int) -> list[int]:
        """Indexes of the best paragraphs, best first."""
        dense = self._vectors @ self._embedder.embed_query(question)
        sparse = np.zeros(len(self.passages), np.float32)
        for word in set(content_words(question)):
            listed = self._words.get(word, [])
            if listed:
                sparse[listed] += np.log(1 + len(self.passages) / len(listed))
        score = dense / max(1e-6, float(dense.max())) + sparse / max(1e-6, float(sparse.max()))
        return [int(index) for index in np.argsort(-score, kind="stable")[:count]]


def plain_passage(text: str, title: str = "", heading: str = "") -> PromptPassage:
    """A passage that has nothing but a text; numbers are given by ``numbered``."""
    return PromptPassage(1, text, title, title, heading, None, 1.0)


def numbered(passages: Iterable[PromptPassage]) -> tuple[PromptPassage, ...]:
    """The passages with their numbers, from 1."""
    return tuple(
        PromptPassage(number, p.text, p.title, p.filename, p.heading, p.page, p.score)
        for number, p in enumerate(passages, 1)
    )


def squad(part: str) -> tuple[list[PromptPassage], list[Asked]]:
    """SQuAD 2 dev, "train" for every other article in alphabetical order, "test" for the rest (CC BY-SA 4.0)."""
    data = json.loads((EVALDATA / "qa/squad/dev-v2.0.json").read_text("utf-8"))["data"]
    articles = sorted(data, key=lambda article: str(article["title"]))[0 if part == "train" else 1 :: 2]
    passages: list[PromptPassage] = []
    asked: list[Asked] = []
    for article in articles:
        for paragraph in article["paragraphs"]:
            passages.append(plain_passage(paragraph["context"], article["title"].replace("_", " ")))
            asked.extend(_asked(paragraph["qas"], len(passages) - 1))
    return passages, asked


def _asked(listed: Iterable[dict[str, Any]], paragraph: int) -> Iterator[Asked]:
    for qa in listed:
        spans = {(a["answer_start"], a["answer_start"] + len(a["text"])) for a in qa["answers"]}
        yield Asked(qa["question"], paragraph, tuple(sorted(spans)))


def natural_questions() -> tuple[list[PromptPassage], list[Asked]]:
    """NQ-open with its gold passages, from "lost in the middle" (MIT)."""
    passages: list[PromptPassage] = []
    asked: list[Asked] = []
    with gzip.open(EVALDATA / "train/nq-oracle/nq-open-oracle.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            context = row["ctxs"][0]
            spans = [
                match.span()
                for answer in row["answers"]
                for match in re.finditer(re.escape(answer), context["text"], re.IGNORECASE)
            ]
            if spans:
                passages.append(plain_passage(context["text"], context["title"]))
                asked.append(Asked(row["question"] + "?", len(passages) - 1, tuple(spans)))
    return passages, asked


def covid_qa() -> tuple[list[PromptPassage], list[Asked]]:
    """COVID-QA (Apache-2.0), its papers cut into passages of about a thousand characters."""
    with gzip.open(EVALDATA / "train/covid-qa/200423_covidQA.json.gz", "rt", encoding="utf-8") as file:
        data = json.load(file)["data"]
    passages: list[PromptPassage] = []
    asked: list[Asked] = []
    for paragraph in (paragraph for article in data for paragraph in article["paragraphs"]):
        pieces = pieces_of(paragraph["context"])
        first = len(passages)
        passages.extend(plain_passage(paragraph["context"][start:end]) for start, end in pieces)
        for qa in paragraph["qas"]:
            begin = qa["answers"][0]["answer_start"]
            end = begin + len(qa["answers"][0]["text"])
            for offset, (piece_start, piece_end) in enumerate(pieces):
                if piece_start <= begin < piece_end:
                    asked.append(
                        Asked(
                            qa["question"], first + offset, ((begin - piece_start, min(end, piece_end) - piece_start),)
                        )
                    )
    return passages, asked


def cut_articles(sample: Sequence[Asked], embedder: Embedded) -> dict[str, list[Example]]:
    """The questions against the chunks found of whole articles: as they are found, and as they are read."""
    paragraphs, _asked = squad("test")
    texts: dict[str, str] = {}
    begins: list[int] = []
    for paragraph in paragraphs:
        before = texts.get(paragraph.title, "")
        before += "\n\n" if before else ""
        begins.append(len(before))
        texts[paragraph.title] = before + paragraph.text
    chunks: list[PromptPassage] = []
    spans: list[tuple[str, int, int]] = []
    for title, text in texts.items():
        blocks = tuple(Block("paragraph", *match.span()) for match in re.finditer(r"[^\n](?:.|\n(?!\n))*", text))
        for made in chunk(ParsedDocument("text", title, text, blocks), embedder):
            chunks.append(plain_passage(made.text, title))
            spans.append((title, made.start, made.end))
    pool = Pool(chunks, embedder)
    examples: dict[str, list[Example]] = {"articles, 8 found": [], "articles, 8 ready to read": []}
    for item in sample:
        title = paragraphs[item.paragraph].title
        gold = [(title, begins[item.paragraph] + start, begins[item.paragraph] + end) for start, end in item.answers]
        found = pool.nearest(item.question, 8)
        joined = _ready([spans[index] for index in found], [chunks[index].text for index in found], item.question)
        for name, places in zip(examples, ([spans[index] for index in found], joined), strict=True):
            passages = numbered(plain_passage(texts[at][start:end], at) for at, start, end in places)
            right = [
                (index, begin - start, last - start)
                for index, (at, start, end) in enumerate(places)
                for of, begin, last in gold
                if at == of and start <= begin and last <= end
            ]
            examples[name].append(Example(item.question, passages, tuple(right)))
    return examples


def _ready(spans: Sequence[tuple[str, int, int]], texts: Sequence[str], question: str) -> list[tuple[str, int, int]]:
    """The spans of the found chunks as they are read: chosen, and neighbours joined."""
    pieces = [Piece(*span, text, span[0], 1.0) for span, text in zip(spans, texts, strict=True)]
    chosen = choose(pieces, question, limit=8, tokens=6_000, measure=_tokens)
    runs = neighbours(pieces, chosen.pieces, _tokens)
    return [
        (spans[run[0]][0], min(spans[index][1] for index in run), max(spans[index][2] for index in run)) for run in runs
    ]


def _tokens(text: str) -> int:
    return len(shipped_embedder().token_offsets(text))


def pieces_of(text: str, size: int = 1_000) -> list[tuple[int, int]]:
    """Runs of whole sentences of about ``size`` characters."""
    pieces: list[tuple[int, int]] = []
    start, last = 0, 0
    for span in sentence_spans(text):
        if span.end - start > size and last > start:
            pieces.append((start, last))
            start = span.start
        last = span.end
    return [*pieces, (start, last)] if last > start else pieces


def handbook(name: str, embedder: Embedder) -> list[PromptPassage]:
    """The pages of a company handbook (CC0), read and cut as the product does."""
    passages: list[PromptPassage] = []
    for path in sorted((EVALDATA / "corpora" / name).rglob("*.md")):
        try:
            document = parse(path, path.name)
        except ParsingError:
            # A page that is nothing but a redirect.
            continue
        passages.extend(plain_passage(made.text, document.title, made.heading) for made in chunk(document, embedder))
    return passages


def against(pool: Pool, asked: Asked, count: int, *, without_gold: bool = False) -> Example:
    """The question against what the search finds for it; ``without_gold`` takes its own paragraph away."""
    found = [
        index for index in pool.nearest(asked.question, count + 1) if not (without_gold and index == asked.paragraph)
    ]
    passages = numbered(pool.passages[index] for index in found[:count])
    places = [at for at, index in enumerate(found[:count]) if index == asked.paragraph]
    return Example(asked.question, passages, tuple((at, *span) for at in places for span in asked.answers))


def alone(passages: Sequence[PromptPassage], asked: Asked) -> Example:
    """The question against its own paragraph."""
    return Example(asked.question, numbered([passages[asked.paragraph]]), tuple((0, *span) for span in asked.answers))


def holds(example: Example, passage: int, start: int, end: int) -> bool:
    """Whether a quoted span contains the beginning of an answer."""
    return any(at == passage and start <= begin < end for at, begin, _ in example.gold)


def auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that a positive scores above a negative, equals counting half; the area under the ROC curve."""
    _, place, count = np.unique(np.array([*positive, *negative]), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    total = float(ranks[: len(positive)].sum()) - len(positive) * (len(positive) + 1) / 2
    return total / max(1, len(positive) * len(negative))


def main() -> None:
    """Print the figures, and write them as JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="a tenth of the questions")
    arguments = parser.parse_args()
    if not EVALDATA.exists():
        print(f"No evaluation data at {EVALDATA}: set EVALDATA to measure answers.")
        return
    figures = measure(10 if arguments.quick else 1)
    for name, value in figures.items():
        print(f"{name:58} {value:8.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure(every: int) -> dict[str, float]:
    """All figures, over each ``every``-th question."""
    embedder = Embedded(shipped_embedder())
    answerer = ExtractiveAnswerer(embedder)
    passages, asked = squad("test")
    asked = asked[::every]
    figures = gold_paragraph(answerer, embedder, passages, asked)
    pool = Pool(passages, embedder)
    sample = random.Random(7).sample(asked, min(len(asked), 1_000))
    figures |= rates("squad, 8 found", answerer, [against(pool, item, 8) for item in sample])
    for name, examples in cut_articles(sample, embedder).items():
        figures |= rates(name, answerer, examples)
    company = Pool(handbook("18f-handbook", embedder), embedder)
    strange = [item for item in sample if item.answers][: 300 // every]
    figures |= rates(
        "squad against a handbook", answerer, [against(company, Asked(s.question, -1, ()), 8) for s in strange]
    )
    figures |= speed(company, [item.question for item in strange[:100]])
    return figures


def gold_paragraph(
    answerer: ExtractiveAnswerer, embedder: Embedded, passages: Sequence[PromptPassage], asked: Sequence[Asked]
) -> dict[str, float]:
    """The setting of the baseline: the question's own paragraph is given; beside it, by embedding similarity alone."""
    firsts, seconds, plain_firsts, plain_seconds = [], [], [], []
    scores: dict[bool, list[float]] = {True: [], False: []}
    plain: dict[bool, list[float]] = {True: [], False: []}
    for item in asked:
        example = alone(passages, item)
        order, probability = answerer.ranked(item.question, example.passages)
        scores[bool(item.answers)].append(probability)
        candidates = cut(example.passages)
        similar = embedder.embed_passages([fitted(c.text, embedder) for c in candidates]) @ embedder.embed_query(
            item.question
        )
        plain[bool(item.answers)].append(float(similar.max()))
        if item.answers:
            hits = [holds(example, candidate.passage, candidate.start, candidate.end) for candidate in order[:2]]
            firsts.append(hits[0])
            seconds.append(any(hits))
            best = [candidates[int(index)] for index in np.argsort(-similar)[:2]]
            hits = [holds(example, candidate.passage, candidate.start, candidate.end) for candidate in best]
            plain_firsts.append(hits[0])
            plain_seconds.append(any(hits))
    return {
        "gold paragraph: in the best sentence": float(np.mean(firsts)),
        "gold paragraph: in the best sentence, similarity alone": float(np.mean(plain_firsts)),
        "gold paragraph: in the best two": float(np.mean(seconds)),
        "gold paragraph: in the best two, similarity alone": float(np.mean(plain_seconds)),
        "gold paragraph: answerable or not, AUC": auc(scores[True], scores[False]),
        "gold paragraph: answerable or not, AUC, similarity alone": auc(plain[True], plain[False]),
    }


def rates(name: str, answerer: ExtractiveAnswerer, examples: Sequence[Example]) -> dict[str, float]:
    """What a user sees at the default threshold: how often it answers, how often rightly, how often it refuses."""
    answered, right, refused, positives, negatives = [], [], [], [], []
    for example in examples:
        choice = answerer.choose(example.question, example.passages)
        speaks = bool(choice.quotes) and choice.probability >= DEFAULT_THRESHOLD
        if example.gold:
            positives.append(choice.probability)
            answered.append(speaks)
            right.append(speaks and any(holds(example, q.passage, q.start, q.end) for q in choice.quotes))
        else:
            negatives.append(choice.probability)
            refused.append(not speaks)
    figures = {f"{name}: refused of the unanswerable": float(np.mean(refused))} if refused else {}
    if answered:
        figures[f"{name}: answered of the answerable"] = float(np.mean(answered))
        figures[f"{name}: answered and right"] = float(np.mean(right))
    if answered and refused:
        figures[f"{name}: answerable or not, AUC"] = auc(positives, negatives)
    return figures


def speed(pool: Pool, questions: Sequence[str]) -> dict[str, float]:
    """Milliseconds for one answer over eight passages, nothing embedded before."""
    answerer = ExtractiveAnswerer(shipped_embedder())
    times: list[float] = []
    for question in questions:
        passages = numbered(pool.passages[index] for index in pool.nearest(question, 8))
        started = time.perf_counter()
        answerer.choose(question, passages)
        times.append(1_000 * (time.perf_counter() - started))
    return {"speed: ms, median": float(np.median(times)), "speed: ms, 95th": float(np.percentile(times, 95))}


if __name__ == "__main__":
    main()
