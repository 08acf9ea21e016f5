"""Tells when a sentence speaks of the opposite of what a question asks, or only reports that somebody asked."""

import re
from collections.abc import Iterable

from rag.wording import stem

_NEGATION = re.compile(
    r"\b(?:not|never|none|neither|nor|without|cannot|except|excluding|rarely|other than)\b|n['’]t\b", re.I
)
_REPORTED = re.compile(
    r"\b(?:ask(?:s|ed|ing)?|wonder(?:s|ed|ing)?|question(?:s|ed)?|discuss(?:es|ed)?|unclear|propos(?:es|ed))\b.{0,25}"
    r"\b(?:whether|if|how|what|why|who|when|where)\b",
    re.I,
)
_PAIRS = """
accept reject, agree disagree, above below, active passive, allow forbid, always never, appoint dismiss,
arrive depart, attack defend, before after, begin end, best worst, better worse, birth death, build destroy,
buy sell, cold hot, common rare, create destroy, decrease increase, deep shallow, difficult easy, direct indirect,
domestic foreign, dry wet, early late, earliest latest, eastern western, east west, empty full, enter leave,
even odd, exclude include, expand shrink, export import, external internal, failure success, fall rise, fast slow,
fewest most, finite infinite, first last, gain loss, high low, higher lower, highest lowest, illegal legal,
impossible possible, indoor outdoor, inside outside, join leave, large small, largest smallest, least most,
left right, less more, long short, longest shortest, major minor, majority minority, maximum minimum, men women,
modern ancient, natural artificial, negative positive, new old, newest oldest, north south, northern southern,
open close, oppose support, permit prohibit, poor rich, private public, rural urban, safe dangerous, same different,
simple complex, start end, strong weak, true false, upper lower, war peace, win lose, young old, younger older
"""


def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _PAIRS.split(","):
        one, other = (stem(word) for word in pair.split())
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


_OPPOSITES = _opposites()


def negates(text: str) -> bool:
    """Whether a text says "not", "never", "without" or the like."""
    return _NEGATION.search(text) is not None


def reports_a_question(sentence: str) -> bool:
    """Whether a sentence tells that somebody asked or discussed something, which seldom answers it."""
    return _REPORTED.search(sentence) is not None


def opposed(asked: Iterable[str], told: frozenset[str]) -> bool:
    """Whether, in place of a word of the question, a sentence has its opposite; both as rag.wording reduces them."""
    return any(word not in told and not told.isdisjoint(_OPPOSITES.get(word, ())) for word in asked)
