"""Reads Markdown as the text it renders to: no link targets, no marks of emphasis, blocks as markdown-it finds them."""

import re
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.parsing import html, limits
from rag.parsing.building import DocumentBuilder, clean, collapse
from rag.parsing.model import BlockKind, ParsedDocument
from rag.parsing.tables import CellBudget, markdown_table
from rag.parsing.text import read_text

_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title[ \t]*:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
# Instructions to site generators (Liquid tags, kramdown attribute lists) are not part of what a reader reads.
_GENERATOR_TAG = re.compile(r"\{%-?[^%\n]{0,500}-?%\}|\{[:.#][^}\n]{0,200}\}")
# A tag in a link's address has spaces, with which Markdown would take the whole link for text.
_GENERATED_ADDRESS = re.compile(r"\]\([^()\n{]{0,500}\{[%{][^\n]{0,500}?[%}]\}[^()\n{]{0,500}\)")
_LEFT_LINK = re.compile(r"\[([^\[\]\n]{1,500})\]\((?:#|https?:[^()\s]{0,500})?\)")
_LINE_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)


def parse(path: Path) -> ParsedDocument:
    """Parse a Markdown file. Raises ParsingError: ``unsupported_type``, ``no_text``, ``too_large``."""
    source = clean(read_text(path))
    title = ""
    front = _FRONT_MATTER.match(source[:65536])
    if front is not None:
        found = _FRONT_TITLE.search(front.group(1))
        title = found.group(1).strip().strip("\"'") if found is not None else ""
        source = source[front.end() :]
    builder = DocumentBuilder("markdown")
    MarkdownReader(builder).read(renderer().parse(_GENERATED_ADDRESS.sub("](#)", source)))
    return builder.build(title)


@cache
def renderer() -> MarkdownIt:
    """The one Markdown parser of this process: CommonMark with tables and strikethrough."""
    return MarkdownIt("commonmark", {"maxNesting": limits.MAX_DEPTH}).enable(["table", "strikethrough"])


class MarkdownReader:
    """Turns markdown-it's flat list of tokens into blocks."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self.builder = builder
        self.cells = CellBudget()
        self.depth = 0
        self.quotes = 0
        self.heading = 0
        self.marker: str | None = None
        self.rows: list[list[str]] | None = None

    def read(self, tokens: list[Token]) -> None:
        """Add the blocks of ``tokens``, in order."""
        for token in tokens:
            if token.type == "inline":
                self._inline(token)
            elif token.type in ("fence", "code_block"):
                self.builder.add("code", token.content)
            elif token.type == "html_block":
                html.add_fragment(self.builder, _without_marks(token.content))
            else:
                self._structure(token)

    def _structure(self, token: Token) -> None:
        match token.type:
            case "heading_open":
                self.heading = int(token.tag[1:])
            case "heading_close":
                self.heading = 0
            case "bullet_list_open" | "ordered_list_open":
                self.depth += 1
            case "bullet_list_close" | "ordered_list_close":
                self.depth -= 1
            case "list_item_open":
                self.marker = f"{token.info}. " if token.info else "- "
            case "list_item_close":
                self.marker = None
            case "blockquote_open":
                self.quotes += 1
            case "blockquote_close":
                self.quotes -= 1
            case "table_open":
                self.rows = []
            case "tr_open":
                if self.rows is not None:
                    self.rows.append([])
            case "table_close":
                self.builder.add("table", markdown_table(self.rows or []))
                self.rows = None

    def _inline(self, token: Token) -> None:
        text = _without_marks(_inline_text(token))
        if self.rows is not None:
            self.cells.take()
            if self.rows:
                self.rows[-1].append(text)
            return
        text = "\n".join(filter(None, map(collapse, text.split("\n"))))
        kind: BlockKind = "paragraph"
        level, marker = 0, ""
        if self.heading:
            kind, level, text = "heading", self.heading, collapse(text)
        elif self.marker is not None:
            kind, level, marker = "list_item", self.depth, self.marker
            self.marker = None
        elif self.quotes:
            kind = "quote"
        self.builder.add(kind, text, level=level, marker=marker)


def _without_marks(text: str) -> str:
    """The text without generators' tags, and of links that Markdown did not take for such only the words."""
    return _LEFT_LINK.sub(r"\1", _GENERATOR_TAG.sub("", text))


def _inline_text(token: Token) -> str:
    """What an inline token shows: soft breaks are spaces, hard breaks newlines, images their description."""
    parts: list[str] = []
    for child in token.children or ():
        if child.type in ("text", "code_inline", "image"):
            parts.append(child.content)
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type == "hardbreak" or (child.type == "html_inline" and _LINE_BREAK_TAG.match(child.content)):
            parts.append("\n")
    return "".join(parts)
