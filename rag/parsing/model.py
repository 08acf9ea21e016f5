"""What parsing makes of a file: its text, and what is known about each part of that text."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Kind = Literal[
    "pdf",
    "docx",
    "pptx",
    "xlsx",
    "odt",
    "odp",
    "ods",
    "rtf",
    "epub",
    "email",
    "html",
    "markdown",
    "csv",
    "json",
    "notebook",
    "code",
    "image",
    "text",
]
BlockKind = Literal["heading", "paragraph", "list_item", "table", "code", "quote", "caption"]

LIST_MARKER = re.compile(r"(?:[•●○▪■□◦‣⁃∙·➢➤✓✔*–—-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]|\[\d{1,3}\])$")
"""The sign, number or letter that a list item begins with, as a word."""

KINDS: tuple[Kind, ...] = get_args(Kind)
BLOCK_KINDS: tuple[BlockKind, ...] = get_args(BlockKind)


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
    """One page of a paged document; ``number`` counts from 1, ``width`` and ``height`` are points as displayed.

    ``scanned``: its text was read from its picture (OCR), so a word may be misread.
    """

    number: int
    start: int
    end: int
    width: float
    height: float
    boxes: tuple[Box, ...] = ()
    scanned: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader of the document must know about how it was read, pages without text for instance.

    ``code`` is stable, ``message`` one sentence for a person that says what to do.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Properties:
    """What a file says of itself: who wrote it, and when it was made and changed, in UTC; empty or None for unknown."""

    author: str = ""
    created: datetime | None = None
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A file as clean text with its structure. All offsets count Unicode code points of ``text``.

    Blocks are in order and do not overlap; what lies between two blocks is white space, or a list item's marker
    ("- ", "3. "). Where a marker is only printed, as in a PDF, it is the item's first word instead, so that nothing is
    lost when it was none ("1. January" at the beginning of a line). Table blocks hold a Markdown table, one row a line.
    ``pages`` is empty unless the format has pages. ``text`` has neither NUL nor lone surrogates.
    """

    kind: Kind
    title: str
    text: str
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...] = ()
    notes: tuple[Note, ...] = ()
    properties: Properties = Properties()
