"""What parsing makes of a file: its text, and what is known about each part of that text."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["pdf", "docx", "html", "markdown", "text"]
BlockKind = Literal["heading", "paragraph", "list_item", "table", "code", "quote", "caption"]

KINDS: tuple[Kind, ...] = ("pdf", "docx", "html", "markdown", "text")
BLOCK_KINDS: tuple[BlockKind, ...] = ("heading", "paragraph", "list_item", "table", "code", "quote", "caption")


@dataclass(frozen=True, slots=True)
class Block:
    """A structural part of the text, ``text[start:end]``.

    ``level`` is 1 to 6 for a heading, the nesting depth from 1 for a list item, 0 for all others.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0


@dataclass(frozen=True, slots=True)
class Box:
    """Where ``text[start:end]``, a word or a piece of one, stands on its page.

    Points (1/72 inch), origin at the top left of the page as it is displayed: crop box and page rotation are applied,
    as in pdf.js's viewport at scale 1.
    """

    start: int
    end: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a paged document; ``number`` counts from 1, ``width`` and ``height`` are points as displayed."""

    number: int
    start: int
    end: int
    width: float
    height: float
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A file as clean text with its structure. All offsets count Unicode code points of ``text``.

    Blocks are in order and do not overlap; what lies between two blocks is white space, or a list item's marker
    ("- ", "3. "). Table blocks hold a Markdown table, one row a line (in a PDF: one row a line, cells two spaces
    apart). ``pages`` is empty unless the format has pages. ``text`` has neither NUL nor lone surrogates.
    """

    kind: Kind
    title: str
    text: str
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...] = ()
