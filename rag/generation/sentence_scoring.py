"""Scores candidates for a question, and says how likely it is that the best of them answers it.

Two logistic regressions over a handful of features that can be read and argued with. Their weights come from
``scripts/train_sentence_scorer.py``.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rag.generation import PromptPassage
from rag.generation.candidates import Candidate, run_in_labels
from rag.generation.contrast import negates, opposed, reports_a_question
from rag.generation.questions import expected_kind, holds_kind, names_in
from rag.generation.sentence_weights import ANSWERED, RANKING
from rag.wording import content_words
from rag.wording import words as all_words

Floats = NDArray[np.float64]

_SCRAP_WORDS = 5

RANKING_FEATURES = (
    "similarity",
    "lead_similarity",
    "passage_similarity",
    "coverage",
    "beyond_label",
    "pair_coverage",
    "nearby_coverage",
    "passage_coverage",
    "label_coverage",
    "holds_kind",
    "holds_kind_known",
    "length",
    "rank",
    "is_row",
    "is_lead",
    "after_question",
    "similarity_x_kind",
    "is_scrap",
    "reports_a_question",
)
ANSWERED_FEATURES = (
    "score",
    "label_coverage",
    "names_missing",
    "names_missing_everywhere",
    "figure_missing",
    "negation_missing",
    "opposed",
)


@dataclass(frozen=True, slots=True)
class Logistic:
    """``sigmoid(bias + weights · (x - means) / scales)``; lengths of the tuples equal the number of features."""

    bias: float
    weights: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]

    def logits(self, rows: Floats) -> Floats:
        """Log odds of each row, shape (n,)."""
        scaled = (rows - np.array(self.means)) / np.array(self.scales)
        result: Floats = scaled @ np.array(self.weights) + self.bias
        return result


class QuestionView:
    """A question against its passages: words, their weights, and what each candidate shares with it."""

    def __init__(self, question: str, passages: Sequence[PromptPassage], candidates: Sequence[Candidate]) -> None:
        self.question = question
        self.kind = expected_kind(question)
        self.words = list(dict.fromkeys(content_words(question)))
        self._passages = passages
        self._candidates = candidates
        self._orders = [content_words(candidate.text) for candidate in candidates]
        found = Counter(word for words in self._orders for word in set(words))
        # What stands under "Decision:" speaks of a decision, without saying the word again.
        self._sets = [
            frozenset(words).union(content_words(label) if label else ())
            for words, label in zip(self._orders, run_in_labels(passages, candidates), strict=True)
        ]
        total = max(1, len(candidates))
        # A word that no passage has is the one that matters most: it is as rare as can be.
        self.weights = {word: math.log(1 + total / (0.5 + found.get(word, 0))) for word in self.words}
        self._sum = sum(self.weights.values()) or 1.0
        self._labels = [frozenset(content_words(f"{p.title} {p.heading}")) for p in passages]
        self._whole = [
            frozenset().union(*(s for s, c in zip(self._sets, candidates, strict=True) if c.passage == index))
            for index in range(len(passages))
        ]
        ordered = content_words(question)
        self._pairs = set(pairwise(ordered))

    def prefilter(self, limit: int) -> list[int]:
        """Indexes of at most ``limit`` candidates worth embedding, in order.

        By shared words, with what stands beside a good one kept too, and a place for the first of each passage.
        """
        usable = [i for i, c in enumerate(self._candidates) if c.kind != "heading"]
        if len(usable) <= limit:
            return usable
        own = [self._covered(words) for words in self._sets]

        def worth(index: int) -> float:
            candidate = self._candidates[index]
            around = max((own[near] for near in self._near(index)), default=0.0)
            kind = holds_kind(self.kind, candidate.text, self.question) if self.kind else 0.0
            opens = 0.1 if candidate.before is None else 0.0
            return own[index] + 0.4 * around + 0.15 * kind + opens - 0.02 * candidate.passage

        return sorted(sorted(usable, key=worth, reverse=True)[:limit])

    def ranking_rows(
        self,
        chosen: Sequence[int],
        query: NDArray[np.float32],
        vectors: NDArray[np.float32],
        labels: NDArray[np.float32],
    ) -> Floats:
        """Features of the chosen candidates, shape (n, len(RANKING_FEATURES)).

        ``vectors`` belong to ``chosen``, ``labels`` to the passages; all unit length, a label that is not there zero.
        """
        similarity = (vectors @ query).astype(np.float64)
        at = {index: row for row, index in enumerate(chosen)}
        # A passage is about what it says and what stands above it: else one that says its title again wins.
        both = vectors + labels[[self._candidates[index].passage for index in chosen]]
        under_label = (both @ query) / np.maximum(np.linalg.norm(both, axis=1), 1e-9)
        best_of: dict[int, float] = {}
        for row, index in enumerate(chosen):
            passage = self._candidates[index].passage
            best_of[passage] = max(best_of.get(passage, -1.0), float(under_label[row]))
        rows = [
            self._ranking_row(index, float(similarity[row]), at, similarity, best_of)
            for row, index in enumerate(chosen)
        ]
        return np.array(rows, dtype=np.float64).reshape(len(chosen), len(RANKING_FEATURES))

    def _ranking_row(
        self, index: int, similarity: float, at: dict[int, int], similarities: Floats, best_of: dict[int, float]
    ) -> list[float]:
        candidate = self._candidates[index]
        words = self._sets[index]
        near = self._near(index)
        around = words.union(*(self._sets[other] for other in near))
        lead, after_question = 0.0, 0.0
        if candidate.before is not None:
            before = self._candidates[candidate.before]
            if before.kind in ("question", "heading", "lead"):
                after_question = self._covered(self._sets[candidate.before])
                if candidate.before in at:
                    lead = float(similarities[at[candidate.before]])
        order = self._orders[index]
        shared = self._pairs & set(pairwise(order))
        kind = holds_kind(self.kind, candidate.text, self.question)
        known = 1.0 if self.kind else 0.0
        return [
            similarity,
            lead,
            best_of[candidate.passage],
            self._covered(words),
            self._covered_beyond(self._labels[candidate.passage], words),
            len(shared) / len(self._pairs) if self._pairs else 0.0,
            self._covered(around),
            self._covered(self._whole[candidate.passage]),
            self._covered(self._labels[candidate.passage]),
            kind,
            (kind - 0.5) * known,
            math.log(1 + min(len(order), 60)),
            math.log(1 + candidate.passage),
            1.0 if candidate.kind == "row" else 0.0,
            1.0 if candidate.kind == "lead" else 0.0,
            after_question,
            similarity * (kind - 0.5) * known,
            1.0 if _is_scrap(candidate) else 0.0,
            1.0 if reports_a_question(candidate.text) else 0.0,
        ]

    def answered_row(self, index: int, score: float) -> Floats:
        """Features of the whole question, given the best candidate and its log odds."""
        candidate = self._candidates[index]
        labels = self._labels[candidate.passage]
        there = self._sets[index] | labels
        everything = frozenset().union(*self._whole, *self._labels)
        names = {word for name in names_in(self.question) for word in content_words(name)}
        figures = {word for word in self.words if word[0].isdigit()}
        return np.array(
            [
                score,
                self._covered(labels),
                len(names - there) / len(names) if names else 0.0,
                len(names - everything) / len(names) if names else 0.0,
                1.0 if figures - self._whole[candidate.passage] - labels else 0.0,
                1.0 if negates(self.question) and not negates(candidate.text) else 0.0,
                1.0 if opposed(all_words(self.question), frozenset(all_words(candidate.text))) else 0.0,
            ],
            dtype=np.float64,
        )

    def _covered(self, words: frozenset[str]) -> float:
        """Share of the question's weight that ``words`` hold, 0..1."""
        return sum(self.weights[word] for word in self.words if word in words) / self._sum

    def _covered_beyond(self, label: frozenset[str], words: frozenset[str]) -> float:
        """Share of the weight of what the label leaves open that ``words`` hold, 0..1.

        Every sentence below a title is about what the title says; the sentence that says it again gains nothing.
        """
        left = [word for word in self.words if word not in label]
        total = sum(self.weights[word] for word in left)
        return sum(self.weights[word] for word in left if word in words) / total if total else 1.0

    def _near(self, index: int) -> list[int]:
        """The neighbours of a candidate in its passage."""
        passage = self._candidates[index].passage
        return [
            other
            for other in (index - 1, index + 1)
            if 0 <= other < len(self._candidates) and self._candidates[other].passage == passage
        ]


def _is_scrap(candidate: Candidate) -> bool:
    """A few words that are no sentence: an item of a list, the words of a link."""
    ends = candidate.text.rstrip("\"'”’)*_")[-1:] in ".!?。！？؟"
    return candidate.kind == "sentence" and not ends and len(candidate.text.split()) < _SCRAP_WORDS


def ranking_logits(rows: Floats) -> Floats:
    """Log odds that each candidate holds the answer."""
    return Logistic(*RANKING).logits(rows)


def answered_probability(row: Floats) -> float:
    """Probability, 0..1, that the best candidate answers the question."""
    return float(1.0 / (1.0 + np.exp(-Logistic(*ANSWERED).logits(row[None, :])[0])))
