"""Reads ODP: slide by slide its title, texts, tables, descriptions of pictures, and notes. Each slide is a page."""

import re
from dataclasses import replace

from lxml import etree

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.elements import child, children, local_name, value
from rag.parsing.model import Page, ParsedDocument
from rag.parsing.odf import OdfReader, OdfStyles, body, open_document, title

_USUAL_SIZE = (793.7, 595.3)  # 28 by 21 cm
_POINTS = {"cm": 72 / 2.54, "mm": 7.2 / 2.54, "in": 72.0, "pt": 1.0, "pc": 12.0, "px": 0.75}
_LENGTH = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)(cm|mm|in|pt|pc|px)$")
_RUNNING = ("header", "footer", "date-time", "page-number", "page", "handout")


def parse(path: Source) -> ParsedDocument:
    """Parse an ODP file. Raises ParsingError: ``corrupt``, ``encrypted``, ``no_text``, ``too_large``."""
    with open_document(path) as package:
        builder = DocumentBuilder("odp")
        styles = OdfStyles(package)
        reader = OdfReader(builder, styles)
        pages: list[Page] = []
        said, first = False, ""
        for slide in children(body(package, "presentation"), "page"):
            number = len(pages) + 1
            if number > limits.MAX_PAGES:
                raise limits.too_large(_("%(n)s slides") % {"n": f"{limits.MAX_PAGES:,}"})
            start = builder.length
            heading = _heading(reader, slide)
            builder.add("heading", heading or f"Slide {number}", level=1)
            before = builder.length
            _slide(reader, slide)
            said, first = said or bool(heading) or builder.length > before, first or heading
            pages.append(Page(number, start, builder.length, *_size(styles, slide)))
        if not said:
            message = _("No text was found on these slides. If they are pictures, upload them as PDF.")
            raise ParsingError("no_text", message)
        return replace(builder.build("", tuple(pages)), title=(title(package) or first)[:300])


def _heading(reader: OdfReader, slide: etree._Element) -> str:
    for frame in children(slide, "frame"):
        if value(frame, "class") == "title":
            return collapse(reader.cell_text(frame))
    return ""


def _slide(reader: OdfReader, slide: etree._Element) -> None:
    """Add all of a slide but its title: shapes in their order, comments, then what the speaker is to say."""
    titled = False
    for shape in list(slide.iterchildren(etree.Element)):
        name, role = local_name(shape), value(shape, "class")
        if name == "frame" and role == "title" and not titled:
            titled = True
        elif name == "annotation":
            text = collapse(" ".join(reader.text(p)[0] for p in children(shape, "p")))
            reader.builder.add("quote", f"Comment: {text}" if text else "")
        elif name != "notes" and role not in _RUNNING:
            wrapper = etree.Element("shape")
            wrapper.append(shape)
            reader.read(wrapper)
    reader.notes()
    for frame in children(child(slide, "notes"), "frame"):
        if value(frame, "class") == "notes":
            text = reader.cell_text(frame)
            reader.builder.add("quote", f"Speaker notes: {text}" if text else "")


def _size(styles: OdfStyles, slide: etree._Element) -> tuple[float, float]:
    """A slide's width and height in points, by its master page's layout."""
    master = styles.by_name.get(("master-page", value(slide, "master-page-name") or ""))
    layout = styles.by_name.get(("page-layout", value(master, "page-layout-name") or ""))
    properties = child(layout, "page-layout-properties")
    sizes = [_LENGTH.match(value(properties, name) or "") for name in ("page-width", "page-height")]
    width, height = (float(found[1]) * _POINTS[found[2]] if found else 0.0 for found in sizes)
    return (width, height) if width and height else _USUAL_SIZE
