"""Reads HTML: what a reader of the page sees, as headings, paragraphs, lists, tables, quotes and code."""

import re
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from rag.parsing import limits
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.model import BlockKind, ParsedDocument
from rag.parsing.tables import CellBudget, markdown_table
from rag.parsing.text import decode_bytes, read_bytes

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_.-]{2,40})")
_HIDDEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_SKIPPED_TAGS = """
head script style noscript template svg iframe object embed canvas audio video nav select option datalist button input
textarea dialog map
"""
_BLOCK_TAGS = """
address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form h1 h2
h3 h4 h5 h6 header hgroup hr html legend li main menu ol p pre search section summary table tbody td tfoot th thead
title tr ul
"""
_SKIPPED, _BLOCKS = frozenset(_SKIPPED_TAGS.split()), frozenset(_BLOCK_TAGS.split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset(("ul", "ol", "menu", "dl"))
_MAX_CELL = 3000


def parse(path: Path) -> ParsedDocument:
    """Parse an HTML file. Raises ParsingError: ``unsupported_type``, ``no_text``, ``too_large``."""
    data = read_bytes(path)
    tree = LexborHTMLParser(decode_bytes(data, _declared(data)))
    builder = DocumentBuilder("html")
    if tree.root is not None:
        HtmlReader(builder).read(tree.root)
    title = tree.css_first("head > title")
    return builder.build(title.text() if title is not None else "")


def add_fragment(builder: DocumentBuilder, source: str) -> None:
    """Append the blocks of a piece of HTML, such as Markdown may contain."""
    tree = LexborHTMLParser(source)
    if tree.body is not None:
        HtmlReader(builder).read(tree.body)


def _declared(data: bytes) -> str | None:
    match = _XML_ENCODING.search(data[:400]) or _CHARSET.search(data[:4096])
    if match is None:
        return None
    name = match.group(1).decode("ascii").lower()
    # As browsers do: these labels mean the Windows code page that contains them.
    return {"iso-8859-1": "cp1252", "us-ascii": "cp1252", "gb2312": "gb18030", "shift_jis": "cp932"}.get(name, name)


class HtmlReader:
    """Walks an element without recursion, so that depth costs no stack, and adds its blocks to a builder."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self.builder = builder
        self.cells = CellBudget()
        self.inline: list[str] = []
        self.preformatted = 0
        self.quotes = 0
        self.heading = 0
        self.captions = 0
        self.lists: list[int] = []
        self.marker: str | None = None

    def read(self, root: LexborNode) -> None:
        """Add everything under ``root``, in document order."""
        stack: list[tuple[LexborNode, bool]] = [(root, True)]
        while stack:
            node, entering = stack.pop()
            if not entering:
                self._leave(node.tag or "")
            elif self._enter(node):
                stack.append((node, False))
                stack.extend((child, True) for child in reversed(_children(node)))
        self._flush()

    def _enter(self, node: LexborNode) -> bool:
        """Take in a node; true when its children are to be visited."""
        if node.is_text_node:
            self.inline.append(node.text_content or "")
            return False
        tag = node.tag or ""
        if not node.is_element_node or _is_hidden(node, tag):
            return False
        if tag == "br":
            self.inline.append("\n" if self.preformatted else "\x0b")
        elif tag == "img":
            self.inline.append(f" {node.attributes.get('alt') or ''} ")
        elif tag in _BLOCKS:
            if not (tag == "p" and self.marker is not None and not "".join(self.inline).strip()):
                self._flush()
            return self._enter_block(node, tag)
        return True

    def _enter_block(self, node: LexborNode, tag: str) -> bool:
        if tag == "table":
            rows = self._rows(node)
            if rows is not None:
                self.builder.add("table", markdown_table(rows))
                return False
        elif tag in _LISTS:
            self.lists.append(_start_number(node) if tag == "ol" else -1)
        elif tag == "li":
            self.marker = "- "
            if self.lists and self.lists[-1] >= 0:
                self.marker = f"{self.lists[-1]}. "
                self.lists[-1] += 1
        elif tag in _HEADINGS:
            self.heading = _HEADINGS[tag]
        elif tag == "pre":
            self.preformatted += 1
        elif tag == "blockquote":
            self.quotes += 1
        elif tag in ("figcaption", "caption"):
            self.captions += 1
        return True

    def _leave(self, tag: str) -> None:
        if tag not in _BLOCKS:
            return
        self._flush()
        if tag in _LISTS and self.lists:
            self.lists.pop()
        elif tag == "li":
            self.marker = None
        elif tag in _HEADINGS:
            self.heading = 0
        elif tag == "pre":
            self.preformatted -= 1
        elif tag == "blockquote":
            self.quotes -= 1
        elif tag in ("figcaption", "caption"):
            self.captions -= 1

    def _flush(self) -> None:
        """Add the text gathered since the last block began, as the block that it stands in."""
        text = "".join(self.inline)
        self.inline.clear()
        if self.preformatted:
            self.builder.add("code", text)
            return
        text = "\n".join(filter(None, map(collapse, text.split("\x0b"))))
        if not text:
            return
        kind: BlockKind = "paragraph"
        level, marker = 0, ""
        if self.heading:
            kind, level, text = "heading", self.heading, text.replace("\n", " ")
        elif self.marker is not None:
            kind, level, marker = "list_item", min(max(len(self.lists), 1), limits.MAX_DEPTH), self.marker
            self.marker = None
        elif self.captions:
            kind = "caption"
        elif self.quotes:
            kind = "quote"
        self.builder.add(kind, text, level=level, marker=marker)

    def _rows(self, table: LexborNode) -> list[list[str]] | None:
        """The cells of a table of data; ``None`` for one that only lays out the page, to be read as if it were divs."""
        if table.attributes.get("role") in ("presentation", "none"):
            return None
        rows: list[list[str]] = []
        stack = list(reversed(_children(table)))
        while stack:
            node = stack.pop()
            tag = node.tag or ""
            if tag in ("thead", "tbody", "tfoot"):
                stack.extend(reversed(_children(node)))
            elif tag == "tr" and not _is_hidden(node, tag):
                cells: list[str] = []
                for cell in _children(node):
                    if cell.tag not in ("td", "th"):
                        continue
                    text = _cell_text(cell)
                    if text is None or len(text) > _MAX_CELL:
                        return None
                    cells.append(text)
                    cells.extend([""] * (_number(cell.attributes.get("colspan"), 1, 100) - 1))
                self.cells.take(len(cells))
                rows.append(cells)
            elif tag == "caption":
                self.builder.add("caption", collapse(_cell_text(node) or ""))
        filled = [sum(1 for cell in row if cell.strip()) for row in rows]
        return rows if max(filled, default=0) > 1 else None


def _cell_text(cell: LexborNode) -> str | None:
    """A cell's visible text; ``None`` when it holds another table."""
    parts: list[str] = []
    stack = list(reversed(_children(cell)))
    while stack:
        node = stack.pop()
        if node.is_text_node:
            parts.append(node.text_content or "")
            continue
        tag = node.tag or ""
        if not node.is_element_node or _is_hidden(node, tag):
            continue
        if tag == "table":
            return None
        if tag == "img":
            parts.append(node.attributes.get("alt") or "")
        if tag in _BLOCKS or tag == "br":
            parts.append(" ")
        stack.extend(reversed(_children(node)))
    return "".join(parts)


def _children(node: LexborNode) -> list[LexborNode]:
    children = []
    child = node.child
    while child is not None:
        children.append(child)
        child = child.next
    return children


def _is_hidden(node: LexborNode, tag: str) -> bool:
    if tag in _SKIPPED:
        return True
    attributes = node.attributes
    if not attributes:
        return False
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))
    )


def _start_number(node: LexborNode) -> int:
    return _number(node.attributes.get("start"), 1, 1_000_000)


def _number(value: str | None, default: int, largest: int) -> int:
    if value is None or not value.strip().isdecimal() or len(value) > 9:
        return default
    return min(max(int(value), default), largest)
