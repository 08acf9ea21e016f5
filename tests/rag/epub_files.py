"""Builds EPUB files for tests."""

import io
import zipfile

CONTAINER = (
    "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles>"
    "<rootfile full-path='OPS/book.opf' media-type='application/oebps-package+xml'/></rootfiles></container>"
)


def page(body):
    """A chapter's file."""
    return f"<html xmlns='http://www.w3.org/1999/xhtml'><head><title>x</title></head><body>{body}</body></html>"


def make_epub(chapters, title="The Book", spine=None, extra=None, items="", guide="", container=CONTAINER, metadata=""):
    """The bytes of a book; ``chapters`` maps file names to pages, ``spine`` is their order."""
    manifest = "".join(f"<item id='{name}' href='{name}' media-type='application/xhtml+xml'/>" for name in chapters)
    order = "".join(f"<itemref idref='{name}'/>" for name in (chapters if spine is None else spine))
    package = (
        "<package xmlns='http://www.idpf.org/2007/opf'><metadata xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        f"<dc:title>{title}</dc:title>{metadata}</metadata><manifest>{manifest}{items}</manifest><spine>{order}</spine>"
        f"<guide>{guide}</guide></package>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("OPS/book.opf", package)
        for name, content in {**chapters, **(extra or {})}.items():
            archive.writestr(name if "/" in name else f"OPS/{name}", content)
    return buffer.getvalue()
