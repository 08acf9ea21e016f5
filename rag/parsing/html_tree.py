"""Parses HTML into a tree, and keeps out what would take the parser, which follows the standard, hours."""

import re
from collections import Counter

from selectolax.lexbor import LexborHTMLParser

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits

_TAG = re.compile(r"<(?P<close>/?)(?P<name>[a-zA-Z][^\s/<>]{0,30})")
_ATTRIBUTE = re.compile(r"[\s/]*[^\s/>][^\s/>=]*(?:\s{0,9}=\s{0,9}(?:\"[^\"]*\"|'[^']*'|[^\s>]*))?")
_LONG_TAG = re.compile(r"<[a-zA-Z][^\s/<>]{0,30}(?=[\s/][^>]{5000})")
_ROOT_TAG = re.compile(r"<(?:html|body)\b[^>]{0,5000}>", re.IGNORECASE)
_VOID_TAGS = "area base br col embed hr img input keygen link meta param source track wbr frame"
_RAW_TAGS = "script style title textarea xmp iframe noembed noframes plaintext"
_FORMATTING_TAGS = "b big code em font i s small strike strong tt u"
_SELF_ENDING_TAGS = "p li dd dt tr td th thead tbody tfoot h1 h2 h3 h4 h5 h6 rt rp"
_LIST_TAGS = "ul ol menu dir dl table ruby"
# A link ends the one before it.
_EMPTY = frozenset((*_VOID_TAGS.split(), *_RAW_TAGS.split(), "a", "nobr"))
_FORMATTING, _SELF_ENDING, _SCOPES = (
    frozenset(tags.split()) for tags in (_FORMATTING_TAGS, _SELF_ENDING_TAGS, _LIST_TAGS)
)
_LOOKED_BACK = 8
_FEW_TAGS = 1_000
_LONGEST_TAG = 300
_MOST_ALIKE = 3
_MOST_FORMATTING = 500
_MOST_ATTRIBUTES = 500
_MOST_ROOT_TAGS = 50


def parse_page(source: str) -> LexborHTMLParser:
    """The tree of a page or of a piece of one. Raises ParsingError ``too_large`` for markup that is nested endlessly.

    Tags with more than 500 attributes lose these: the parser compares each with all before it.
    """
    if source.count("<") > _FEW_TAGS and _is_endless(source):
        raise ParsingError("too_large", _("This document is nested too deeply to be read. Save it again as text."))
    return LexborHTMLParser(_without_endless_tags(source))


def _is_endless(source: str) -> bool:
    """Whether more than ``limits.MAX_OPEN_TAGS`` elements are open at once, told by a rough walk over the tags.

    Formatting that is not closed begins anew in each paragraph that follows, alike tags at most three times.
    """
    unclosed = 0
    formatting: Counter[str] = Counter()
    alike: Counter[str] = Counter()
    stack: list[str] = []
    opened: Counter[str] = Counter()
    for match in _TAG.finditer(source):
        name = match["name"].lower()
        if name in _EMPTY:
            continue
        if name in _FORMATTING:
            unclosed = max(unclosed - 1, 0) if match["close"] else unclosed + 1
            if match["close"]:
                formatting[name] = max(formatting[name] - 1, 0)
                continue
            tag = source[match.start() : match.start() + _LONGEST_TAG].partition(">")[0]
            alike[tag] += 1
            formatting[name] += alike[tag] <= _MOST_ALIKE
            if formatting[name] > _MOST_FORMATTING:
                return True
        elif match["close"]:
            while opened[name]:
                last = stack.pop()
                opened[last] -= 1
                if last == name:
                    break
        else:
            if name in _SELF_ENDING:
                _end_the_last(name, stack, opened)
            stack.append(name)
            opened[name] += 1
        if unclosed + len(stack) > limits.MAX_OPEN_TAGS:
            return True
    return False


def _end_the_last(name: str, stack: list[str], opened: Counter[str]) -> None:
    """Take the element that a tag such as ``<li>`` ends, and what is open in it, off the stack."""
    for back in range(1, min(_LOOKED_BACK, len(stack)) + 1):
        if stack[-back] in _SCOPES:
            return
        if stack[-back] == name:
            for ended in stack[-back:]:
                opened[ended] -= 1
            del stack[-back:]
            return


def _without_endless_tags(source: str) -> str:
    if sum(1 for _other in zip(_ROOT_TAG.finditer(source), range(_MOST_ROOT_TAGS + 1), strict=False)) > _MOST_ROOT_TAGS:
        # Each gives its attributes to the one root that there is.
        source = _ROOT_TAG.sub("", source)
    parts: list[str] = []
    kept = position = 0
    while (tag := _LONG_TAG.search(source, position)) is not None:
        position = tag.end()
        for _other in range(_MOST_ATTRIBUTES):
            attribute = _ATTRIBUTE.match(source, position)
            if attribute is None:
                break
            position = attribute.end()
        else:
            end = source.find(">", position)
            position = len(source) if end < 0 else end
            parts.append(source[kept : tag.end()])
            kept = position
    return "".join((*parts, source[kept:]))
