"""Reads PPTX: slide by slide its title, texts, tables, charts, pictures' descriptions, notes and comments.

Each slide is a page without boxes. Slide numbers, dates and footers that stand on every slide are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml import etree

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.charts import add_chart, add_diagram
from rag.parsing.elements import child, children, local_name, relation_id, truth, value, whole
from rag.parsing.model import Page, ParsedDocument
from rag.parsing.packages import Package, open_package
from rag.parsing.pptx_text import add_lines, lines, paragraph_text
from rag.parsing.tables import CellBudget, carried_down, markdown_table

_DAMAGED = _(
    "This PowerPoint file is damaged and cannot be read. Open it in PowerPoint, save it again and upload that."
)
_EMU = 12_700  # English Metric Units in a point
_USUAL_SIZE = (960.0, 540.0)
_TITLES = ("title", "ctrTitle")
_RUNNING = ("dt", "ftr", "sldNum", "hdr")
_FILE_NAME = re.compile(r"[^\s/\\]+\.(?:png|jpe?g|gif|emf|wmf|bmp|tiff?|svg|webp)$", re.IGNORECASE)
_NO_TITLE = re.compile(r"(?:power\s?point[ -]\w+|presentation|untitled|slide \d+)$", re.IGNORECASE)
_COMMENTS = ("comments", "comment")


def parse(path: Source) -> ParsedDocument:
    """Parse a PPTX file. Raises ParsingError: ``corrupt``, ``encrypted``, ``no_text``, ``too_large``."""
    with open_package(path, _DAMAGED) as package:
        return _read(package)


def _read(package: Package) -> ParsedDocument:
    main = package.main_part("ppt/presentation.xml")
    root = package.xml(main)
    if root is None:
        raise package.corrupt()
    builder = DocumentBuilder("pptx")
    reader = _Slides(package, builder, child(root, "defaultTextStyle"))
    relations = package.relations(main)
    width, height = _size(child(root, "sldSz"))
    pages: list[Page] = []
    for entry in children(child(root, "sldIdLst"), "sldId"):
        relation = relations.get(relation_id(entry))
        if relation is None or relation.kind != "slide" or relation.target not in package:
            continue
        if len(pages) >= limits.MAX_PAGES:
            raise limits.too_large(_("%(n)s slides") % {"n": f"{limits.MAX_PAGES:,}"})
        start = builder.length
        reader.read(relation.target, len(pages) + 1)
        pages.append(Page(len(pages) + 1, start, builder.length, width, height))
    if not reader.said:
        raise ParsingError("no_text", _("No text was found on these slides. If they are pictures, upload them as PDF."))
    title = package.core_title()
    document = replace(builder.build(title, tuple(pages)), properties=package.core_properties())
    # "Slide 1", where a slide has no title, is none for the document either.
    return replace(document, title=reader.title[:300]) if not title or _NO_TITLE.match(title) else document


def _size(element: etree._Element | None) -> tuple[float, float]:
    width, height = whole(value(element, "cx")) / _EMU, whole(value(element, "cy")) / _EMU
    return (width, height) if width and height else _USUAL_SIZE


@dataclass(frozen=True, slots=True)
class _Placeholder:
    kind: str
    index: str


class _Slides:
    """Adds slides to a document."""

    def __init__(self, package: Package, builder: DocumentBuilder, usual: etree._Element | None) -> None:
        self.package = package
        self.builder = builder
        self.usual = [usual] if usual is not None else []
        self.cells = CellBudget()
        self.title = ""
        self.said = False
        self._roots: dict[str, etree._Element | None] = {}
        self._layouts: list[etree._Element] = []
        self._master: etree._Element | None = None

    def read(self, part: str, number: int) -> None:
        """Add one slide: its title first, then its shapes in their order, notes and comments."""
        root = self.package.xml(part)
        relations = self.package.relations(part)
        targets = {relation.kind: relation.target for relation in relations.values()}
        self._inherit(targets.get("slideLayout", ""))
        shapes = list(_shapes(child(root, "cSld", "spTree")))
        title = next((shape for shape in shapes if _titled(shape)), None)
        heading = ""
        if title is not None:
            heading = " ".join(line.text.replace("\n", " ") for line in lines(_body(title), ()))
        self.title = self.title or collapse(heading)
        self.builder.add("heading", heading or f"Slide {number}", level=1)
        before = self.builder.length
        for shape in shapes:
            if shape is not title:
                self._shape(shape, {key: relation.target for key, relation in relations.items()})
        self._notes(targets.get("notesSlide", ""))
        for relation in relations.values():
            if relation.kind in _COMMENTS:
                self._comments(relation.target)
        self.said = self.said or bool(heading) or self.builder.length > before

    def _inherit(self, layout: str) -> None:
        """Find the layout and the master of the slide that follows; both are read once."""
        self._layouts, self._master = [], None
        if not layout:
            return
        root = self._root(layout)
        targets = {one.kind: one.target for one in self.package.relations(layout).values()}
        self._master = self._root(targets.get("slideMaster", ""))
        self._layouts = [one for one in (root, self._master) if one is not None]

    def _root(self, part: str) -> etree._Element | None:
        if part not in self._roots:
            self._roots[part] = self.package.xml(part)
        return self._roots[part]

    def _shape(self, shape: etree._Element, targets: dict[str, str]) -> None:
        name = local_name(shape)
        if name == "pic":
            self._picture(shape)
        elif name == "graphicFrame":
            self._frame(shape, targets)
        elif name in ("sp", "cxnSp"):
            placeholder = _placeholder(shape)
            body = child(shape, "txBody")
            if body is not None and (placeholder is None or placeholder.kind not in _RUNNING):
                add_lines(self.builder, lines(body, self._styles(placeholder)))
            elif body is None:
                self._picture(shape)

    def _picture(self, shape: etree._Element) -> None:
        for properties in shape.iterchildren(etree.Element):
            named = child(properties, "cNvPr")
            if named is not None:
                text = collapse(named.get("descr") or "")
                if not _FILE_NAME.match(text):
                    self.builder.add("caption", text)
                return

    def _frame(self, frame: etree._Element, targets: dict[str, str]) -> None:
        data = child(frame, "graphic", "graphicData")
        table, chart, diagram = child(data, "tbl"), child(data, "chart"), child(data, "relIds")
        if table is not None:
            self._table(table)
        elif chart is not None:
            add_chart(self.builder, self.package.xml(targets.get(relation_id(chart), "")), self.cells)
        elif diagram is not None:
            add_diagram(self.builder, self.package.xml(targets.get(relation_id(diagram, "dm"), "")))
        else:
            self._picture(frame)

    def _table(self, table: etree._Element) -> None:
        rows: list[list[str]] = []
        above: dict[int, str] = {}
        for row in children(table, "tr"):
            cells: list[str] = []
            for column, cell in enumerate(children(row, "tc")):
                self.cells.take()
                if truth(value(cell, "hMerge")):
                    above[column] = ""
                elif truth(value(cell, "vMerge")):
                    above[column] = carried_down(above.get(column, ""))
                else:
                    above[column] = " ".join(filter(None, map(paragraph_text, children(child(cell, "txBody"), "p"))))
                cells.append(above[column])
            rows.append(cells)
        self.builder.add("table", markdown_table(rows))

    def _notes(self, part: str) -> None:
        root = self.package.xml(part) if part else None
        texts: list[str] = []
        for shape in _shapes(child(root, "cSld", "spTree")):
            placeholder = _placeholder(shape)
            if placeholder is not None and placeholder.kind == "body":
                texts.extend(line.text for line in lines(_body(shape), ()))
        if texts:
            self.builder.add("quote", "Speaker notes: " + "\n".join(texts))

    def _comments(self, part: str) -> None:
        root = self.package.xml(part)
        for comment in root.iter("{*}cm", "{*}reply") if root is not None else ():
            text = child(comment, "text")
            said = collapse(text.text or "") if text is not None else ""
            body = child(comment, "txBody")
            said = said or " ".join(filter(None, map(paragraph_text, children(body, "p"))))
            if said:
                self.builder.add("quote", f"Comment: {said}")

    def _styles(self, placeholder: _Placeholder | None) -> list[etree._Element]:
        """The list styles that a shape inherits: its placeholder's on layout and master, then the master's own."""
        if placeholder is None:
            return self.usual
        found: list[etree._Element] = []
        for root in self._layouts:
            for shape in _shapes(child(root, "cSld", "spTree")):
                other = _placeholder(shape)
                if other is not None and (other.index == placeholder.index or other.kind == placeholder.kind):
                    style = child(shape, "txBody", "lstStyle")
                    if style is not None:
                        found.append(style)
                    break
        kind = "bodyStyle" if placeholder.kind in ("body", "obj", "subTitle") else "otherStyle"
        style = child(self._master, "txStyles", kind)
        return [*found, style] if style is not None else found


def _shapes(tree: etree._Element | None) -> Iterator[etree._Element]:
    """The shapes of a tree in their order, those of groups too, however deep."""
    stack = list(reversed(list(tree.iterchildren(etree.Element)))) if tree is not None else []
    while stack:
        shape = stack.pop()
        name = local_name(shape)
        if name in ("grpSp", "AlternateContent", "Choice", "contentPart"):
            inner = list(shape.iterchildren(etree.Element))
            if name == "AlternateContent":
                inner = [one for one in inner if local_name(one) == "Choice"][:1] or inner[:1]
            stack.extend(reversed(inner))
        elif name in ("sp", "pic", "graphicFrame", "cxnSp"):
            yield shape


def _placeholder(shape: etree._Element) -> _Placeholder | None:
    found = child(shape, "nvSpPr", "nvPr", "ph")
    return _Placeholder(found.get("type") or "obj", found.get("idx") or "0") if found is not None else None


def _titled(shape: etree._Element) -> bool:
    placeholder = _placeholder(shape)
    return placeholder is not None and placeholder.kind in _TITLES and child(shape, "txBody") is not None


def _body(shape: etree._Element) -> etree._Element:
    body = child(shape, "txBody")
    return body if body is not None else shape
