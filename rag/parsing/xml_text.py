"""Reads XML of any vocabulary as the words in it: an element that holds text is a line, its neighbours follow it."""

import re
from collections import Counter

from lxml import etree

from rag.parsing import html
from rag.parsing.building import DocumentBuilder, collapse

_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")
_MARKUP = re.compile(r"</(?:p|div|a|li|h[1-6]|b|strong|em|span|table)>|<br\s*/?>", re.IGNORECASE)


def add_xml(builder: DocumentBuilder, text: str) -> bool:
    """Append the text of an XML document; false, with nothing added, when ``text`` is no well-formed one.

    Entities of the document's own are left as they are written, and nothing outside of it is loaded.
    """
    declaration = _DECLARATION.match(text)
    if declaration is None:
        return False
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(text[declaration.end() :].lstrip().encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return False
    _XmlReader(builder).read(root)
    return builder.length > 0


class _XmlReader:
    def __init__(self, builder: DocumentBuilder) -> None:
        self.builder = builder
        self.lines: list[str] = []
        self.parent: etree._Element | None = None
        self.named: set[str] = set()

    def read(self, root: etree._Element) -> None:
        """Add the elements that hold text, in order; what one holds in turn is part of its line."""
        walk = etree.iterwalk(root, events=("start",))
        for _, element in walk:
            if not isinstance(element.tag, str) or not _holds_text(element):
                continue
            walk.skip_subtree()
            if element.getparent() is not self.parent:
                self._flush()
                self.parent = element.getparent()
                self.named = _names(self.parent)
            content = "".join(map(str, element.itertext()))
            if _MARKUP.search(content):
                self._flush()
                html.add_fragment(self.builder, content)
            elif content.strip():
                name = etree.QName(element).localname
                self.lines.append(f"{name}: {collapse(content)}" if name in self.named else collapse(content))
        self._flush()

    def _flush(self) -> None:
        self.builder.add("paragraph", "\n".join(self.lines))
        self.lines.clear()


def _names(parent: etree._Element | None) -> set[str]:
    """The names of children that say what they hold: those of a record, each there once. Paragraphs share theirs."""
    children = [] if parent is None else [child for child in parent if isinstance(child.tag, str)]
    names = Counter(etree.QName(child).localname for child in children)
    return {name for name, count in names.items() if count == 1} if len(names) > 1 else set()


def _holds_text(element: etree._Element) -> bool:
    """Whether there is text between the element's own tags, not only within its children."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)
