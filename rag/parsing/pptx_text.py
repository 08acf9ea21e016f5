"""Reads the text of a slide's shapes: its paragraphs, and which of them are list items by what they inherit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.elements import child, children, local_name, value, whole
from rag.parsing.equations import latex

_DEEPEST = 8
_SKIPPED_FIELDS = ("slidenum", "datetime")


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph: its text; ``level`` from 1 and ``marker`` when it is a list item, else 0 and ""."""

    text: str
    level: int = 0
    marker: str = ""


def lines(body: etree._Element, styles: Sequence[etree._Element]) -> Iterator[Line]:
    """The paragraphs of a text body. ``styles`` are the list styles that it inherits from, the nearest first."""
    own = child(body, "lstStyle")
    chain = [own, *styles] if own is not None else list(styles)
    counts = [0] * (_DEEPEST + 1)
    for paragraph in children(body, "p"):
        text = paragraph_text(paragraph)
        if not text:
            continue
        properties = child(paragraph, "pPr")
        level = whole(value(properties, "lvl"), 0, _DEEPEST)
        bullet = _bullet(properties, level, chain)
        counts[level + 1 :] = [0] * (_DEEPEST - level)
        if bullet is None:
            counts[level] = 0
            yield Line(text)
        elif local_name(bullet) == "buAutoNum":
            counts[level] = counts[level] + 1 if counts[level] else whole(bullet.get("startAt"), 1, 10_000)
            yield Line(text, level + 1, f"{counts[level]}. ")
        else:
            yield Line(text, level + 1, "- ")


def add_lines(builder: DocumentBuilder, found: Iterator[Line]) -> None:
    """Add paragraphs to a document."""
    for line in found:
        builder.add("list_item" if line.level else "paragraph", line.text, level=line.level, marker=line.marker)


def paragraph_text(paragraph: etree._Element) -> str:
    """A paragraph's text; its breaks are line ends. Slide numbers and dates, which are fields, are left out."""
    parts: list[str] = []
    stack = list(reversed(list(paragraph.iterchildren(etree.Element))))
    while stack:
        element = stack.pop()
        name = local_name(element)
        if name == "t":
            parts.append(element.text or "")
        elif name == "br":
            parts.append("\n")
        elif name in ("oMath", "oMathPara"):
            parts.append(latex(element))
        elif name == "fld" and (element.get("type") or "").startswith(_SKIPPED_FIELDS):
            continue
        elif name not in ("pPr", "rPr", "endParaRPr", "Fallback"):
            stack.extend(reversed(list(element.iterchildren(etree.Element))))
    text = "".join(parts).replace("\x0b", "\n").replace("_x000B_", "\n")
    return "\n".join(filter(None, map(collapse, text.split("\n"))))


def _bullet(properties: etree._Element | None, level: int, chain: Sequence[etree._Element]) -> etree._Element | None:
    """What marks a paragraph as a list item, ``None`` when nothing does: its own properties, else what it inherits."""
    candidates = [properties, *(child(style, f"lvl{level + 1}pPr") for style in chain)]
    for candidate in candidates:
        for name in ("buNone", "buAutoNum", "buChar", "buBlip"):
            found = child(candidate, name)
            if found is not None:
                return None if name == "buNone" else found
    return None
