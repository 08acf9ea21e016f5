"""Sets of questions with the passages that answer them, and a search to take candidates from.

The keyword side is a plain BM25 over ``rag.wording``, so that what comes after it can be measured without a database.
"""

import csv
import gzip
import io
import json
import math
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.embeddings import OnnxEmbedder
from rag.late_interaction import shipped_late_interaction
from rag.wording import words

Floats = NDArray[np.float32]

K1, B = 1.2, 0.75
CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """``documents`` by id, title and text; ``questions`` by id; ``relevant``: grades of documents by question."""

    documents: dict[str, tuple[str, str]]
    questions: dict[str, str]
    relevant: dict[str, dict[str, int]]


def squad(data: Path) -> RetrievalSet:
    """646 paragraphs, 1,000 questions (CC BY-SA 4.0)."""
    folder = data / "qa/squad-retrieval"
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()]
    asked = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    relevant: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        question, document, grade = line.split("\t")
        relevant.setdefault(question, {})[document] = int(grade)
    return RetrievalSet(
        {row["_id"]: (row["title"], row["text"]) for row in rows}, {row["_id"]: row["text"] for row in asked}, relevant
    )


def scifact(data: Path) -> RetrievalSet:
    """5,183 abstracts, BEIR's 300 test claims (CC BY 4.0, ODC-By)."""
    folder = data / "qa/scifact"
    documents: dict[str, tuple[str, str]] = {}
    csv.field_size_limit(10**8)
    with zipfile.ZipFile(folder / "scifact.zip") as archive, archive.open("corpus_train.csv") as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8")):
            sentences = re.findall(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", row["abstract"])
            text = " ".join((one or other).replace("\\n", "").strip() for one, other in sentences)
            documents[row["doc_id"]] = (row["title"], text)
    with gzip.open(folder / "topics.beir-v1.0.0-scifact.test.tsv.gz", "rt", encoding="utf-8") as lines:
        questions = dict(line.rstrip("\n").split("\t", 1) for line in lines)
    relevant: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.beir-v1.0.0-scifact.test.txt").read_text("utf-8").splitlines():
        question, _, document, grade = line.split()
        if int(grade) > 0:
            relevant.setdefault(question, {})[document] = int(grade)
    return RetrievalSet(documents, questions, relevant)


def natural_questions(data: Path) -> RetrievalSet:
    """2,655 Natural Questions and their 2,600 passages (MIT, text CC BY-SA)."""
    numbers: dict[tuple[str, str], str] = {}
    questions: dict[str, str] = {}
    relevant: dict[str, dict[str, int]] = {}
    with gzip.open(data / "train/nq-oracle/nq-open-oracle.jsonl.gz", "rt", encoding="utf-8") as lines:
        for index, line in enumerate(lines):
            row = json.loads(line)
            passage = (row["ctxs"][0]["title"], row["ctxs"][0]["text"])
            questions[str(index)] = row["question"]
            relevant[str(index)] = {numbers.setdefault(passage, str(len(numbers))): 1}
    return RetrievalSet({number: passage for passage, number in numbers.items()}, questions, relevant)


@dataclass(frozen=True, slots=True)
class Found:
    """A question's candidates, best of the fusion first; each array has one entry a candidate."""

    documents: list[str]
    chunks: NDArray[np.intp]  # places in the index
    similarities: Floats
    keywords: Floats  # share of the most BM25 that a passage could reach
    fused: Floats
    tokens: Floats  # late interaction
    question: Floats  # the question's token vectors
    packed: list[bytes]


class Index:
    """A set, cut and embedded. Documents longer than the model reads are cut evenly, the title before each part."""

    def __init__(self, documents: dict[str, tuple[str, str]], embedder: OnnxEmbedder) -> None:
        self.embedder = embedder
        self._late = shipped_late_interaction()
        self.owners: list[str] = []
        texts: list[str] = []
        for number, (title, text) in documents.items():
            parts = cut(title, text, embedder)
            texts += parts
            self.owners += [number] * len(parts)
        self.vectors, self.packed = embedder.embed_passages_and_tokens(texts, self._late.encode)
        self._bm25 = Bm25(texts)

    def find(self, question: str, among: NDArray[np.bool_] | None = None) -> Found:
        """The candidates of the fusion: fifty by meaning and fifty by words, half and half, the best fifty of them.

        ``among`` says of each chunk whether it is searched, None for all.
        """
        vector, tokens = self.embedder.embed_query_and_tokens(question)
        similar = self.vectors @ vector
        shares = self._bm25.shares(question)
        there = np.arange(len(similar)) if among is None else np.flatnonzero(among)
        count = min(CANDIDATES, len(there))
        near, worded = (np.argpartition(-side[there], count - 1)[:count] for side in (similar, shares))
        nearest = there[np.union1d(near, worded)]
        fused = 0.5 * _stretched(similar[nearest]) + 0.5 * _stretched(shares[nearest])
        order = np.argsort(-fused, kind="stable")[:count]
        chosen = nearest[order]
        packed = [self.packed[index] for index in chosen]
        return Found(
            [self.owners[index] for index in chosen],
            chosen,
            similar[chosen],
            shares[chosen],
            fused[order],
            self._late.scores(tokens, packed),
            tokens,
            packed,
        )


class Bm25:
    """Plain BM25 over the texts' words."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(words(text)) for text in texts]
        lengths = np.array([sum(each.values()) for each in counts], np.float32)
        self._texts = len(texts)
        norms = K1 * (1 - B + B * lengths / max(1.0, float(lengths.mean())))
        listed: dict[str, list[tuple[int, int]]] = {}
        for index, each in enumerate(counts):
            for word, count in each.items():
                listed.setdefault(word, []).append((index, count))
        self._weights: dict[str, tuple[NDArray[np.intp], Floats]] = {}
        for word, rows in listed.items():
            where = np.array([index for index, _ in rows])
            often = np.array([count for _, count in rows], np.float32)
            self._weights[word] = (where, often / (often + norms[where]))

    def shares(self, question: str) -> Floats:
        """Each text's BM25 as a share of the most that a text could reach, shape (texts,)."""
        scores = np.zeros(self._texts, np.float32)
        most = 0.0
        for word in words(question):
            where, weights = self._weights.get(word, (np.zeros(0, np.intp), np.zeros(0, np.float32)))
            idf = math.log(1 + (self._texts - len(where) + 0.5) / (len(where) + 0.5))
            scores[where] += idf * weights
            most += idf
        return scores / max(most, 1e-6)


def cut(title: str, text: str, embedder: OnnxEmbedder) -> list[str]:
    """The text in as few equal parts as the model can read, each after the title."""
    head = f"{title[:400]}\n" if title else ""
    room = embedder.max_tokens - 4 - len(embedder.token_offsets(head))
    spans = embedder.token_offsets(text)
    count = max(1, math.ceil(len(spans) / room))
    size = math.ceil(len(spans) / count)
    parts = [spans[first : first + size] for first in range(0, len(spans), max(size, 1))] or [[(0, 0)]]
    return [head + text[part[0][0] : part[-1][1]] for part in parts]


def best_documents(found: Found, scores: Floats) -> list[str]:
    """The candidates' documents by score, each once."""
    order = np.argsort(-scores, kind="stable")
    return list(dict.fromkeys(found.documents[index] for index in order))


def measures(ranked: Sequence[str], grades: dict[str, int]) -> tuple[float, float, float]:
    """Recall@1 (is the first one relevant), MRR@10 and nDCG@10 of one question."""
    gains = [grades.get(number, 0) for number in ranked[:10]]
    first = next((index for index, gain in enumerate(gains) if gain), None)
    best = sorted(grades.values(), reverse=True)[:10]
    return (
        float(bool(gains) and gains[0] > 0),
        0.0 if first is None else 1 / (first + 1),
        _discounted(gains) / _discounted(best),
    )


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))


def _stretched(values: Floats) -> Floats:
    """From 0 to 1."""
    result: Floats = (values - values.min()) / max(1e-9, float(np.ptp(values)))
    return result
