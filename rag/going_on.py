"""Joins what a model writes on to the end of an answer that broke off.

Asked to go on, a model may repeat the last words, or leave out the space before the next one. What it writes is held
back until it is certain that it repeats nothing; then the space is put where one is missing.
"""

import re
from collections.abc import Iterable

_LOOKED_AT = 400  # characters of the end that may be repeated
_LEAST_SPACES = 2  # a shorter repetition may be meant: "that that"
_LEAST_CHARACTERS = 12
_LONGEST_WORD = 40
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_FIRST = re.compile(r"\w+")
_LAST = re.compile(r"\w+$")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s")
_OPEN_MARK = re.compile(r"\[[\d,\s]{0,20}$")
_BEGUN = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)]|\w*)")
_SPACES = re.compile(r"\s+")
_MARKS = re.compile(r"\s?(?:\[[\d,\s]{1,20}\])+")  # it may repeat words without their marks, or put marks to them


class Joint:
    """What a model writes after ``before``; ``known`` are texts whose words it may have broken off in.

    Feed it the pieces; what comes out is what follows ``before`` letter by letter.
    """

    def __init__(self, before: str, known: Iterable[str] = ()) -> None:
        self._before = before
        self._known = known
        self._held: str | None = ""
        end = before[-_LOOKED_AT:].rstrip()
        starts = [match.start() for match in _WORD.finditer(end)]
        if len(before) > _LOOKED_AT:
            starts = starts[1:]  # the first may be the rest of a word
        endings = (_plain(end[start:]) for start in starts)
        self._endings = [
            each for each in endings if len(each) >= _LEAST_CHARACTERS and each.count(" ") >= _LEAST_SPACES
        ]

    def feed(self, piece: str) -> str:
        """What is certain now that ``piece`` has come."""
        if self._held is None:
            return piece
        self._held += piece
        plain = _plain(_OPEN_MARK.sub("", self._held))
        if not plain or any(ending.startswith(plain) and ending != plain for ending in self._endings):
            return ""
        rest = self._unrepeated()
        if not _says_enough(rest):
            return ""
        self._held = None
        return self._joined(rest)

    def finish(self) -> str:
        """The rest, at the end of the text; nothing where it only repeats."""
        if not self._held or not self._held.strip():
            self._held = None
            return ""
        rest, self._held = self._unrepeated(), None
        return self._joined(rest) if rest.strip() else ""

    def _unrepeated(self) -> str:
        """What is held without the words that stand at the end already."""
        held = self._held or ""
        plain = _plain(held)
        for ending in self._endings:
            after = plain[len(ending) : len(ending) + 1]
            if plain.startswith(ending) and not (after.isalnum() and ending[-1].isalnum()):
                return _after(held, ending)
        return held

    def _joined(self, rest: str) -> str:
        before = self._before
        if not before or before[-1].isspace():
            return rest.lstrip()
        if rest[0].isspace():
            return rest
        line = before[before.rfind("\n") + 1 :]
        if _ITEM.match(rest) and _ITEM.match(line):
            return "\n" + rest
        if not rest[0].isalnum() and rest[0] not in '(“"„«':
            return rest
        if before[-1] in "([“„«/-–" or (before[-1] in ".,:" and before[-2:-1].isdigit() and rest[0].isdigit()):
            return rest
        if before[-1].isalnum() and rest[0].isalnum() and self._is_one_word(rest):
            return rest
        return " " + rest

    def _is_one_word(self, rest: str) -> bool:
        """Whether the answer broke off within a word: together the halves are one that is known, apart they are not."""
        first, last = _FIRST.match(rest), _LAST.search(self._before)
        if first is None or last is None:
            return False
        texts = [*self._known, self._before[: last.start()]]
        words = {match.group().casefold() for text in texts for match in _FIRST.finditer(text)}
        one, two = last.group().casefold(), first.group().casefold()
        return one + two in words and not (one in words and two in words)


def _plain(text: str) -> str:
    return _SPACES.sub(" ", _MARKS.sub("", text)).strip().casefold()


def _says_enough(rest: str) -> bool:
    """Whether the first word or list marker is whole, so that it can be told how it is joined."""
    return _BEGUN.fullmatch(rest) is None or len(rest) > _LONGEST_WORD


def _after(held: str, ending: str) -> str:
    """What follows the repeated ``ending`` in ``held``, which may have other spaces and cases."""
    words = [re.escape(word) for word in ending.split(" ")]
    between = rf"(?:{_MARKS.pattern})?"
    match = re.match(r"\s*" + rf"{between}\s+".join(words), held, re.IGNORECASE)
    return held[match.end() :] if match else held
