"""Finds sentences in a text, as spans of offsets, in time linear in the text's length.

Line by line where the text is a list or a table, else by the marks that end sentences. Made for quoting: a span has no
white space at its ends, no bullet before it, and at least one letter or digit in it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """``text[start:end]``; offsets count Unicode code points."""

    start: int
    end: int


# Possessive, and never failing once begun: no input makes the search go back.
_END = re.compile(r"[.!?…‽]++[\"'”’»)\]}*_]*+(?:\[\d{1,3}\])*|[。！？｡．]++[”’」』）】》]*+|[؟۔।॥።။]++[\"'”’»)]*+")
_NO_SPACE_NEEDED = frozenset("。！？｡．")
_BULLET = re.compile(r"[ \t\u00a0]*(?:[-*+•●○▪■□◦‣⁃∙·➢➤✓✔–—](?=[ \t\u00a0]))[ \t\u00a0]*")
_ITEM = re.compile(r"[ \t\u00a0]*(?:[-*+•●○▪■□◦‣⁃∙·➢➤✓✔–—]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)])[ \t\u00a0]")
_NUMBER_MARKER = re.compile(r"[ \t\u00a0]*\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]$")
_LEADING = re.compile(r"[\s\"'“‘«(\[{*_¿¡]*+")
_RULED = re.compile(r"[\s|:+=-]*$")

# Never at a sentence's end.
_TITLES = """
mr mrs ms mx dr prof st mt rev hon gen col maj capt lt sgt cmdr gov sen rep pres vs cf viz approx ca esp incl excl resp
e.g i.e al d.h z.b u.a bzw ggf hr fr nr str dipl ing mme mlle sr sra srta dra
"""
_BEFORE_NUMBERS = """
no nos fig figs sec secs art arts p pp vol vols ch chap eq eqs ref refs par para tab bd
"""
# At a sentence's end when a word follows that often begins one.
_EITHER = """
inc ltd co corp llc dept est jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun a.m p.m u.s
u.k u.n e.u u.s.a jr ph.d m.d b.a m.a d.c min max avg tel ext
"""
_OPENING_WORDS = """
the a an it its he she they we you i this that these those there here in on at by for from to if when while after
before as but and however although because since so then thus also all any each every no not our their his her my
your with without during under what who how why where der die das ein eine es er sie wir ihr
"""
_NEVER_LAST, _NUMBERED = frozenset(_TITLES.split()), frozenset(_BEFORE_NUMBERS.split())
_MAYBE_LAST, _STARTERS = frozenset(_EITHER.split()), frozenset(_OPENING_WORDS.split())
_LONGEST_ABBREVIATION = 24
_LONGEST_WRAPPED_LINE = 200


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """The sentences of ``text[start:end]`` in order, as spans of ``text``.

    A table row and a list item are never joined with the line above; a newline inside of a paragraph is white space
    unless the lines are plainly not wrapped prose. Lines that rule a table off have no span.
    """
    end = len(text) if end is None else min(end, len(text))
    spans: list[Span] = []
    for low, high in _segments(text, start, end):
        for first, last in [(low, high)] if _is_row(text, low, high) else _sentences(text, low, high):
            span = _trimmed(text, first, last)
            if span is not None:
                spans.append(span)
    return spans


def _trimmed(text: str, start: int, end: int) -> Span | None:
    """The span without white space around it and without a bullet; ``None`` when no letter or digit is in it."""
    bullet = _BULLET.match(text, start, end)
    if bullet is not None:
        start = bullet.end()
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if _RULED.match(text, start, end) or not any(character.isalnum() for character in text[start:end]):
        return None
    return Span(start, end)


def _segments(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Runs of lines that may hold a sentence across their ends: blank lines, list items and table rows divide."""
    run: list[tuple[int, int]] = []
    for low, high in _lines(text, start, end):
        blank = not text[low:high].strip()
        row = _is_row(text, low, high)
        if run and (blank or row or _ITEM.match(text, low, high)):
            yield from _unwrapped(text, run)
            run = []
        if row:
            yield low, high
        elif not blank:
            run.append((low, high))
    yield from _unwrapped(text, run)


def _is_row(text: str, start: int, end: int) -> bool:
    """Whether the line is a row of a Markdown table."""
    while start < end and text[start] in " \t":
        start += 1
    return start < end and text[start] == "|"


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = text.find("\n", start, end)
        if stop < 0:
            stop = end
        yield start, stop
        start = stop + 1


def _unwrapped(text: str, lines: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Lines joined where they look like one paragraph that was wrapped, apart where each stands for itself."""
    if not lines:
        return
    longest = max(high - low for low, high in lines)
    commas = {text.count(",", low, high) for low, high in lines}
    separate = len(lines) > 1 and (longest > _LONGEST_WRAPPED_LINE or (len(commas) == 1 and min(commas) > 1))
    low, high = lines[0]
    for next_low, next_high in lines[1:]:
        stands_alone = (
            separate
            or text.find("\t", low, high) >= 0
            or (high - low < 0.6 * longest and not text[next_low].islower() and text[high - 1] not in ",;-–&")
        )
        if stands_alone:
            yield low, high
            low = next_low
        high = next_high
    yield low, high


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    first = start
    for match in _END.finditer(text, start, end):
        if _ends_sentence(text, first, match, end):
            yield first, match.end()
            first = match.end()
    if first < end:
        yield first, end


def _ends_sentence(text: str, first: int, match: re.Match[str], end: int) -> bool:
    at, after = match.start(), match.end()
    if after >= end or match.group()[0] in _NO_SPACE_NEEDED:
        return True
    if not text[after].isspace():
        return False
    leading = _LEADING.match(text, after, end)
    following = leading.end() if leading is not None else after
    if following >= end:
        return True
    if text[following].islower():
        return False
    if match.group() != ".":
        return True
    return not _is_abbreviation(text, first, at, following, end)


def _is_abbreviation(text: str, first: int, at: int, following: int, end: int) -> bool:
    """Whether the single full stop at ``at`` belongs to the word before it."""
    low = max(first, at - _LONGEST_ABBREVIATION)
    word_start = at
    while word_start > low and not text[word_start - 1].isspace():
        word_start -= 1
    word = text[word_start:at].lstrip("\"'“‘«([{*_")
    lower = word.lower()
    if _NUMBER_MARKER.match(text, first, at + 1):
        return True
    if len(word) == 1 and word.isalpha() and word.isupper() and word != "I":
        return True
    if lower in _NEVER_LAST:
        return True
    if lower in _NUMBERED:
        return text[following].isdigit()
    if lower in _MAYBE_LAST or re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", word):
        stop = following
        while stop < min(end, following + 12) and text[stop].isalpha():
            stop += 1
        return text[following:stop].lower() not in _STARTERS
    return False
