"""What a DOCX says about its paragraphs elsewhere: styles (headings, quotes, captions) and numbering (lists)."""

import re
from dataclasses import dataclass

from lxml import etree

from rag.parsing.building import collapse
from rag.parsing.elements import child, child_value, children, value, whole
from rag.parsing.model import BlockKind

_MAX_INHERITANCE = 20
_LONGEST_LABEL = 40
_PLACE = re.compile("%([1-9])")
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_HEADING_NAME = re.compile(r"heading ([1-9])$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """What a paragraph's style makes of it; ``heading_level`` 0 is no heading."""

    heading_level: int = 0
    is_title: bool = False
    kind: BlockKind | None = None
    numbering: tuple[str, str] | None = None  # numId, ilvl


class Styles:
    """The styles of styles.xml, each with what it inherits."""

    def __init__(self, root: etree._Element | None) -> None:
        self._elements: dict[str, etree._Element] = {}
        self._default = ""
        self._known: dict[str, ParagraphStyle] = {}
        for element in children(root, "style") if root is not None else ():
            if value(element, "type") != "paragraph":
                continue
            identifier = value(element, "styleId") or ""
            self._elements[identifier] = element
            if value(element, "default") in ("1", "true"):
                self._default = identifier

    def of(self, properties: etree._Element | None) -> ParagraphStyle:
        """The style of a paragraph with these properties; an outline level of its own makes it a heading."""
        identifier = child_value(properties, "pStyle") or self._default
        style = self._known.get(identifier)
        if style is None:
            style = self._known[identifier] = self._resolve(identifier)
        level = _outline_level(properties)
        if level and not style.heading_level:
            return ParagraphStyle(level, kind=style.kind, numbering=style.numbering)
        return style

    def _resolve(self, identifier: str) -> ParagraphStyle:
        level, title = 0, False
        kind: BlockKind | None = None
        numbering: tuple[str, str] | None = None
        for _ in range(_MAX_INHERITANCE):
            element = self._elements.get(identifier)
            name = (child_value(element, "name") or identifier).lower()
            heading = _HEADING_NAME.match(name)
            properties = child(element, "pPr")
            if not level:
                level = int(heading.group(1)) if heading else _outline_level(properties)
            if name == "title" and not level:
                level, title = 1, True
            kind = kind or _named_kind(name)
            numbering = numbering or _numbering_of(properties)
            if element is None:
                break
            identifier = child_value(element, "basedOn") or ""
            if not identifier:
                break
        return ParagraphStyle(min(level, 6), title, kind, numbering)


def _named_kind(name: str) -> BlockKind | None:
    if "quote" in name:
        return "quote"
    if name == "caption":
        return "caption"
    if name in ("source code", "html preformatted", "code", "plain text code", "macro"):
        return "code"
    return None


def _outline_level(properties: etree._Element | None) -> int:
    text = child_value(properties, "outlineLvl")
    # 9 is Word's "body text".
    return int(text) + 1 if text is not None and text in "01234567" and text else 0


def _numbering_of(properties: etree._Element | None) -> tuple[str, str] | None:
    numbers = child(properties, "numPr")
    identifier = child_value(numbers, "numId")
    return (identifier, child_value(numbers, "ilvl") or "0") if identifier is not None else None


@dataclass(frozen=True, slots=True)
class _Level:
    """A level of a list: how it counts, from where, and its label with "%1" for the count of the first level."""

    kind: str
    label: str
    start: int


class Numbering:
    """The lists of numbering.xml, and how far each has counted."""

    def __init__(self, root: etree._Element | None) -> None:
        abstract: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, dict[int, _Level]] = {}
        self._counts: dict[str, list[int]] = {}
        for one in children(root, "abstractNum"):
            abstract[value(one, "abstractNumId") or ""] = dict(map(_level, children(one, "lvl")))
        for number in children(root, "num"):
            levels = dict(abstract.get(child_value(number, "abstractNumId") or "", {}))
            for override in children(number, "lvlOverride"):
                own = child(override, "lvl")
                if own is not None:
                    levels.update((_level(own),))
            self._lists[value(number, "numId") or ""] = levels

    def marker(self, properties: etree._Element | None, style: ParagraphStyle) -> tuple[str, int] | None:
        """The marker ("- " or the number) and depth from 1 of a list item; ``None`` when the paragraph is none."""
        counted = self._count(properties, style)
        if counted is None:
            return None
        known, level, counts = counted
        kind = known[level].kind if level in known else "bullet"
        if kind == "none":
            return "", level + 1
        return ("- " if kind == "bullet" else f"{counts[level]}. "), level + 1

    def label(self, properties: etree._Element | None, style: ParagraphStyle) -> str:
        """The number that stands before a heading, "2.1" for instance, without a full stop at its end."""
        counted = self._count(properties, style)
        if counted is None:
            return ""
        known, level, counts = counted
        if level not in known or known[level].kind in ("bullet", "none"):
            return ""

        def count(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            return _counted(counts[place] or 1, known[place].kind if place in known else "decimal")

        return collapse(_PLACE.sub(count, known[level].label)).rstrip(".")[:_LONGEST_LABEL]

    def _count(
        self, properties: etree._Element | None, style: ParagraphStyle
    ) -> tuple[dict[int, _Level], int, list[int]] | None:
        numbering = _numbering_of(properties) or style.numbering
        if numbering is None or numbering[0] == "0":
            return None
        identifier, level_text = numbering
        level = int(level_text) if level_text in "012345678" and level_text else 0
        known = self._lists.get(identifier, {})
        counts = self._counts.setdefault(identifier, [0] * 9)
        first = known[level].start if level in known else 1
        counts[level] = counts[level] + 1 if counts[level] else first
        counts[level + 1 :] = [0] * (8 - level)
        return known, level, counts


def _level(element: etree._Element) -> tuple[int, _Level]:
    kind = child_value(element, "numFmt") or ""
    label = child_value(element, "lvlText") or ""
    return whole(value(element, "ilvl"), 0, 8), _Level(kind, label, whole(child_value(element, "start"), 1, 1_000_000))


def _counted(count: int, kind: str) -> str:
    """A count as a list of that kind writes it."""
    if kind in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (count - 1) % 26) * min((count - 1) // 26 + 1, 5)
        return letter.upper() if kind == "upperLetter" else letter
    if kind in ("lowerRoman", "upperRoman") and 0 < count < 4000:
        roman = ""
        for size, letters in _ROMAN:
            roman += letters * (count // size)
            count %= size
        return roman.upper() if kind == "upperRoman" else roman
    return str(count)
