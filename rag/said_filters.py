"""Finds filters that a question says in words: "from HR", "in the 2023 report", "tagged travel". English and German.

By rule, and rather too few than too many: what is the matter of a question ("who won the 2014 World Cup") must not
narrow its search. A year needs a word for documents beside it, a name must be one of ``Known`` and stand where only a
filter stands. Where two things are said of the same field, they are compared, and neither narrows.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from rag.question_parts import is_long
from rag.said_words import (
    AUTHORED,
    DATE,
    DATED,
    ENDS,
    FROM_SOURCE,
    GENERIC,
    GUARDED,
    IN_SOURCE,
    IS_OF_DOCUMENTS,
    KINDS,
    KINDS_SAID,
    LANGUAGE_DOCUMENTS,
    LANGUAGES,
    MATTER_OF_KIND,
    MONTHS,
    NAMED_SOURCE,
    ORDERS,
    SAYS_SO,
    SOURCE_WORD,
    TAGGED,
    YEAR_AFTER,
    YEAR_BEFORE,
    YEAR_DOCUMENTS,
)
from rag.wording import STOPWORDS

Operator = Literal["is", "any_of", "before", "after", "from", "until"]

LONGEST = 1_000
"""Characters of a question that is read for filters."""

LONGEST_NAME = 5
"""Words of an author or a tag."""

_NAME_WORD = re.compile(r"[^\s,;:?!\"“”„»«()]+?(?=[\s,;:?!\"“”„»«()]|\.?\s|\.?$)")
_WORD = re.compile(r"[^\W_]+")
_QUOTES = "\"'“”„‚‘’«»"


@dataclass(frozen=True, slots=True)
class Known:
    """The names that the asker may know: ``sources`` with the name to filter by for each of their names and slugs."""

    sources: dict[str, str]
    authors: Collection[str] = ()
    tags: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class SaidFilter:
    """A filter, in the words of ``documents.retrieval.Filter``, and the span of the question that says it."""

    field: str
    operator: Operator
    value: str | tuple[str, ...]
    start: int
    end: int

    @property
    def key(self) -> str:
        """The filter as one text, by which it is taken away."""
        value = self.value if isinstance(self.value, str) else ",".join(self.value)
        return f"{self.field} {self.operator} {value}"


@dataclass(frozen=True, slots=True)
class Named:
    """What a question may name: whether a source, and what stands in the places of an author and of a tag."""

    source: bool = False
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def may_name(question: str) -> Named:
    """What is worth looking up for this question; every text in small letters."""
    if _is_text(question):
        return Named()
    return Named(SAYS_SO.search(question) is not None, _behind(question, AUTHORED), _behind(question, TAGGED))


def said_filters(question: str, known: Known) -> list[SaidFilter]:
    """The filters that a question says, in its order; none in a long text, which says much that is no filter.

    A date is compared with the field ``date``, whose ``is`` with a year takes the year in a document's name first.
    """
    if _is_text(question):
        return []
    found = [
        *_sources(question, known.sources),
        *_named(question, "author", AUTHORED, known.authors),
        *_named(question, "tag", TAGGED, known.tags),
        *_years(question),
        *_dates(question),
        *_languages(question),
        *_kinds(question),
    ]
    alone = [one for one in _apart(found) if not _compared(one, found)]
    return sorted(alone, key=lambda each: each.start)


def without(question: str, said: Iterable[SaidFilter]) -> str:
    """The question without what says these filters; as it was when nothing would be left to search for."""
    cut = sorted(said, key=lambda one: -one.start)
    if not cut:
        return question
    text = question
    for each in cut:
        text = f"{text[: each.start]} {text[each.end :]}"
    text = re.sub(r"\s+([?!.,;:])", r"\1", " ".join(text.split())).lstrip(" ,;:-")
    text = re.sub(r"[,;:]+([?!.])", r"\1", text).rstrip(" ,;:-")
    says = any(word.lower() not in STOPWORDS for word in _WORD.findall(text))
    return text if says else question


def _is_text(question: str) -> bool:
    return len(question) > LONGEST or is_long(question)


def _behind(question: str, lead: re.Pattern[str]) -> tuple[str, ...]:
    """The first word, two words and so on behind each place that announces a name."""
    found: dict[str, None] = {}
    for announced in lead.finditer(question):
        start = announced.end()
        words = list(_NAME_WORD.finditer(question, start))[:LONGEST_NAME]
        found |= dict.fromkeys(question[start : word.end()].lower() for word in words)
    return tuple(found)


def _sources(question: str, names: dict[str, str]) -> Iterator[SaidFilter]:
    for name, value in names.items():
        for place in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", question, re.I):
            span = _source_span(question, name, place.start(), place.end())
            if span is not None:
                yield SaidFilter("source", "is", value, *span)


def _source_span(question: str, name: str, start: int, end: int) -> tuple[int, int] | None:
    """What says a source whose name stands at ``start``; None where the name is the matter of the question."""
    before, after = question[:start], question[end:]
    if lead := NAMED_SOURCE.search(before):
        return lead.start(), end + len(after) - len(after.lstrip(_QUOTES))
    if (lead := IN_SOURCE.search(before)) and (word := SOURCE_WORD.match(after)):
        return lead.start(), end + word.end()
    # By its name alone, it is written as it is named, and the question begins or ends with it.
    if question[start:end] != name or name == name.lower():
        return None
    ends, begins = ENDS.match(after), after.lstrip()[:1] in (",", ":")
    if lead := FROM_SOURCE.search(before):
        says = lead.group("says")
        rest = before[: lead.start()]
        if says or IS_OF_DOCUMENTS.search(rest) or (not rest.strip() and begins):
            return lead.start(), end
        return (lead.start(), end) if ends and not GUARDED.search(rest) else None
    # "in the Travel Policies" is of documents, "in the Parliament" need not be.
    if IS_OF_DOCUMENTS.search(f"{name} ") and (lead := IN_SOURCE.search(before)):
        rest = before[: lead.start()]
        if (ends and not GUARDED.search(rest)) or (not rest.strip() and begins):
            return lead.start(), end
    return None


def _named(question: str, field: str, lead: re.Pattern[str], names: Collection[str]) -> Iterator[SaidFilter]:
    """The longest of ``names`` behind each place that announces one."""
    for announced in lead.finditer(question):
        start = announced.end()
        for name in sorted(names, key=len, reverse=True):
            if name and re.match(rf"{re.escape(name)}(?!\w)", question[start:], re.I):
                end = start + len(name)
                end += len(question[end:]) - len(question[end:].lstrip(_QUOTES))
                tail = announced.re.groupindex.get("cut")
                yield SaidFilter(field, "is", name, announced.start("cut") if tail else announced.start(), end)
                break


def _years(question: str) -> Iterator[SaidFilter]:
    for pattern in (YEAR_BEFORE, YEAR_AFTER, YEAR_DOCUMENTS):
        for found in pattern.finditer(question):
            # "documents from 2023" says no more than its year; "in the travel report of 2023" says what to look for.
            whole = "whole" in found.groupdict() and re.fullmatch(GENERIC, found.group("word"), re.I)
            start, end = found.span("whole" if whole else "cut")
            yield SaidFilter("date", "is", found.group("year"), start, end)


def _dates(question: str) -> Iterator[SaidFilter]:
    for found in DATED.finditer(question):
        when = _iso(found.group("date"))
        order = ORDERS[" ".join(found.group("order").lower().split())]
        if when:
            yield SaidFilter("date", order, when, *found.span("cut"))


def _iso(text: str) -> str:
    """A date as it is written, as ISO; empty for one that is none."""
    found = DATE.fullmatch(text.strip())
    if found is None:
        return ""
    if found.group("iso"):
        return found.group("iso")
    month = MONTHS.get((found.group("month") or "").lower())
    day = found.group("day") or found.group("day_after")
    parts = [found.group("year"), *([f"{month:02}"] if month else []), *([f"{int(day):02}"] if month and day else [])]
    return "-".join(parts)


def _languages(question: str) -> Iterator[SaidFilter]:
    for pattern in LANGUAGE_DOCUMENTS:
        for found in pattern.finditer(question):
            yield SaidFilter("language", "is", LANGUAGES[found.group("language").lower()], *found.span())


def _kinds(question: str) -> Iterator[SaidFilter]:
    for found in KINDS_SAID.finditer(question):
        before, after = question[: found.start()], question[found.end() :]
        alone = ENDS.match(after) or (not before.strip() and after.lstrip()[:1] in (",", ":"))
        if not alone or MATTER_OF_KIND.search(before):
            continue
        kinds = next(kinds for said, kinds in KINDS if re.fullmatch(said, found.group("kind"), re.I))
        one = len(kinds) == 1
        yield SaidFilter("kind", "is" if one else "any_of", kinds[0] if one else kinds, *found.span())


def _apart(found: Iterable[SaidFilter]) -> list[SaidFilter]:
    """The longest of those that overlap; the same filter said twice stays once."""
    kept: list[SaidFilter] = []
    for each in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if all((each.end <= one.start or one.end <= each.start) and each.key != one.key for one in kept):
            kept.append(each)
    return kept


def _compared(one: SaidFilter, found: Iterable[SaidFilter]) -> bool:
    same = [each for each in found if each.field == one.field and each.key != one.key and not _overlap(each, one)]
    if one.field == "date":
        # From and until bound a time together.
        same = [each for each in same if "is" in (each.operator, one.operator) or each.operator == one.operator]
    return bool(same)


def _overlap(one: SaidFilter, other: SaidFilter) -> bool:
    return one.start < other.end and other.start < one.end
