"""Takes the DOC of Word 97 to 2003 apart ([MS-DOC]): its text in pieces, and what holds for paragraphs and letters.

Positions of letters (CP) count UTF-16 units, positions in the file (FC) bytes of the stream "WordDocument".
"""

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from rag.errors import marked as _
from rag.parsing import limits

_CLX, _STYLES, _LETTER_BINS, _PARAGRAPH_BINS, _LISTS, _LIST_USES = 33, 1, 12, 13, 73, 74
_FIRST_TABLE = 0x9A
_PAGE = 512
_MOST_LISTS = 10_000
_COMPRESSED = 0x40000000
_SIZES = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}
_TABLE_DEFINITION, _TABS = 0xD608, 0xC615
IN_TABLE, ROW_END, OUTLINE, LIST, LIST_LEVEL = 0x2416, 0x2417, 0x2640, 0x460B, 0x260A
DELETED, HIDDEN = 0x0800, 0x083C
_WANTED = frozenset((IN_TABLE, ROW_END, OUTLINE, LIST, LIST_LEVEL, DELETED, HIDDEN))
Properties = dict[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text: where it begins in the document, in the file, and the bytes of each letter, 1 or 2."""

    start: int
    place: int
    size: int
    text: str


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph style: what Word calls it by number, 1 to 9 for headings, and its properties."""

    number: int
    base: int
    properties: Properties


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a list: the first number, and how numbers are written ([MS-OSHARED] MSONFC, 23 for a bullet)."""

    start: int
    form: int


class WordStreams:
    """The streams of one file. Anything that is out of place raises ValueError, IndexError or struct.error."""

    def __init__(self, main: bytes, table: bytes) -> None:
        self.main = main
        self.table = table
        # Lengths of the text, notes, headers, (macros), comments, endnotes, text boxes, in letters.
        counts = struct.unpack_from("<8i", main, 0x4C)
        self.lengths = [max(counts[index], 0) for index in (0, 1, 2, 4, 5, 6)]
        self.pieces = list(self._pieces())
        self.styles = list(self._styles())
        try:
            self.lists = self._lists()
        except (ValueError, IndexError, struct.error):
            self.lists = []
        self._ends, self._paragraphs = self._runs(_PARAGRAPH_BINS, self._paragraph_page)
        self._letter_ends, self._letters = self._runs(_LETTER_BINS, self._letter_page)

    def paragraph_at(self, place: int) -> tuple[int, Properties]:
        """The style and the properties of the paragraph whose mark stands at ``place`` in the file."""
        index = bisect_right(self._ends, place)
        return self._paragraphs[index] if index < len(self._paragraphs) else (0, {})

    def unseen(self, piece: Piece) -> list[tuple[int, int]]:
        """The parts of a piece, from and to in letters, that are hidden or deleted."""
        end = piece.place + len(piece.text) * piece.size
        index = bisect_right(self._letter_ends, piece.place)
        found = []
        start = piece.place
        while index < len(self._letters) and start < end:
            until = min(self._letter_ends[index], end)
            _other, properties = self._letters[index]
            if properties.get(HIDDEN) == 1 or properties.get(DELETED) == 1:
                found.append(((start - piece.place) // piece.size, (until - piece.place) // piece.size))
            start = until
            index += 1
        return found

    def _structure(self, number: int) -> bytes:
        place, size = struct.unpack_from("<II", self.main, _FIRST_TABLE + 8 * number)
        if place + size > len(self.table):
            raise ValueError("a table lies outside of its stream")
        return self.table[place : place + size]

    def _pieces(self) -> Iterator[Piece]:
        data = self._structure(_CLX)
        at = 0
        while data[at] == 1:
            at += 3 + struct.unpack_from("<H", data, at + 1)[0]
        if data[at] != 2:
            raise ValueError("no table of pieces")
        data = data[at + 5 :]
        count = (len(data) - 4) // 12
        starts = struct.unpack_from(f"<{count + 1}I", data)
        total = 0
        for index, (start, end) in enumerate(pairwise(starts)):
            place = struct.unpack_from("<I", data, 4 * (count + 1) + 8 * index + 2)[0]
            size = 1 if place & _COMPRESSED else 2
            place = (place & ~_COMPRESSED) // (3 - size)
            total += end - start
            if end < start or place + (end - start) * size > len(self.main):
                raise ValueError("a piece lies outside of its stream")
            if total > limits.MAX_CHARACTERS:
                raise limits.too_large(_("%(n)s characters") % {"n": f"{limits.MAX_CHARACTERS:,}"})
            content = self.main[place : place + (end - start) * size]
            if size == 1:
                text = content.decode("cp1252", "replace")
            else:
                # Letters beyond 16 bits stay halves until paragraphs are whole, so that each unit has its place.
                text = "".join(map(chr, struct.unpack(f"<{end - start}H", content)))
            yield Piece(start, place, size, text)

    def _runs(
        self, number: int, page: Callable[[bytes, int, int], tuple[int, Properties]]
    ) -> tuple[list[int], list[tuple[int, Properties]]]:
        """The ends of runs in the file, and their properties, from the pages that a table lists."""
        data = self._structure(number)
        count = max((len(data) - 4) // 8, 0)
        ends: list[int] = []
        found: list[tuple[int, Properties]] = []
        for where in struct.unpack_from(f"<{count}I", data, 4 * (count + 1)):
            start = (where & 0x3FFFFF) * _PAGE
            content = self.main[start : start + _PAGE]
            if len(content) < _PAGE or len(ends) > limits.MAX_BLOCKS:
                continue
            runs = content[-1]
            places = struct.unpack_from(f"<{min(runs, 126) + 1}I", content)
            for index in range(len(places) - 1):
                if ends and places[index + 1] < ends[-1]:
                    continue  # not in order: a damaged page
                ends.append(places[index + 1])
                found.append(page(content, 4 * (runs + 1), index))
        return ends, found

    def _lists(self) -> list[tuple[int, list[Level]]]:
        """The lists by the number that paragraphs name less one: an identifier and up to nine levels each."""
        data = self._structure(_LISTS)
        (count,) = struct.unpack_from("<H", data)
        place, size = struct.unpack_from("<II", self.main, _FIRST_TABLE + 8 * _LISTS)
        at = place + size  # the levels follow the table and are no part of it
        levels: dict[int, list[Level]] = {}
        for index in range(min(count, _MOST_LISTS)):
            (name,) = struct.unpack_from("<i", data, 2 + 28 * index)
            levels[name] = []
            for _other in range(1 if data[2 + 28 * index + 26] & 1 else 9):
                start, form = struct.unpack_from("<iB", self.table, at)
                at += 28 + self.table[at + 24] + self.table[at + 25]
                (letters,) = struct.unpack_from("<H", self.table, at)
                at += 2 + 2 * letters
                levels[name].append(Level(start, form))
        uses = self._structure(_LIST_USES)
        (count,) = struct.unpack_from("<I", uses)
        names = (struct.unpack_from("<i", uses, 4 + 16 * index)[0] for index in range(min(count, _MOST_LISTS)))
        return [(name, levels.get(name, [])) for name in names]

    @staticmethod
    def _paragraph_page(content: bytes, base: int, index: int) -> tuple[int, Properties]:
        at = 2 * content[base + 13 * index] if base + 13 * index < _PAGE else 0
        if not at or at + 4 > _PAGE:
            return 0, {}
        size = 2 * content[at] - 1
        if not content[at]:
            at += 1
            size = 2 * content[at]
        (style,) = struct.unpack_from("<H", content, at + 1) if at + 3 <= _PAGE else (0,)
        return style, properties(content[at + 3 : at + 1 + size])

    @staticmethod
    def _letter_page(content: bytes, base: int, index: int) -> tuple[int, Properties]:
        at = 2 * content[base + index] if base + index < _PAGE else 0
        return 0, properties(content[at + 1 : at + 1 + content[at]]) if at else {}

    def _styles(self) -> Iterator[Style]:
        data = self._structure(_STYLES)
        (head,) = struct.unpack_from("<H", data)
        count, base_size = struct.unpack_from("<HH", data, 2)
        at = 2 + head
        for _other in range(min(count, 4095)):
            if at + 2 > len(data):
                return
            (size,) = struct.unpack_from("<H", data, at)
            yield _style(data[at + 2 : at + 2 + size], base_size)
            at += 2 + size


def _style(data: bytes, base_size: int) -> Style:
    if len(data) < base_size + 2 or base_size < 10:
        return Style(0, 0xFFF, {})
    number, kind = struct.unpack_from("<HH", data)
    found: Properties = {}
    (letters,) = struct.unpack_from("<H", data, base_size)
    at = base_size + 2 + 2 * letters + 2
    at += at % 2
    if kind & 0xF == 1 and at + 4 <= len(data):
        (size,) = struct.unpack_from("<H", data, at)
        found = properties(data[at + 4 : at + 2 + size])
    return Style(number & 0xFFF, kind >> 4, found)


def properties(data: bytes) -> Properties:
    """The values of the properties (sprm) in ``data`` that matter here; the rest are passed over."""
    found: Properties = {}
    at = 0
    while at + 3 <= len(data):
        (name,) = struct.unpack_from("<H", data, at)
        at += 2
        size = _SIZES.get(name >> 13)
        if size is None and name == _TABLE_DEFINITION:
            size = 1 + int.from_bytes(data[at : at + 2], "little")
        elif size is None and name == _TABS and data[at] == 255:
            return found
        elif size is None:
            size = 1 + data[at]
        if name in _WANTED:
            found[name] = int.from_bytes(data[at : at + size], "little")
        at += size
    return found
