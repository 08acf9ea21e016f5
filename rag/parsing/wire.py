"""The form in which a parsed document leaves the sandbox: JSON and arrays of numbers, checked on arrival.

The process that read a hostile file may have been taken over by it, so nothing that it sends is executed or trusted:
no pickle, no marshal, and every offset is checked against the text.

Layout: 8 bytes, the header's length, big endian; the header, JSON in UTF-8; then eight-byte numbers as the machine has
them: blocks as (kind, start, end, level) integers, box spans as (start, end) integers, box corners as (x0, y0, x1, y1)
floats.
"""

import json
import math
from array import array
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rag.errors import ParsingError
from rag.parsing.model import BLOCK_KINDS, KINDS, Block, Box, Note, Page, ParsedDocument, Properties
from rag.parsing.properties import properties

_LENGTH = 8
_MOST_NOTES = 20
_CODES = (
    "empty_file",
    "encrypted",
    "corrupt",
    "unsupported_type",
    "no_text",
    "too_large",
    "parse_memory",
    "parse_crashed",
)


class WireError(ValueError):
    """What arrived is not a document in this form."""


def pack_error(error: ParsingError) -> bytes:
    """The bytes for a file that could not be read."""
    return _join({"code": error.code, "message": error.message})


def pack_document(document: ParsedDocument) -> bytes:
    """The bytes for a document."""
    blocks, spans, corners = array("q"), array("q"), array("d")
    for block in document.blocks:
        blocks.extend((BLOCK_KINDS.index(block.kind), block.start, block.end, block.level))
    for page in document.pages:
        for box in page.boxes:
            spans.extend((box.start, box.end))
            corners.extend((box.x0, box.y0, box.x1, box.y1))
    pages = [
        (page.number, page.start, page.end, page.width, page.height, len(page.boxes), page.scanned)
        for page in document.pages
    ]
    header = {
        "kind": document.kind,
        "title": document.title,
        "text": document.text,
        "pages": pages,
        "blocks": len(document.blocks),
        "notes": [(note.code, note.message) for note in document.notes],
        "author": document.properties.author,
        "dates": [None if each is None else each.isoformat() for each in _dates(document.properties)],
    }
    return _join(header, blocks.tobytes(), spans.tobytes(), corners.tobytes())


def _join(header: dict[str, Any], *arrays: bytes) -> bytes:
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join((len(encoded).to_bytes(_LENGTH, "big"), encoded, *arrays))


def unpack(data: bytes) -> ParsedDocument:
    """The document in ``data``. Raises the ParsingError that it holds instead, WireError when it holds neither."""
    size = int.from_bytes(data[:_LENGTH], "big")
    if len(data) < _LENGTH + size:
        raise WireError("cut short")
    try:
        header = json.loads(data[_LENGTH : _LENGTH + size])
        if "code" in header:
            raise _error(header)
        return _document(header, memoryview(data)[_LENGTH + size :])
    except (KeyError, TypeError, UnicodeDecodeError, RecursionError, json.JSONDecodeError) as error:
        raise WireError(str(error)) from error


def _error(header: dict[str, Any]) -> ParsingError:
    code, message = header["code"], header["message"]
    if code not in _CODES or not isinstance(message, str):
        raise WireError("unknown error")
    return ParsingError(code, message[:500])


def _document(header: dict[str, Any], rest: memoryview) -> ParsedDocument:
    text, title = _string(header["text"]), _string(header["title"])
    if header["kind"] not in KINDS:
        raise WireError("unknown kind")
    rows = [_page_row(row) for row in header["pages"]]
    boxes = sum(row[5] for row in rows)
    count = int(header["blocks"])
    if count < 0 or len(rest) != 8 * (4 * count + 6 * boxes):
        raise WireError("wrong size")
    blocks, spans, corners = array("q"), array("q"), array("d")
    blocks.frombytes(rest[: 32 * count])
    spans.frombytes(rest[32 * count : 32 * count + 16 * boxes])
    corners.frombytes(rest[32 * count + 16 * boxes :])
    pages: list[Page] = []
    first = 0
    for number, start, end, width, height, size, scanned in rows:
        _check_span(start, end, pages[-1].end if pages else 0, len(text))
        found = _boxes(spans, corners, range(first, first + size), (start, end))
        pages.append(Page(number, start, end, width, height, found, scanned))
        first += size
    notes = tuple(_note(*row) for row in header["notes"][:_MOST_NOTES])
    told = _properties(header["author"], *header["dates"])
    return ParsedDocument(header["kind"], title, text, _blocks(blocks, len(text)), tuple(pages), notes, told)


def _dates(told: Properties) -> tuple[datetime | None, datetime | None]:
    return told.created, told.modified


def _properties(author: object, created: object, modified: object) -> Properties:
    dates = [None if each is None else _string(each) for each in (created, modified)]
    return properties(author=_string(author), created=dates[0], modified=dates[1])


def _note(code: object, message: object) -> Note:
    return Note(_string(code)[:60], _string(message)[:500])


def _string(value: object) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise WireError("not a text that can be stored")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half a letter
        raise WireError("not a text that can be stored") from error
    return value


def _page_row(row: Sequence[Any]) -> tuple[int, int, int, float, float, int, bool]:
    number, start, end, width, height, boxes, scanned = row
    width, height = float(width), float(height)
    if not (math.isfinite(width) and math.isfinite(height)) or int(boxes) < 0:
        raise WireError("a page without size")
    return int(number), int(start), int(end), width, height, int(boxes), scanned is True


def _blocks(numbers: "array[int]", length: int) -> tuple[Block, ...]:
    blocks: list[Block] = []
    previous = 0
    for i in range(0, len(numbers), 4):
        kind, start, end, level = numbers[i : i + 4]
        if not 0 <= kind < len(BLOCK_KINDS):
            raise WireError("unknown block")
        _check_span(start, end, previous, length)
        blocks.append(Block(BLOCK_KINDS[kind], start, end, level))
        previous = end
    return tuple(blocks)


def _boxes(spans: "array[int]", corners: "array[float]", indices: range, page: tuple[int, int]) -> tuple[Box, ...]:
    boxes: list[Box] = []
    previous, last = page
    for i in indices:
        start, end = spans[2 * i], spans[2 * i + 1]
        x0, y0, x1, y1 = corners[4 * i : 4 * i + 4]
        _check_span(start, end, previous, last)
        if not (math.isfinite(x0) and math.isfinite(y0) and math.isfinite(x1) and math.isfinite(y1)):
            raise WireError("a box without place")
        boxes.append(Box(start, end, x0, y0, x1, y1))
        previous = end
    return tuple(boxes)


def _check_span(start: int, end: int, lowest: int, highest: int) -> None:
    if not lowest <= start <= end <= highest:
        raise WireError("offsets out of order")
