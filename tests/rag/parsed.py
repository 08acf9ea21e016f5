"""What holds for every parsed document, checked in one place."""

import re

from rag.parsing import ParsedDocument, parse

_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_MARKER = re.compile(r"\s*(?:- |\d+\. )?$")


def check_invariants(document: ParsedDocument) -> None:
    """Assert what the docstring of ParsedDocument promises."""
    assert not _UNSTORABLE.search(document.text)
    assert not _UNSTORABLE.search(document.title)
    document.text.encode("utf-8")
    position = 0
    for block in document.blocks:
        assert position <= block.start < block.end <= len(document.text)
        assert _MARKER.match(document.text, position, block.start), document.text[position : block.start]
        assert document.text[block.start : block.end].strip()
        assert (1 <= block.level <= 6) if block.kind == "heading" else block.level >= 0
        position = block.end
    assert not document.text[position:].strip()
    check_pages(document)


def check_pages(document: ParsedDocument) -> None:
    """Assert that pages follow each other and that each box lies on its page and covers text of it."""
    position = 0
    for number, page in enumerate(document.pages, 1):
        assert page.number == number
        assert position <= page.start <= page.end <= len(document.text)
        position = page.end
        previous = page.start
        for box in page.boxes:
            assert previous <= box.start < box.end <= page.end
            assert document.text[box.start : box.end].strip() == document.text[box.start : box.end]
            assert 0 <= box.x0 < box.x1 <= page.width
            assert 0 <= box.y0 < box.y1 <= page.height
            previous = box.end


def parsed(folder, content, name="document.bin"):
    """Write ``content`` to a file in ``folder``, parse it under ``name`` and check it."""
    path = folder / "stored-under-a-hash"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    document = parse(path, name)
    check_invariants(document)
    return document


def outline(document: ParsedDocument) -> list[tuple[str, int, str]]:
    """Kind, level and text of each block."""
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]
