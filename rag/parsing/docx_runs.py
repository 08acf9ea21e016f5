"""Reads the runs of a DOCX paragraph: its text with equations and symbols, and what hangs on it."""

import re
from dataclasses import dataclass, field

from lxml import etree

from rag.parsing.building import collapse
from rag.parsing.elements import child, local_name, truth, value
from rag.parsing.equations import latex

_SKIPPED_NAMES = """
pPr rPr del moveFrom instrText delText Fallback sdtPr sdtEndPr footnoteRef endnoteRef annotationRef rt
"""
_SKIPPED = frozenset(_SKIPPED_NAMES.split())
_FILE_NAME = re.compile(r"[^\s/\\]+\.(?:png|jpe?g|gif|emf|wmf|bmp|tiff?|svg|webp)$", re.IGNORECASE)
# Letters of the font Wingdings that stand for marks in forms and lists.
_SYMBOLS = {"F0FE": "☒", "F0FD": "☒", "F0A8": "☐", "F06F": "☐", "F0FC": "✓", "F0FB": "✗", "F0E0": "→", "F0B7": "•"}


@dataclass(slots=True)
class Inline:
    """``text`` with its breaks as line ends; ``boxes`` are text boxes, ``frames`` charts and diagrams."""

    text: str = ""
    boxes: list[etree._Element] = field(default_factory=list)
    frames: list[etree._Element] = field(default_factory=list)
    descriptions: list[str] = field(default_factory=list)


def inline(paragraph: etree._Element) -> Inline:
    """What a paragraph holds. Deleted and hidden text is left out, and so are names of files as descriptions."""
    parts: list[str] = []
    found = Inline()
    stack = list(reversed(list(paragraph.iterchildren(etree.Element))))
    while stack:
        element = stack.pop()
        name = local_name(element)
        if name == "t":
            parts.append(element.text or "")
        elif name in ("tab", "ptab"):
            parts.append(" ")
        elif name in ("br", "cr"):
            parts.append("\n")
        elif name == "noBreakHyphen":
            parts.append("-")
        elif name == "sym":
            parts.append(_SYMBOLS.get((value(element, "char") or "").upper(), ""))
        elif name == "oMath":
            parts.append(latex(element))
        elif name == "txbxContent":
            found.boxes.append(element)
        elif name == "docPr":
            description = collapse(element.get("descr") or "")
            if description and not _FILE_NAME.match(description):
                found.descriptions.append(description)
        elif name in ("chart", "relIds"):
            found.frames.append(element)
        elif name not in _SKIPPED and not (name == "r" and _is_hidden(element)):
            stack.extend(reversed(list(element.iterchildren(etree.Element))))
    found.text = "\n".join(filter(None, map(collapse, "".join(parts).split("\n"))))
    return found


def _is_hidden(run: etree._Element) -> bool:
    hidden = child(run, "rPr", "vanish")
    return hidden is not None and truth(value(hidden, "val"), default=True)
