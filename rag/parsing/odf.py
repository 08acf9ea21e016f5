"""Reads the text of OpenDocument files: paragraphs, lists, tables and frames, and what styles make of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from lxml import etree

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.elements import child, children, local_name, value, whole
from rag.parsing.model import BlockKind
from rag.parsing.packages import ENCRYPTED, Package, open_package
from rag.parsing.tables import CellBudget, carried_down, markdown_table

_DAMAGED = _(
    "This OpenDocument file is damaged and cannot be read. Open it in LibreOffice, save it again and upload that."
)
_MAX_INHERITANCE = 20
_MAX_REPEAT = 1_000
_KINDS: dict[str, BlockKind] = {
    "quotations": "quote",
    "preformatted_20_text": "code",
    "caption": "caption",
}
_SKIPPED_NAMES = """
tracked-changes sequence-decls variable-decls user-field-decls forms annotation-end note-citation page-number page-count
bookmark bookmark-start bookmark-end reference-mark ruby-text
"""
_SKIPPED = frozenset(_SKIPPED_NAMES.split())


@contextmanager
def open_document(path: Source) -> Iterator[Package]:
    """Open an OpenDocument file. Raises ParsingError: ``corrupt``, ``encrypted``."""
    with open_package(path, _DAMAGED) as package:
        manifest = package.xml("META-INF/manifest.xml")
        if manifest is not None and next(manifest.iter("{*}encryption-data"), None) is not None:
            raise ParsingError("encrypted", ENCRYPTED)
        yield package


def body(package: Package, kind: str) -> etree._Element:
    """The content of the document: the element ``kind`` in its body. Raises ``corrupt`` where there is none."""
    found = child(package.xml("content.xml"), "body", kind)
    if found is None:
        raise package.corrupt()
    return found


def title(package: Package) -> str:
    """The title that the file's properties give."""
    found = child(package.xml("meta.xml"), "meta", "title")
    return collapse(found.text or "") if found is not None else ""


class OdfStyles:
    """The styles of a document by name: what they inherit, and which lists count."""

    def __init__(self, package: Package) -> None:
        self._parents: dict[str, str] = {}
        self._lists: dict[str, etree._Element] = {}
        self._of_style: dict[str, str] = {}
        self.by_name: dict[tuple[str, str], etree._Element] = {}
        for part in ("styles.xml", "content.xml"):
            root = package.xml(part)
            for group in ("styles", "automatic-styles", "master-styles"):
                for element in children(root, group):
                    for style in element.iterchildren(etree.Element):
                        self._add(style)

    def _add(self, element: etree._Element) -> None:
        name = value(element, "name") or ""
        self.by_name[value(element, "family") or local_name(element), name] = element
        if local_name(element) == "list-style":
            self._lists[name] = element
        elif local_name(element) == "style" and value(element, "family") == "paragraph":
            self._parents[name] = value(element, "parent-style-name") or ""
            self._of_style[name] = value(element, "list-style-name") or ""

    def names(self, name: str) -> Iterator[str]:
        """A paragraph style's name in lower case, and those of the styles it inherits from."""
        for _other in range(_MAX_INHERITANCE):
            if not name:
                return
            yield name.lower()
            name = self._parents.get(name, "")

    def counts(self, list_style: str, level: int) -> bool:
        """Whether a list of that style has numbers at ``level``, from 1."""
        for element in self._lists.get(list_style, ()):
            if whole(value(element, "level")) == level:
                return local_name(element) == "list-level-style-number" and bool(value(element, "num-format"))
        return False


