"""Reads DOCX: the body's headings, paragraphs, lists and tables, then its notes, straight from the XML."""

import zipfile
from pathlib import Path

from lxml import etree

from rag.errors import ParsingError
from rag.parsing import limits
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.docx_styles import Numbering, Styles, child, children, local_name, value
from rag.parsing.model import BlockKind, ParsedDocument
from rag.parsing.tables import CellBudget, markdown_table

_TRANSPARENT = frozenset(
    ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag", "hyperlink", "fldSimple", "dir")
)
_SKIPPED = frozenset(
    ("pPr", "rPr", "del", "moveFrom", "instrText", "delText", "Fallback", "sdtPr", "sdtEndPr", "footnoteRef", "tblPr")
)
_CORRUPT = "This Word file is damaged and cannot be read. Open it in Word, save it again and upload that."


def parse(path: Path) -> ParsedDocument:
    """Parse a DOCX file. Raises ParsingError: ``corrupt``, ``encrypted``, ``no_text``, ``too_large``."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, etree.XMLSyntaxError, EOFError, ValueError, OSError, NotImplementedError) as error:
        raise ParsingError("corrupt", _CORRUPT) from error
    except RuntimeError as error:  # zipfile's way to say that a member has a password
        raise ParsingError(
            "encrypted", "This file is protected with a password. Remove it and upload again."
        ) from error


def _read(archive: zipfile.ZipFile) -> ParsedDocument:
    main = _main_part(archive)
    root = _xml(archive, main)
    if root is None:
        raise ParsingError("corrupt", _CORRUPT)
    folder = main.rpartition("/")[0]
    styles = Styles(_xml(archive, f"{folder}/styles.xml"))
    numbering = Numbering(_xml(archive, f"{folder}/numbering.xml"))
    builder = DocumentBuilder("docx")
    reader = DocxReader(builder, styles, numbering)
    for body in children(root, "body"):
        reader.read(body)
    for part, tag in (("footnotes", "footnote"), ("endnotes", "endnote")):
        notes = _xml(archive, f"{folder}/{part}.xml")
        for note in children(notes, tag) if notes is not None else ():
            if value(note, "type") in (None, "normal"):
                reader.read(note)
    return builder.build(_core_title(archive) or reader.title)


def _main_part(archive: zipfile.ZipFile) -> str:
    relations = _xml(archive, "_rels/.rels")
    for relation in relations if relations is not None else ():
        if (relation.get("Type") or "").endswith("/officeDocument"):
            target = (relation.get("Target") or "").lstrip("/")
            if target in archive.namelist():
                return target
    return "word/document.xml"


def _core_title(archive: zipfile.ZipFile) -> str:
    core = _xml(archive, "docProps/core.xml")
    for element in core if core is not None else ():
        if local_name(element) == "title":
            return collapse(element.text or "")
    return ""


def _xml(archive: zipfile.ZipFile, name: str) -> etree._Element | None:
    """A part's root element, ``None`` when there is no such part.

    Entities are not resolved and nothing is loaded from elsewhere; a part with a document type, which no Office file
    has, is refused. At most ``limits.MAX_MARKUP_BYTES`` are inflated.
    """
    try:
        with archive.open(name) as part:
            data = part.read(limits.MAX_MARKUP_BYTES + 1)
    except KeyError:
        return None
    except zipfile.zlib.error as error:  # type: ignore[attr-defined]
        raise ParsingError("corrupt", _CORRUPT) from error
    if len(data) > limits.MAX_MARKUP_BYTES:
        raise limits.too_large(f"{limits.MAX_MARKUP_BYTES // 1024**2} MB of text")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    root = etree.fromstring(data, parser)
    if root.getroottree().docinfo.doctype:
        raise ParsingError("corrupt", _CORRUPT)
    return root


class DocxReader:
    """Adds the paragraphs and tables of an element to a builder."""

    def __init__(self, builder: DocumentBuilder, styles: Styles, numbering: Numbering) -> None:
        self.builder = builder
        self.styles = styles
        self.numbering = numbering
        self.cells = CellBudget()
        self.title = ""

    def read(self, element: etree._Element, depth: int = 0) -> None:
        """Add the blocks of ``element``; nesting beyond ``limits.MAX_DEPTH`` is left out."""
        if depth > limits.MAX_DEPTH:
            return
        for item in element.iterchildren(etree.Element):
            name = local_name(item)
            if name == "p":
                self._paragraph(item, depth)
            elif name == "tbl":
                self._table(item, depth)
            elif name not in _SKIPPED:
                self.read(item, depth + 1)

    def _paragraph(self, paragraph: etree._Element, depth: int) -> None:
        text, boxes = _text(paragraph)
        text = "\n".join(filter(None, map(collapse, text.split("\n"))))
        properties = child(paragraph, "pPr")
        style = self.styles.of(properties)
        kind: BlockKind = "paragraph"
        level, marker = 0, ""
        if style.heading_level and text:
            kind, level, text = "heading", style.heading_level, text.replace("\n", " ")
            if style.is_title and not self.title:
                self.title = text
        elif text:
            numbered = self.numbering.marker(properties, style)
            if numbered is not None:
                kind = "list_item"
                marker, level = numbered
            elif style.kind is not None:
                kind = style.kind
        self.builder.add(kind, text, level=level, marker=marker)
        for box in boxes:
            self.read(box, depth + 1)

    def _table(self, table: etree._Element, depth: int) -> None:
        rows = [list(children(row, "tc")) for row in children(table, "tr")]
        if max(map(len, rows), default=0) <= 1:
            # One column is a frame around text, not a table of data.
            for row in rows:
                for cell in row:
                    self.read(cell, depth + 1)
            return
        texts: list[list[str]] = []
        for row in rows:
            cells: list[str] = []
            for cell in row:
                properties = child(cell, "tcPr")
                span = _span(properties)
                self.cells.take(span)
                cells.append("" if _continues(properties) else _cell_text(cell))
                cells.extend([""] * (span - 1))
            texts.append(cells)
        self.builder.add("table", markdown_table(texts))


def _text(paragraph: etree._Element) -> tuple[str, list[etree._Element]]:
    """A paragraph's text, tabs and breaks included, and the text boxes that hang on it."""
    parts: list[str] = []
    boxes: list[etree._Element] = []
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
        elif name == "txbxContent":
            boxes.append(element)
        elif name not in _SKIPPED:
            stack.extend(reversed(list(element.iterchildren(etree.Element))))
    return "".join(parts), boxes


def _cell_text(cell: etree._Element) -> str:
    return " ".join(filter(None, (collapse(_text(p)[0]) for p in cell.iter("{*}p"))))


def _span(properties: etree._Element | None) -> int:
    grid = child(properties, "gridSpan")
    text = value(grid, "val") if grid is not None else None
    return min(max(int(text), 1), 100) if text is not None and text.isdecimal() and len(text) < 6 else 1


def _continues(properties: etree._Element | None) -> bool:
    """True for a cell that only continues the merged cell above it."""
    merge = child(properties, "vMerge")
    return merge is not None and value(merge, "val") in (None, "continue")
