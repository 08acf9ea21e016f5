"""Reads EPUB: the chapters in the order of the book's spine, through the HTML reader."""

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from lxml import etree

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import html, limits
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.html_tree import parse_page
from rag.parsing.model import ParsedDocument, Properties
from rag.parsing.properties import properties

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONT_SCRAMBLING = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_CORRUPT = _("This e-book is damaged and cannot be read. Save it again as EPUB and upload that.")
_PROTECTED = _("This e-book is protected against copying and cannot be read. Upload one that is not.")
_MOST_CHAPTERS = 5000
_MOST_LABELS = 20_000
_LEFT_OUT = frozenset(("cover", "toc", "landmarks", "page-list", "loi", "lot", "title-page", "titlepage"))
_MOSTLY_LINKS = 0.8


@dataclass(slots=True)
class _Book:
    """What the package file says. Names of members are those in the archive."""

    title: str = ""
    told: Properties = field(default_factory=Properties)
    chapters: list[str] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    labels: dict[str, str] = field(default_factory=dict)


def parse(path: Source) -> ParsedDocument:
    """Parse an EPUB file. Raises ParsingError: ``corrupt``, ``encrypted``, ``no_text``, ``too_large``."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return _read(_Members(archive))
    except (zipfile.BadZipFile, etree.XMLSyntaxError, EOFError, ValueError, OSError, NotImplementedError) as error:
        # NotImplementedError is zipfile's word for a compression that it does not know.
        raise ParsingError("corrupt", _CORRUPT) from error
    except RuntimeError as error:  # zipfile's way to say that a member has a password
        raise ParsingError("encrypted", _PROTECTED) from error


class _Members:
    """The archive's files, never more of them than the limit once inflated."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = {name.casefold(): name for name in archive.namelist()}
        self.left = limits.MAX_BOOK_BYTES

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self.names

    def read(self, name: str) -> bytes:
        """A member's bytes; empty when there is none. Raises ``too_large``."""
        member = self.names.get(name.casefold())
        if member is None:
            return b""
        most = min(self.left, limits.MAX_MARKUP_BYTES)
        with self.archive.open(member) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise limits.too_large(_("%(n)s MB of chapters") % {"n": limits.MAX_BOOK_BYTES // 1024**2})
        self.left -= len(data)
        return data

    def xml(self, name: str) -> etree._Element | None:
        """A member as XML without entities or anything from outside; ``None`` when there is none."""
        data = self.read(name)
        if not data.strip():
            return None
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
        root: etree._Element | None = etree.fromstring(data, parser)
        return root


def _read(members: _Members) -> ParsedDocument:
    _refuse_protected(members)
    book = _book(members)
    builder = DocumentBuilder("epub")
    for name in book.chapters[:_MOST_CHAPTERS]:
        if name not in book.left_out:
            _add_chapter(builder, members.read(name), book.labels.get(name, ""))
    return replace(builder.build(book.title), properties=book.told)


def _add_chapter(builder: DocumentBuilder, data: bytes, label: str) -> None:
    if not data:
        return
    tree = parse_page(html.decode_page(data))
    body = tree.body
    if body is None or _is_left_out(body.attributes.get("epub:type")) or html.mostly_links(body, _MOSTLY_LINKS):
        return
    for section in body.css("section, nav"):
        if _is_left_out(section.attributes.get("epub:type")):
            section.decompose()
    if label and body.css_first("h1, h2, h3, h4, h5, h6") is None:
        builder.add("heading", collapse(label), level=1)
    html.HtmlReader(builder).read(body)


def _is_left_out(types: str | None) -> bool:
    return bool(_LEFT_OUT & set((types or "").split()))


def _refuse_protected(members: _Members) -> None:
    """Scrambled fonts are no obstacle; anything else in the list of what is encrypted is."""
    root = members.xml(_ENCRYPTION)
    if root is None:
        return
    for entry in _all(root, "EncryptedData"):
        method = next(_all(entry, "EncryptionMethod"), None)
        if method is None or method.get("Algorithm") not in _FONT_SCRAMBLING:
            raise ParsingError("encrypted", _PROTECTED)


def _book(members: _Members) -> _Book:
    container = members.xml(_CONTAINER)
    rootfile = next(_all(container, "rootfile"), None) if container is not None else None
    place = rootfile.get("full-path") if rootfile is not None else None
    package = members.xml(place) if place else None
    if package is None or place is None:
        raise ParsingError("corrupt", _CORRUPT)
    folder = posixpath.dirname(place)
    title, author = (next((element.text or "" for element in _all(package, name)), "") for name in ("title", "creator"))
    created, modified = _days(package)
    book = _Book(title=title, told=properties(author=author, created=created, modified=modified))
    items: dict[str, tuple[str, str, str]] = {}
    for item in _all(package, "item"):
        address = _resolve(folder, item.get("href") or "")
        items[item.get("id") or ""] = (address, item.get("media-type") or "", item.get("properties") or "")
        if "nav" in (item.get("properties") or "").split():
            book.left_out.add(address)
            book.labels |= _nav_labels(members, address)
        elif item.get("media-type") == "application/x-dtbncx+xml":
            book.labels = _ncx_labels(members, address) | book.labels
    for reference in _all(package, "reference"):
        if (reference.get("type") or "").lower() in _LEFT_OUT:
            book.left_out.add(_resolve(folder, reference.get("href") or ""))
    for entry in _all(package, "itemref"):
        address, kind, _other = items.get(entry.get("idref") or "", ("", "", ""))
        if address in members and ("html" in kind or "xml" in kind or not kind):
            book.chapters.append(address)
    book.chapters = list(dict.fromkeys(book.chapters))
    if len(book.left_out & set(book.chapters)) == len(book.chapters):
        book.left_out.clear()
    return book


def _days(package: etree._Element) -> tuple[str, str]:
    """When the book was made and when it was changed: EPUB 2 says of a date what happened then."""
    made, changed = "", ""
    for element in _all(package, "date"):
        event = next((value for name, value in element.items() if name.endswith("event")), "")
        if event == "modification":
            changed = changed or element.text or ""
        else:
            made = made or element.text or ""
    for element in _all(package, "meta"):
        if element.get("property") == "dcterms:modified":
            changed = changed or element.text or ""
    return made, changed


def _nav_labels(members: _Members, name: str) -> dict[str, str]:
    tree = parse_page(html.decode_page(members.read(name)))
    folder = posixpath.dirname(name)
    labels: dict[str, str] = {}
    for link in tree.css("nav a[href]")[:_MOST_LABELS]:
        labels.setdefault(_resolve(folder, link.attributes.get("href") or ""), collapse(link.text()))
    return labels


def _ncx_labels(members: _Members, name: str) -> dict[str, str]:
    root = members.xml(name)
    folder = posixpath.dirname(name)
    labels: dict[str, str] = {}
    for point in _all(root, "navPoint") if root is not None else ():
        content, text = next(_all(point, "content"), None), next(_all(point, "text"), None)
        if content is not None and text is not None and len(labels) < _MOST_LABELS:
            labels.setdefault(_resolve(folder, content.get("src") or ""), text.text or "")
    return labels


def _resolve(folder: str, address: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(address.partition("#")[0])))


def _all(root: etree._Element, name: str) -> Iterator[etree._Element]:
    """The descendants of that name, in any namespace."""
    return root.iter(f"{{*}}{name}")
