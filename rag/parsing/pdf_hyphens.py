"""Writes a PDF's words one after another: what stands between two, and which hyphens only divide a word.

A hyphen at a line's end goes where the word goes on in lower case and the document gives no sign that it is part of
the word. Before a capital or a number ("Non-GAAP", "COVID-19") it stays, and before a conjunction ("short- and
long-term") a space follows.
"""

import re
from collections.abc import Sequence, Set

from rag.parsing.pdf_words import WIDE, Word

# What ends a line without a space to follow on the next: a dash between words, an address cut after a slash or an at.
_GOES_ON = re.compile(r"\w[-‐–—]$|://\S*[/.]?$|^www\.\S*[/.]$|\w@$")
_CONJUNCTION = re.compile(r"(?:and|or|to|und|oder|bis|bzw\.|sowie|et|ou|y|o|e)$")
_HEAD = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)*$")
_TAIL = re.compile(r"[^\W\d_]+")
_FIRST_PART = re.compile("self|well|cross|half|mid|non")
_SECOND_PART = re.compile(
    "by|in|of|on|to|up|off|based|centered|driven|effective|facing|free|friendly|known|level|oriented|quality|related|"
    "scale|sized|specific|term|wide"
)
_BEGINNING = re.compile("any|every|inter|over|some|through|under|with")
_ENDING = re.compile("able|ally|ever|fully|less|self|selves|ship|wards?")
_ENGLISH = frozenset(("the", "and", "of"))
_LEAST_HEAD = 4
_LEAST_TAIL = 3


class WordWriter:
    """Writes words one after another and keeps the span of each."""

    def __init__(self, vocabulary: Set[str]) -> None:
        self.vocabulary = vocabulary
        self.parts: list[str] = []
        self.spans: list[tuple[int, int]] = []
        self.length = 0

    def put(self, text: str) -> None:
        """Append text that is no word."""
        self.parts.append(text)
        self.length += len(text)

    def words(self, words: Sequence[Word], line_starts: set[int], *, escaped: bool = False) -> None:
        """Append words as running text. ``line_starts``: indices of those that begin a line.

        Lines are joined by spaces, words divided at a line's end without. ``escaped``: for a cell of a Markdown table.
        """
        previous: Word | None = None
        for index, word in enumerate(words):
            if previous is not None:
                new_line = index in line_starts
                separator = _separator(previous, word, new_line)
                if separator == "" and new_line and _divided(previous, word, self.vocabulary):
                    self.parts[-1] = self.parts[-1][:-1]
                    self.length -= 1
                    self.spans[-1] = (self.spans[-1][0], self.length)
                self.put(separator)
            start = self.length
            self.put(word.text.replace("|", "\\|") if escaped else word.text)
            self.spans.append((start, self.length))
            previous = word


def _separator(previous: Word, word: Word, new_line: bool) -> str:
    if not new_line:
        return " " if word.spaced or word.x0 - previous.x1 > word.size else ""
    if previous.hyphened or _GOES_ON.search(previous.text):
        return " " if _CONJUNCTION.match(word.text) else ""
    wide = WIDE.match(previous.text[-1]) and WIDE.match(word.text[0])
    return "" if wide else " "


def divides(head: str, tail: str, vocabulary: Set[str]) -> bool:
    """Whether the hyphen between ``head``, at a line's end, and ``tail`` only divides a word; both in lower case.

    The document tells: it has the whole word elsewhere, or the one with the hyphen; or, in English, it has both parts
    as words of their own, as those of "office-holder" are and those of "exam-ination" are not. Short documents tell
    little, so a few parts that are mostly written with a hyphen, or without, are known.
    """
    before = head.rpartition("-")[2]
    if len(before) < 2:
        return False
    if head + tail in vocabulary or before + tail in vocabulary:
        return True
    if f"{head}-{tail}" in vocabulary:
        return False
    if _SECOND_PART.fullmatch(tail) or (_FIRST_PART.fullmatch(before) and len(tail) > 3):
        return False
    if before != head:
        return before not in vocabulary and not _SECOND_PART.fullmatch(before)
    if len(head) < _LEAST_HEAD or len(tail) < _LEAST_TAIL or _BEGINNING.fullmatch(head) or _ENDING.fullmatch(tail):
        return True
    return not (head in vocabulary and tail in vocabulary and all(word in vocabulary for word in _ENGLISH))


def _divided(previous: Word, word: Word, vocabulary: Set[str]) -> bool:
    """Whether the hyphen at the end of ``previous`` only divides a word that goes on with ``word``."""
    if not previous.text.endswith(("-", "‐")) or not word.text[0].islower():
        return False
    head, tail = _HEAD.search(previous.text[:-1]), _TAIL.match(word.text)
    if head is None or tail is None:
        return False
    return divides(head.group().lower().replace("‐", "-"), tail.group().lower(), vocabulary)
