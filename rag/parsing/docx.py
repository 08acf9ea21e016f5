"""Reads DOCX: the body's headings, paragraphs, lists, tables and charts, then its notes and comments.

Headers and footers are left out: they stand on every page and say nothing of their own.
"""

from dataclasses import replace

from lxml import etree

from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.charts import add_chart, add_diagram
from rag.parsing.decoding import decode
from rag.parsing.docx_runs import inline
from rag.parsing.docx_styles import Numbering, Styles
from rag.parsing.elements import child, children, local_name, relation_id, value
from rag.parsing.html import add_fragment
from rag.parsing.model import BlockKind, ParsedDocument
from rag.parsing.packages import Package, open_package
from rag.parsing.tables import CellBudget, carried_down, markdown_table

_SKIPPED = frozenset(("pPr", "rPr", "del", "moveFrom", "Fallback", "sdtPr", "sdtEndPr", "tblPr", "sectPr"))
_CORRUPT = _("This Word file is damaged and cannot be read. Open it in Word, save it again and upload that.")


def parse(path: Source) -> ParsedDocument:
    """Parse a DOCX file. Raises ParsingError: ``corrupt``, ``encrypted``, ``no_text``, ``too_large``."""
    with open_package(path, _CORRUPT) as package:
        return _read(package)


def _read(package: Package) -> ParsedDocument:
    main = package.main_part("word/document.xml")
    root = package.xml(main)
    if root is None:
        raise package.corrupt()
    folder = main.rpartition("/")[0]
    styles = Styles(package.xml(f"{folder}/styles.xml"))
    numbering = Numbering(package.xml(f"{folder}/numbering.xml"))
    builder = DocumentBuilder("docx")
    targets = {key: relation.target for key, relation in package.relations(main).items()}
    reader = DocxReader(builder, styles, numbering, package, targets)
    for body in children(root, "body"):
        reader.read(body)
    for part, tag in (("footnotes", "footnote"), ("endnotes", "endnote")):
        for note in children(package.xml(f"{folder}/{part}.xml"), tag):
            if value(note, "type") in (None, "normal"):
                reader.read(note)
    for comment in children(package.xml(f"{folder}/comments.xml"), "comment"):
        said = " ".join(filter(None, (collapse(inline(p).text) for p in comment.iter("{*}p"))))
        builder.add("quote", f"Comment: {said}" if said else "")
    document = builder.build(package.core_title() or reader.title)
    return replace(document, properties=package.core_properties())


class DocxReader:
    """Adds the paragraphs and tables of an element to a builder."""

    def __init__(
        self, builder: DocumentBuilder, styles: Styles, numbering: Numbering, package: Package, targets: dict[str, str]
    ) -> None:
        """``targets`` names the parts that the document points at, by the relation's identifier."""
        self.builder = builder
        self.package = package
        self.targets = targets
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
            elif name == "altChunk":
                self._foreign(self.targets.get(relation_id(item), ""))
            elif name not in _SKIPPED:
                self.read(item, depth + 1)

    def _paragraph(self, paragraph: etree._Element, depth: int) -> None:
        held = inline(paragraph)
        text = held.text
        properties = child(paragraph, "pPr")
        style = self.styles.of(properties)
        kind: BlockKind = "paragraph"
        level, marker = 0, ""
        if style.heading_level and text:
            kind, level, text = "heading", style.heading_level, text.replace("\n", " ")
            number = self.numbering.label(properties, style)
            text = f"{number} {text}" if number else text
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
        for box in held.boxes:
            self.read(box, depth + 1)
        for description in held.descriptions:
            self.builder.add("caption", description)
        for frame in held.frames:
            if local_name(frame) == "chart":
                add_chart(self.builder, self.package.xml(self.targets.get(relation_id(frame), "")), self.cells)
            else:
                add_diagram(self.builder, self.package.xml(self.targets.get(relation_id(frame, "dm"), "")))

    def _foreign(self, part: str) -> None:
        """Text in another format that Word takes in when it opens the file: HTML is read, others are left out."""
        data = self.package.read(part) if part else None
        if data is not None and part.lower().endswith((".html", ".htm", ".xhtml", ".mht")):
            add_fragment(self.builder, decode(data) or "")

    def _table(self, table: etree._Element, depth: int) -> None:
        rows = [list(children(row, "tc")) for row in children(table, "tr")]
        if max(map(len, rows), default=0) <= 1:
            # One column is a frame around text, not a table of data.
            for row in rows:
                for cell in row:
                    self.read(cell, depth + 1)
            return
        texts: list[list[str]] = []
        above: dict[int, str] = {}
        for row in rows:
            cells: list[str] = []
            for cell in row:
                properties = child(cell, "tcPr")
                span = _span(properties)
                self.cells.take(span)
                column = len(cells)
                continued = _continues(properties)
                above[column] = carried_down(above.get(column, "")) if continued else self._cell_text(cell)
                cells.append(above[column])
                cells.extend([""] * (span - 1))
            texts.append(cells)
        self.builder.add("table", markdown_table(texts))

    def _cell_text(self, cell: etree._Element) -> str:
        texts: list[str] = []
        for paragraph in cell.iter("{*}p"):
            if any(local_name(above) == "Fallback" for above in paragraph.iterancestors()):
                continue
            text = collapse(inline(paragraph).text)
            properties = child(paragraph, "pPr")
            numbered = self.numbering.marker(properties, self.styles.of(properties)) if text else None
            texts.append(f"{numbered[0]}{text}" if numbered else text)
        return " ".join(filter(None, texts))


def _span(properties: etree._Element | None) -> int:
    grid = child(properties, "gridSpan")
    text = value(grid, "val") if grid is not None else None
    return min(max(int(text), 1), 100) if text is not None and text.isdecimal() and len(text) < 6 else 1


def _continues(properties: etree._Element | None) -> bool:
    """True for a cell that only continues the merged cell above it."""
    merge = child(properties, "vMerge")
    return merge is not None and value(merge, "val") in (None, "continue")
