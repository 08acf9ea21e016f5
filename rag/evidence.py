"""Finds the sentences of a passage that support a sentence of an answer."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rag.sentences import Span, sentence_spans
from rag.wording import content_words

__all__ = ["Evidence", "Span", "evidence_units"]

# Below this share of the sentence's weight nothing in the passage stands out, and the whole passage is named.
_LEAST_COVERAGE = 0.2
# What a second sentence must add to be named too.
_WORTH_A_SECOND = 0.12
_PAIR_WEIGHT = 0.35
_LENGTH_PENALTY = 0.05
_LIST_LEAD = re.compile(r"\s*(?:>\s*)*(?:(?:[-*+•]|\d{1,3}[.)]|#{1,6})\s+)?")
_PASSAGE_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class _Unit:
    span: Span
    words: tuple[str, ...]


def evidence_units(text: str) -> list[Span]:
    """The smallest spans worth quoting, in order: sentences, list items without their marker, rows of tables."""
    units = [_stripped(text, span.start, span.end) for span in sentence_spans(text)]
    return [unit for unit in units if unit.start < unit.end]


def _stripped(text: str, start: int, end: int) -> Span:
    """The span without a list or heading marker in front."""
    lead = _LIST_LEAD.match(text, start, end)
    if lead is not None and lead.end() < end:
        start = lead.end()
    return Span(start, end)


class Evidence:
    """One passage, read once, asked for the place that supports a sentence as often as needed.

    It is read when it is first asked: many passages are shown, few are cited, and the first word waits for none.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _units(self) -> list[_Unit]:
        text = self._text[:_PASSAGE_LIMIT]
        return [_Unit(span, tuple(content_words(text[span.start : span.end]))) for span in evidence_units(text)]

    @cached_property
    def _weights(self) -> dict[str, float]:
        found = Counter(word for unit in self._units for word in set(unit.words))
        return {word: math.log(1 + len(self._units) / count) for word, count in found.items()}

    def locate(self, sentence: str) -> Span:
        """The one or two neighbouring sentences that share most with ``sentence``; else the whole passage.

        Shared words weigh by their rarity in the passage; pairs of neighbouring words that recur count on top, which
        tells apart two sentences with the same words.
        """
        words = content_words(sentence)
        if not self._units or not words:
            return Span(0, len(self._text))
        total = sum(self._weight(word) for word in set(words))
        pairs = set(pairwise(words))
        best, second, best_score = 0, None, -1.0
        for index, unit in enumerate(self._units):
            score = self._score(words, pairs, total, unit.words)
            if score > best_score:
                best, best_score = index, score
        alone = self._units[best]
        if best_score < _LEAST_COVERAGE:
            return Span(0, len(self._text))
        top = best_score
        for neighbour in (best - 1, best + 1):
            if 0 <= neighbour < len(self._units):
                first, last = sorted((best, neighbour))
                both = self._units[first].words + self._units[last].words
                score = self._score(words, pairs, total, both)
                if score > top + _WORTH_A_SECOND:
                    top, second = score, neighbour
                    continue
        if second is None:
            return alone.span
        first, last = sorted((best, second))
        return Span(self._units[first].span.start, self._units[last].span.end)

    def _weight(self, word: str) -> float:
        """Rarity in the passage; a word it lacks weighs like its rarest, a number half as much again."""
        rarest = math.log(1 + max(1, len(self._units)))
        return self._weights.get(word, rarest) * (1.5 if word[0].isdigit() else 1.0)

    def _score(self, words: Sequence[str], pairs: set[tuple[str, str]], total: float, unit: tuple[str, ...]) -> float:
        there = set(unit)
        covered = sum(self._weight(word) for word in set(words) if word in there) / total
        shared = len(pairs & set(pairwise(unit))) / len(pairs) if pairs else 0.0
        return covered + _PAIR_WEIGHT * shared - _LENGTH_PENALTY * math.log(1 + len(unit) / 10)
