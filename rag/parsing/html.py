"""Reads HTML: what a reader of the page sees, as headings, paragraphs, lists, tables, quotes and code."""

import re
from dataclasses import replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.html_frame import strip_frame
from rag.parsing.html_tree import parse_page
from rag.parsing.model import BlockKind, ParsedDocument, Properties
from rag.parsing.properties import properties
from rag.parsing.reading import decode_bytes, read_bytes
from rag.parsing.tables import CellBudget, markdown_table

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_.-]{2,40})")
_HIDDEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_SKIPPED_TAGS = """
head script style noscript template svg iframe object embed canvas audio video nav select option datalist button input
textarea dialog map annotation annotation-xml rp rt rtc
"""
_BLOCK_TAGS = """
address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form h1 h2
h3 h4 h5 h6 header hgroup hr html legend li main menu ol p pre search section summary table tbody td tfoot th thead
title tr ul
"""
_SKIPPED, _BLOCKS = frozenset(_SKIPPED_TAGS.split()), frozenset(_BLOCK_TAGS.split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset(("ul", "ol", "menu", "dl"))
_QUOTES_INSIDE = frozenset(("gmail_quote", "yahoo_quoted", "protonmail_quote", "moz-forward-container"))
_QUOTES_AFTER = ("divRplyFwdMsg", "appendonsend", "OLK_SRC_BODY_SECTION")
_MAX_CELL = 3000
_MOST_SPANNED = 100
_LINE_NUMBERS = re.compile(r"(?:\s*\d{1,6}){2,}\s*$")


def parse(path: Source) -> ParsedDocument:
    """Parse an HTML file. Raises ParsingError: ``unsupported_type``, ``no_text``, ``too_large``."""
    tree = parse_page(decode_page(read_bytes(path)))
    builder = DocumentBuilder("html")
    if tree.body is not None:
        lost = strip_frame(tree.body)
        builder.add("heading", collapse(lost), level=1)
        HtmlReader(builder).read(tree.body)
    title = tree.css_first("head > title")
    document = builder.build(title.text() if title is not None else "")
    return replace(document, properties=_told(tree))


_AUTHORS = ('meta[name="author" i]', 'meta[name="dc.creator" i]', 'meta[property="article:author"]')
_CREATED = ('meta[property="article:published_time"]', 'meta[name="dcterms.created" i]', 'meta[name="date" i]')
_MODIFIED = ('meta[property="article:modified_time"]', 'meta[name="dcterms.modified" i]')


def _told(tree: LexborHTMLParser) -> Properties:
    """Author and dates that the page's head gives."""

    def first(wanted: tuple[str, ...]) -> str:
        found = (tree.css_first(each) for each in wanted)
        return next((text for each in found if each is not None and (text := each.attributes.get("content"))), "")

    return properties(author=first(_AUTHORS), created=first(_CREATED), modified=first(_MODIFIED))


def add_fragment(builder: DocumentBuilder, source: str) -> None:
    """Append the blocks of a piece of HTML, such as Markdown may contain."""
    tree = parse_page(source)
    if tree.body is not None:
        HtmlReader(builder).read(tree.body)


def decode_page(data: bytes) -> str:
    """An HTML file's bytes as text. Raises ParsingError ``unsupported_type``."""
    return decode_bytes(data, declared_encoding(data))


def mostly_links(element: LexborNode, share: float) -> bool:
    """Whether at least ``share`` of the words under ``element`` are those of links, as in a table of contents."""
    links = element.css("a[href]")
    if not links:
        return False
    total = len("".join((element.text() or "").split()))
    linked = sum(len("".join((link.text() or "").split())) for link in links)
    return total > 0 and linked >= share * total


def declared_encoding(data: bytes) -> str | None:
    """The encoding that an HTML file names in its head, as Python calls it."""
    match = _XML_ENCODING.search(data[:400]) or _CHARSET.search(data[:4096])
    if match is None:
        return None
    name = match.group(1).decode("ascii").lower()
    # As browsers do: these labels mean the Windows code page that contains them.
    return {"iso-8859-1": "cp1252", "us-ascii": "cp1252", "gb2312": "gb18030", "shift_jis": "cp932"}.get(name, name)


class HtmlReader:
    """Walks an element without recursion, so that depth costs no stack, and adds its blocks to a builder."""

    def __init__(self, builder: DocumentBuilder, *, is_mail: bool = False) -> None:
        """``is_mail``: what mail programs mark as an older message becomes quotes."""
        self.builder = builder
        self.is_mail = is_mail
        self.cells = CellBudget()
        self.inline: list[str] = []
        self.preformatted = 0
        self.quotes = 0
        self.heading = 0
        self.captions = 0
        self.lists: list[int] = []
        self.marker: str | None = None
        self.deeper = 0

    def read(self, root: LexborNode) -> None:
        """Add everything under ``root``, in document order."""
        stack: list[tuple[LexborNode, bool]] = [(root, True)]
        while stack:
            node, entering = stack.pop()
            if not entering:
                self._leave(node, node.tag or "")
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
        elif tag == "math" and node.attributes.get("alttext"):
            self.inline.append(f" ${node.attributes['alttext']}$ ")
            return False
        elif tag in _BLOCKS:
            if not (tag == "p" and self.marker is not None and not "".join(self.inline).strip()):
                self._flush()
            return self._enter_block(node, tag)
        return True

    def _enter_block(self, node: LexborNode, tag: str) -> bool:
        if self.is_mail:
            # Outlook puts the older message after the head that it marks, not into it.
            self.quotes += _quotes_inside(node) + (node.attributes.get("id") in _QUOTES_AFTER)
        if tag == "table":
            rows = self._rows(node)
            if rows is not None:
                self.builder.add("table", markdown_table(rows))
                return False
        elif tag in _LISTS:
            self.lists.append(_start_number(node) if tag == "ol" else -1)
        elif tag in ("dt", "dd"):
            self.marker = "- "
            self.deeper = int(tag == "dd")
        elif tag == "li":
            self.marker = "- "
            self.deeper = 0
            if self.lists and self.lists[-1] >= 0:
                self.lists[-1] = _number(node.attributes.get("value"), self.lists[-1], 1_000_000, least=0)
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

    def _leave(self, node: LexborNode, tag: str) -> None:
        if tag not in _BLOCKS:
            return
        self._flush()
        if self.is_mail and _quotes_inside(node):
            self.quotes -= 1
        if tag in _LISTS and self.lists:
            self.lists.pop()
        elif tag in ("li", "dt", "dd"):
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
            if not _LINE_NUMBERS.match(text):
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
            level = min(max(len(self.lists), 1) + self.deeper, limits.MAX_DEPTH)
            kind, marker = "list_item", self.marker
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
        grid = _Grid(self.cells)
        stack = _parts(table)
        # A table within a table of data is part of a cell; within one of layout it is a table of its own.
        is_data = any(_names_columns(node) for node in stack)
        group = 0
        while stack:
            node = stack.pop()
            tag = node.tag or ""
            if tag in ("thead", "tbody", "tfoot"):
                stack.extend(reversed(_children(node)))
            elif tag == "tr" and not _is_hidden(node, tag):
                if node.parent is not None and node.parent.mem_id != group:
                    group = node.parent.mem_id
                    grid.end_group()
                grid.begin_row()
                for cell in _children(node):
                    if cell.tag not in ("td", "th"):
                        continue
                    text = _cell_text(cell, is_data)
                    if text is None or len(text) > _MAX_CELL:
                        return None
                    grid.add(text, _span(cell, "colspan"), _span(cell, "rowspan"))
            elif tag == "caption":
                self.builder.add("caption", collapse(_cell_text(node, True) or ""))
        return grid.rows if grid.widest > 1 else None


class _Grid:
    """The cells of a table as they are seen; one that spans rows or columns stands in each of them, so that every row
    says what it is about."""

    def __init__(self, budget: CellBudget) -> None:
        self.budget = budget
        self.rows: list[list[str]] = []
        self.widest = 0
        self._filled = 0
        self._hanging: dict[int, tuple[str, int]] = {}
        self._next: dict[int, tuple[str, int]] = {}

    def begin_row(self) -> None:
        """Start the next row with what hangs into it from above."""
        self.rows.append([])
        self._filled = 0
        self._hanging, self._next = self._next, {}
        self._hang()

    def end_group(self) -> None:
        """Let nothing hang into the rows that follow: head, body and foot each end what spans rows in them."""
        self._next = {}

    def add(self, text: str, columns: int, rows: int) -> None:
        """Add a cell that spans ``columns`` and ``rows``."""
        self.budget.take(columns)
        if text.strip():
            self._filled += 1
            self.widest = max(self.widest, self._filled)
        row = self.rows[-1]
        for _ in range(columns):
            if rows > 1:
                self._next[len(row)] = (text, rows - 1)
            row.append(text)
        self._hang()

    def _hang(self) -> None:
        row = self.rows[-1]
        begin = len(row)
        while (cell := self._hanging.pop(len(row), None)) is not None:
            text, left = cell
            if left > 1:
                self._next[len(row)] = (text, left - 1)
            row.append(text)
        self.budget.take(len(row) - begin)


def _parts(table: LexborNode) -> list[LexborNode]:
    """The groups and rows of a table, the last one first; its foot is its end, wherever it is written."""
    children = _children(table)
    return [
        *(node for node in children if node.tag == "tfoot"),
        *(node for node in reversed(children) if node.tag != "tfoot"),
    ]


def _names_columns(node: LexborNode) -> bool:
    """Whether the first row of a group, or a row, has a cell that is a heading."""
    row = next((child for child in _children(node) if child.tag == "tr"), None) if node.tag != "tr" else node
    return row is not None and any(cell.tag == "th" for cell in _children(row))


def _cell_text(cell: LexborNode, with_tables: bool) -> str | None:
    """A cell's visible text; ``None`` when, unless ``with_tables``, it holds another table or lines of code."""
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
        if not with_tables and (tag == "table" or (tag == "pre" and "\n" in (node.text() or "").strip())):
            return None
        if tag == "img":
            parts.append(node.attributes.get("alt") or "")
        if tag == "math" and node.attributes.get("alttext"):
            parts.append(f" ${node.attributes['alttext']}$ ")
            continue
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


def _span(cell: LexborNode, name: str) -> int:
    if name == "rowspan" and cell.attributes.get(name) == "0":
        return _MOST_SPANNED  # down to the end
    return _number(cell.attributes.get(name), 1, _MOST_SPANNED)


def _quotes_inside(node: LexborNode) -> bool:
    return bool(_QUOTES_INSIDE & set((node.attributes.get("class") or "").split()))


def _start_number(node: LexborNode) -> int:
    return _number(node.attributes.get("start"), 1, 1_000_000)


def _number(value: str | None, default: int, largest: int, *, least: int = 1) -> int:
    if value is None or not value.strip().isdecimal() or len(value) > 9:
        return default
    return min(max(int(value), least), largest)
