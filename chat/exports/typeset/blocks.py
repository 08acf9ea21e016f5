"""Markdown as blocks to be set: paragraphs, headings, lists, quotes, code, tables, rules."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from chat.exports.typeset.faces import ACCENT, Run, Style

OPEN, CLOSE = "\ufe47", "\ufe48"
"""Around the number of a note, in the Markdown; nobody writes these."""

_MARK = re.compile(f"{OPEN}(\\d+){CLOSE}")
_LINKS = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_INDENT = 15.0
_DEEPEST = 6
_HEADINGS = {1: 14.0, 2: 13.0, 3: 12.0}
BODY = Style()


@dataclass(frozen=True, slots=True)
class Block:
    """One block; ``indent`` in points from where lines begin, ``quoted`` how many quotes it stands in.

    ``cells`` are a table's, row by row, the first row its head; ``marker`` stands before an item of a list.
    """

    kind: Literal["text", "code", "table", "rule"]
    runs: tuple[Run, ...] = ()
    indent: float = 0.0
    quoted: int = 0
    marker: str = ""
    is_heading: bool = False
    cells: tuple[tuple[tuple[Run, ...], ...], ...] = ()


def number_run(number: int, style: Style = BODY) -> Run:
    """The number of a note, raised."""
    raised = style.but(face="serif", size=style.size * 0.66, rise=style.size * 0.34, colour=ACCENT, link="")
    return str(number), raised


def mark(number: int) -> str:
    """The number of a note as it stands in Markdown until it is set."""
    return f"{OPEN}{number}{CLOSE}"


def unmarked(text: str) -> str:
    """Text that holds no mark of its own, of the same length."""
    return text.replace(OPEN, "[").replace(CLOSE, "]")


def blocks_of(markdown: str) -> list[Block]:
    """The blocks of ``markdown``, whose HTML is text."""
    return _Walk(_parser().parse(markdown)).blocks


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@dataclass
class _Walk:
    """Goes through the tokens once; what it found is in ``blocks``."""

    tokens: Sequence[Token]
    blocks: list[Block] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)
    marker: str = ""
    quoted: int = 0
    heading: int = 0
    table: list[list[tuple[Run, ...]]] | None = None

    def __post_init__(self) -> None:
        for token in self.tokens:
            self._take(token)

    def _take(self, token: Token) -> None:
        kind = token.type
        if kind in ("bullet_list_open", "ordered_list_open"):
            self.lists.append(int(token.attrGet("start") or 1) if kind.startswith("ordered") else None)
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self.lists.pop()
        elif kind == "list_item_open":
            self._begin_item()
        elif kind in ("blockquote_open", "blockquote_close"):
            self.quoted += token.nesting
        elif kind in ("heading_open", "heading_close"):
            self.heading = int(token.tag[1:]) if token.nesting > 0 else 0
        elif kind in ("fence", "code_block"):
            self._add("code", _marked(unended(token.content), Style("mono", 8.5)))
        elif kind == "hr":
            self._add("rule", ())
        elif kind == "inline":
            self._text(token)
        else:
            self._table(kind)

    def _begin_item(self) -> None:
        number = self.lists[-1] if self.lists else None
        self.marker = "•" if number is None else f"{number}."
        if number is not None:
            self.lists[-1] = number + 1

    def _text(self, token: Token) -> None:
        style = BODY
        if self.heading:
            style = Style("bold", _HEADINGS.get(self.heading, 11.0))
        elif self.table is not None:
            style = Style("bold" if len(self.table) == 1 else "serif", 9.0)
        runs = _inline(token.children or [], style)
        if self.table is not None:
            self.table[-1].append(runs)
        else:
            self._add("text", runs)

    def _table(self, kind: str) -> None:
        if kind == "table_open":
            self.table = []
        elif kind == "tr_open" and self.table is not None:
            self.table.append([])
        elif kind == "table_close" and self.table is not None:
            cells = tuple(tuple(row) for row in self.table)
            self.blocks.append(Block("table", indent=self._indent(), quoted=self.quoted, cells=cells))
            self.table = None

    def _add(self, kind: Literal["text", "code", "rule"], runs: tuple[Run, ...]) -> None:
        block = Block(kind, runs, self._indent(), self.quoted, self.marker, bool(self.heading))
        self.marker = ""
        self.blocks.append(block)

    def _indent(self) -> float:
        return _INDENT * min(_DEEPEST, len(self.lists) + self.quoted)


def unended(code: str) -> str:
    """Code without the line feed at its end."""
    return code.removesuffix("\n")


def _inline(children: Sequence[Token], base: Style) -> tuple[Run, ...]:
    runs: list[Run] = []
    bold = italic = 0
    link = ""
    for token in children:
        kind = token.type
        if kind in ("strong_open", "strong_close"):
            bold += token.nesting
        elif kind in ("em_open", "em_close"):
            italic += token.nesting
        elif kind == "link_open":
            address = str(token.attrGet("href") or "")
            link = address if _LINKS.match(address) else ""
        elif kind == "link_close":
            link = ""
        elif kind in ("text", "code_inline", "softbreak", "hardbreak", "image"):
            style = base.but(face="bold") if bold else base.but(face="italic") if italic else base
            if kind == "code_inline":
                style = style.but(face="mono", size=style.size * 0.88)
            if link:
                style = style.but(colour=ACCENT, link=link)
            words = {"softbreak": " ", "hardbreak": "\n"}.get(kind, token.content)
            runs += _marked(words, style)
    return tuple(runs)


def _marked(text: str, style: Style) -> tuple[Run, ...]:
    """Text with the numbers of its notes raised."""
    runs: list[Run] = []
    for at, part in enumerate(_MARK.split(text)):
        if at % 2:
            runs.append(number_run(int(part), style))
        elif part:
            runs.append((part, style))
    return tuple(runs)
