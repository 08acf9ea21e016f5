"""Where the numbers of notes stand in an answer's Markdown; as ``static/js/chat/marks.js`` has it on the page.

A citation's offsets count the Markdown's code points. A number set right there could break a table's row, a fence or a
link, so it moves to where Markdown takes it.
"""

import re
from collections.abc import Callable, Sequence

from chat.events import CitationPayload

_FENCE_OR_RULE = re.compile(
    r"[ \t]*(?:(?:`{3,}|~{3,})[^`\n]*|(?:[-=*_][ \t]*){3,}|\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?)[ \t]*\Z"
)
_LINK_REST = re.compile(r"[^\s\[\]()]*\]\([^)\n]*\)")
_DESTINATION_REST = re.compile(r"[^)\n]*\)")
_LINES_BACK = 20


def with_marks(text: str, citations: Sequence[CitationPayload], mark: Callable[[int], str]) -> str:
    """The Markdown with ``mark(number)`` after each cited span; the same number once at a place."""
    wanted = {(end_place(text, min(each.end, len(text))), each.number) for each in citations}
    pieces: list[str] = []
    at = 0
    for place, number in sorted(wanted):
        pieces += [text[at:place], mark(number)]
        at = place
    return "".join([*pieces, text[at:]])


def end_place(text: str, end: int) -> int:
    """The place for a mark of a span that ends at ``end``."""
    at = end
    while at > 0 and text[at - 1].isspace():
        at -= 1
    for _line in range(_LINES_BACK):
        start, stop = _line_around(text, at)
        line = text[start:stop]
        if line.strip() and not _FENCE_OR_RULE.match(line):
            break
        if start == 0:
            return at
        at = start - 1
    start, stop = _line_around(text, at)
    opened = text.rfind("](", start, at)
    if opened >= 0 and ")" not in text[opened + 2 : at]:
        rest = _DESTINATION_REST.match(text, at)
        return rest.end() if rest else at
    rest = _LINK_REST.match(text, at)
    if rest and text.rfind("[", start, at) >= 0:
        return rest.end()
    if text[start:stop].lstrip(" \t").startswith("|") and text[at - 1 : at] == "|":
        at -= 1
        while at > start and text[at - 1] in " \t":
            at -= 1
    return at


def _line_around(text: str, at: int) -> tuple[int, int]:
    stop = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, len(text) if stop < 0 else stop
