"""Both directions of writing, and Arabic letters joined; for text that is drawn letter by letter.

Directions follow the Unicode Bidirectional Algorithm (UAX 9) without its explicit controls, which are left out of the
text: nobody needs them here, and they make text look like other text.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\x00-\x08\x0b-\x1f\x7f]")
_SPACES = re.compile("[\u2000-\u200a\u202f\u205f]")
_MIRRORED = dict(zip("()[]{}<>«»‹›", ")(][}{><»«›‹", strict=True))
_LAM = "\u0644"
_ALEFS = frozenset("\u0622\u0623\u0625\u0627")
_TATWEEL = "\u0640"
_FORMS = {"<isolated>": 0, "<final>": 1, "<initial>": 2, "<medial>": 3}


def plain(text: str) -> str:
    """The text composed, without controls of direction and what cannot be drawn, and with one kind of space."""
    return _SPACES.sub(" ", _CONTROLS.sub("", unicodedata.normalize("NFC", text.replace("\t", "    "))))


def is_right_to_left(text: str, *, otherwise: bool = False) -> bool:
    """Whether the first letter with a direction is written from right to left; ``otherwise`` where none has one."""
    first = next((kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), "")
    return first != "L" if first else otherwise


def joined(text: str) -> Iterator[tuple[str, int]]:
    """The letters as they are drawn, each with the place in ``text`` where it comes from."""
    letters = [at for at, char in enumerate(text) if unicodedata.category(char) != "Mn"]
    before = {at: text[earlier] for earlier, at in itertools.pairwise(letters)}
    after = {at: text[later] for at, later in itertools.pairwise(letters)}
    skipped = -1
    for at, char in enumerate(text):
        if at == skipped:
            continue
        base = char
        if char == _LAM and text[at + 1 : at + 2] in _ALEFS:
            base, skipped = text[at : at + 2], at + 1
        forms = _arabic().get(base)
        if forms is None:
            yield char, at
            continue
        backward = _goes_on(before.get(at, "")) and bool(forms[1])
        forward = len(base) == 1 and bool(forms[2]) and _takes(after.get(at, ""))
        yield forms[backward + 2 * forward] or forms[0] or char, at


def levels(text: str, *, rtl: bool) -> list[int]:
    """The embedding level of each character: even is written from left to right, odd the other way."""
    base = "R" if rtl else "L"
    kinds = _neutral(_weak([unicodedata.bidirectional(char) or "L" for char in text], base), base)
    numbers = 2
    return [numbers if kind in ("EN", "AN") or (rtl and kind == "L") else int(kind == "R") for kind in kinds]


def visual_order(found: Sequence[int]) -> list[int]:
    """The places of a line's characters from left to right, by their levels (rule L2)."""
    order = list(range(len(found)))
    for level in range(max(found, default=0), 0, -1):
        at = 0
        while at < len(order):
            end = at
            while end < len(order) and found[order[end]] >= level:
                end += 1
            order[at:end] = order[at:end][::-1]
            at = max(end, at + 1)
    return order


def mirrored(char: str, level: int) -> str:
    """A bracket as it looks in its direction."""
    return _MIRRORED.get(char, char) if level % 2 else char


@cache
def _arabic() -> dict[str, tuple[str, str, str, str]]:
    """Of each letter, and of lam with alef: how it looks alone, last, first and between; from Unicode's own tables."""
    found: dict[str, list[str]] = {}
    for code in (*range(0xFE70, 0xFEFD), *range(0xFB50, 0xFE00)):
        tag, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        base = "".join(chr(int(each, 16)) for each in letters)
        is_ligature = len(base) == 2 and base[0] == _LAM and base[1] in _ALEFS
        if tag in _FORMS and (len(base) == 1 or is_ligature) and base != " ":
            forms = found.setdefault(base, ["", "", "", ""])
            forms[_FORMS[tag]] = forms[_FORMS[tag]] or chr(code)
    return {base: (forms[0], forms[1], forms[2], forms[3]) for base, forms in found.items()}


def _goes_on(char: str) -> bool:
    """Whether a letter joins the one after it."""
    return char == _TATWEEL or bool(_arabic().get(char, ("", "", "", ""))[2])


def _takes(char: str) -> bool:
    """Whether a letter joins the one before it."""
    return char == _TATWEEL or bool(_arabic().get(char, ("", "", "", ""))[1])


def _weak(kinds: list[str], base: str) -> list[str]:
    """Rules W1 to W7: numbers, what separates them, marks above letters."""
    strong = base
    before = base
    for at, kind in enumerate(kinds):
        if kind in ("NSM", "BN"):
            kinds[at] = before
        elif kind == "EN" and strong == "AL":
            kinds[at] = "AN"
        if kinds[at] in ("L", "R", "AL"):
            strong = kinds[at]
        before = kinds[at]
    kinds = ["R" if kind == "AL" else kind for kind in kinds]
    for at in range(1, len(kinds) - 1):
        around = (kinds[at - 1], kinds[at + 1])
        if (kinds[at] in ("ES", "CS") and around == ("EN", "EN")) or (kinds[at] == "CS" and around == ("AN", "AN")):
            kinds[at] = around[0]
    for places in (range(1, len(kinds)), range(len(kinds) - 2, -1, -1)):
        step = places.step
        for at in places:
            if kinds[at] == "ET" and kinds[at - step] == "EN":
                kinds[at] = "EN"
    strong = base
    for at, kind in enumerate(kinds):
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[at] = "L"
    return kinds


def _neutral(kinds: list[str], base: str) -> list[str]:
    """Rules N1 and N2: what has no direction takes that of both its sides, or the paragraph's."""
    at = 0
    while at < len(kinds):
        end = at
        while end < len(kinds) and kinds[end] not in ("L", "R", "EN", "AN"):
            end += 1
        if end > at:
            left = base if at == 0 else _side(kinds[at - 1])
            right = base if end == len(kinds) else _side(kinds[end])
            kinds[at:end] = [left if left == right else base] * (end - at)
        at = max(end, at + 1)
    return kinds


def _side(kind: str) -> str:
    return "L" if kind == "L" else "R"
