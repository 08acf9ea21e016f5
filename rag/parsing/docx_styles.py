"""What a DOCX says about its paragraphs elsewhere: styles (headings, quotes, captions) and numbering (lists)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from rag.parsing.model import BlockKind

_MAX_INHERITANCE = 20
_HEADING_NAME = re.compile(r"heading ([1-9])$", re.IGNORECASE)


def local_name(element: etree._Element) -> str:
    """An element's name without its namespace: strict and transitional files differ only in that."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """The direct children of that local name."""
    return element.iterchildren(f"{{*}}{name}")


def child(element: etree._Element | None, name: str) -> etree._Element | None:
    """The first direct child of that local name."""
    return next(children(element, name), None) if element is not None else None


def value(element: etree._Element, name: str) -> str | None:
    """The attribute of that local name."""
    for key, text in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(text)
    return None


def _child_value(element: etree._Element | None, name: str) -> str | None:
    found = child(element, name)
    return value(found, "val") if found is not None else None


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
        identifier = _child_value(properties, "pStyle") or self._default
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
            name = (_child_value(element, "name") or identifier).lower()
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
            identifier = _child_value(element, "basedOn") or ""
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
    text = _child_value(properties, "outlineLvl")
    # 9 is Word's "body text".
    return int(text) + 1 if text is not None and text in "01234567" and text else 0


def _numbering_of(properties: etree._Element | None) -> tuple[str, str] | None:
    numbers = child(properties, "numPr")
    identifier = _child_value(numbers, "numId")
    return (identifier, _child_value(numbers, "ilvl") or "0") if identifier is not None else None


class Numbering:
    """The lists of numbering.xml, and how far each has counted."""

    def __init__(self, root: etree._Element | None) -> None:
        formats: dict[str, dict[str, str]] = {}
        self._lists: dict[str, dict[str, str]] = {}
        self._counts: dict[str, list[int]] = {}
        if root is None:
            return
        for abstract in children(root, "abstractNum"):
            levels = {
                value(level, "ilvl") or "0": _child_value(level, "numFmt") or "" for level in children(abstract, "lvl")
            }
            formats[value(abstract, "abstractNumId") or ""] = levels
        for number in children(root, "num"):
            abstract_id = _child_value(number, "abstractNumId") or ""
            self._lists[value(number, "numId") or ""] = formats.get(abstract_id, {})

    def marker(self, properties: etree._Element | None, style: ParagraphStyle) -> tuple[str, int] | None:
        """The marker ("- " or the number) and depth from 1 of a list item; ``None`` when the paragraph is none."""
        numbering = _numbering_of(properties) or style.numbering
        if numbering is None or numbering[0] == "0":
            return None
        identifier, level_text = numbering
        level = int(level_text) if level_text in "012345678" and level_text else 0
        counts = self._counts.setdefault(identifier, [0] * 9)
        counts[level] += 1
        counts[level + 1 :] = [0] * (8 - level)
        kind = self._lists.get(identifier, {}).get(level_text, "bullet")
        if kind == "none":
            return "", level + 1
        return ("- " if kind == "bullet" else f"{counts[level]}. "), level + 1