class OdfReader:
    """Adds the paragraphs, lists, tables and frames of an element to a builder."""

    def __init__(self, builder: DocumentBuilder, styles: OdfStyles) -> None:
        self.builder = builder
        self.styles = styles
        self.cells = CellBudget()
        self.title = ""
        self._later: list[etree._Element] = []

    def read(self, element: etree._Element, depth: int = 0) -> None:
        """Add the blocks of ``element``; nesting beyond ``limits.MAX_DEPTH`` is left out."""
        if depth > limits.MAX_DEPTH:
            return
        for item in element.iterchildren(etree.Element):
            name = local_name(item)
            if name in ("p", "h"):
                self.paragraph(item, depth)
            elif name == "list":
                self._list(item, depth, value(item, "style-name") or "", 1)
            elif name == "table":
                self.table(item, depth)
            elif name == "image":
                continue
            elif name in ("title", "desc"):
                self.builder.add("caption", collapse("".join(map(str, item.itertext()))))
            elif name not in _SKIPPED:
                self.read(item, depth + 1)

    def notes(self) -> None:
        """Add the footnotes, endnotes and comments met so far."""
        while self._later:
            note = self._later.pop(0)
            if local_name(note) == "annotation":
                text = " ".join(filter(None, (self.text(p)[0] for p in note.iter("{*}p"))))
                self.builder.add("quote", f"Comment: {text}" if text else "")
            else:
                self.read(note)

    def paragraph(self, paragraph: etree._Element, depth: int, marker: str = "", level: int = 0) -> None:
        """Add one paragraph, then the frames that hang on it; a list item has a ``marker`` and a ``level``."""
        text, frames = self.text(paragraph)
        kind: BlockKind = "list_item" if level else "paragraph"
        names = list(self.styles.names(value(paragraph, "style-name") or ""))
        if local_name(paragraph) == "h" or (not level and "title" in names):
            kind, level = "heading", min(max(whole(value(paragraph, "outline-level"), 1), 1), 6)
            text, marker = text.replace("\n", " "), ""
            if "title" in names and not self.title:
                self.title = text
        elif not level:
            kind = next((_KINDS[name] for name in names if name in _KINDS), kind)
        self.builder.add(kind, text, level=level, marker=marker)
        for frame in frames:
            self.read(frame, depth + 1)

    def _list(self, element: etree._Element, depth: int, style: str, level: int) -> None:
        if depth > limits.MAX_DEPTH:
            return
        numbered = self.styles.counts(style, level)
        count = 0
        for item in element.iterchildren(etree.Element):
            first = local_name(item) == "list-item"
            if first:
                count = whole(value(item, "start-value"), count + 1)
            for part in item.iterchildren(etree.Element):
                name = local_name(part)
                if name == "list":
                    self._list(part, depth + 1, value(part, "style-name") or style, level + 1)
                elif name in ("p", "h"):
                    marker = (f"{count}. " if numbered else "- ") if first else ""
                    self.paragraph(part, depth, marker, level)
                    first = False
                elif name not in _SKIPPED:
                    self.read(part, depth + 1)

    def table(self, table: etree._Element, depth: int) -> None:
        """Add one table; a table of one column is a frame around text."""
        rows = list(_rows(table))
        widest = max((sum(1 for _other in _cells(row)) for row in rows), default=0)
        if widest <= 1:
            for row in rows:
                for cell in _cells(row):
                    self.read(cell, depth + 1)
            return
        texts: list[list[str]] = []
        above: dict[int, tuple[str, int]] = {}  # by column: a merged cell's text, and the rows that it still reaches
        for row in rows:
            line: list[str] = []
            for cell in _cells(row):
                times = min(whole(value(cell, "number-columns-repeated"), 1), _MAX_REPEAT)
                self.cells.take(times)
                if local_name(cell) == "covered-table-cell":
                    line.extend(_carried(above, len(line) + offset) for offset in range(times))
                    continue
                text = self.cell_text(cell)
                above[len(line)] = text, whole(value(cell, "number-rows-spanned"), 1) - 1
                line.extend([text] * times)
            texts.append(line)
        self.builder.add("table", markdown_table(texts))

    def cell_text(self, cell: etree._Element) -> str:
        """The text of a cell, its paragraphs one after another."""
        texts: list[str] = []
        stack = list(reversed(list(cell.iterchildren(etree.Element))))
        while stack:
            element = stack.pop()
            if local_name(element) in ("p", "h"):
                text, frames = self.text(element)
                texts.append(collapse(text))
                stack.extend(reversed(frames))
            elif local_name(element) not in ("annotation", "image", *_SKIPPED):
                stack.extend(reversed(list(element.iterchildren(etree.Element))))
        return " ".join(filter(None, texts))

    def text(self, paragraph: etree._Element) -> tuple[str, list[etree._Element]]:
        """A paragraph's text and the frames in it. Its notes and comments are kept for ``notes``."""
        parts: list[str] = []
        frames: list[etree._Element] = []
        stack: list[etree._Element | str] = [paragraph]  # a line end in the XML is a space
        while stack:
            element = stack.pop()
            if isinstance(element, str):
                parts.append(element)
                continue
            name = local_name(element)
            if element is not paragraph and element.tail:
                stack.append(element.tail.replace("\n", " "))
            if name == "s":
                parts.append(" " * min(whole(value(element, "c"), 1), 100))
            elif name == "tab":
                parts.append(" ")
            elif name == "line-break":
                parts.append("\n")
            elif name == "note":
                self._later.extend(children(element, "note-body"))
            elif name == "annotation":
                self._later.append(element)
            elif name in ("frame", "custom-shape", "g", "rect", "ellipse", "line", "text-box", "path", "polygon"):
                frames.append(element)
            elif name not in _SKIPPED:
                stack.extend(reversed(list(element.iterchildren(etree.Element))))
                if element.text:
                    stack.append(element.text.replace("\n", " "))
        return "\n".join(filter(None, map(collapse, "".join(parts).split("\n")))), frames


def _carried(above: dict[int, tuple[str, int]], column: int) -> str:
    text, left = above.get(column, ("", 0))
    if left <= 0:
        return ""
    above[column] = text, left - 1
    return carried_down(text)


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    for item in table.iterchildren(etree.Element):
        if local_name(item) == "table-row":
            yield item
        elif local_name(item) in ("table-header-rows", "table-rows", "table-row-group"):
            yield from children(item, "table-row")


def _cells(row: etree._Element) -> Iterator[etree._Element]:
    return row.iterchildren("{*}table-cell", "{*}covered-table-cell")
