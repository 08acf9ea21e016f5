"""Gathers a document's blocks into one text, keeping offsets exact and the text clean."""

import re

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.model import Block, BlockKind, Kind, Note, Page, ParsedDocument

_LINE_ENDS = re.compile("[\x0b\x0c\x85\u2028\u2029]")
_REMOVED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\ufeff\ufffe\uffff\ud800-\udfff]+")


def clean(text: str) -> str:
    """The text with newlines as ``\\n``, without control characters, soft hyphens, marks of order and surrogates.

    PostgreSQL stores neither NUL nor lone surrogates; the others are invisible and would break search and quotes.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Nothing that is to go can be printed: most texts are told clean by this, ten times as quickly as by a search.
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return _REMOVED.sub("", _LINE_ENDS.sub("\n", text))


def collapse(text: str) -> str:
    """The text with each run of white space made one space, none at either end."""
    return " ".join(text.split())


class DocumentBuilder:
    """Appends blocks to a text. Raises ``too_large`` beyond the limits, ``no_text`` when nothing was added."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.length = 0
        self.first_heading = ""
        self._parts: list[str] = []
        self._blocks: list[Block] = []
        self._notes: dict[str, Note] = {}

    def add(self, kind: BlockKind, text: str, *, level: int = 0, marker: str = "") -> int:
        """Append one block after a blank line (one list item after another: a line) and return its start.

        ``marker`` is put before it, outside of its span. Text of white space alone adds nothing.
        """
        text = clean(text)
        if kind != "code":
            text = text.strip()
        elif text:
            text = text.rstrip().lstrip("\n")
        if not text.strip():
            return self.length
        if self._blocks:
            both_items = kind == "list_item" and self._blocks[-1].kind == "list_item"
            self.gap("\n" if both_items else "\n\n")
        self.gap(marker)
        start = self.length
        self.gap(text)
        self._blocks.append(Block(kind, start, self.length, level))
        if len(self._blocks) > limits.MAX_BLOCKS:
            raise limits.too_large(_("%(n)s paragraphs") % {"n": f"{limits.MAX_BLOCKS:,}"})
        if kind == "heading" and not self.first_heading:
            self.first_heading = collapse(text)
        return start

    def gap(self, text: str) -> None:
        """Append text that belongs to no block."""
        self._parts.append(text)
        self.length += len(text)
        if self.length > limits.MAX_CHARACTERS:
            raise limits.too_large(_("%(n)s characters") % {"n": f"{limits.MAX_CHARACTERS:,}"})

    def append(self, document: ParsedDocument, level: int = 0) -> None:
        """Append another document's text and blocks, its headings ``level`` levels deeper; its pages are not kept."""
        if self._blocks:
            self.gap("\n\n")
        shift = self.length
        self.gap(document.text)
        for block in document.blocks:
            depth = min(block.level + level, 6) if block.kind == "heading" else block.level
            self._blocks.append(Block(block.kind, block.start + shift, block.end + shift, depth))
        if len(self._blocks) > limits.MAX_BLOCKS:
            raise limits.too_large(_("%(n)s paragraphs") % {"n": f"{limits.MAX_BLOCKS:,}"})

    def note(self, code: str, message: str) -> None:
        """Remember what a reader must know; the first message of each code is kept."""
        self._notes.setdefault(code, Note(code, message))

    def build(self, title: str, pages: tuple[Page, ...] = ()) -> ParsedDocument:
        """The document; its title is the one given, else its first heading, else empty."""
        if not self._blocks:
            raise ParsingError("no_text", _("No text was found in this file. Check that it is the right one."))
        title = collapse(clean(title)) or self.first_heading
        return ParsedDocument(
            self.kind, title[:300], "".join(self._parts), tuple(self._blocks), pages, tuple(self._notes.values())
        )
