"""Reads the PPT of PowerPoint 97 to 2003 ([MS-PPT]): of each slide its title, texts, tables and speaker notes."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import olefile

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.model import Page, ParsedDocument
from rag.parsing.ppt_text import Line, lines
from rag.parsing.tables import CellBudget, markdown_table

_DAMAGED = _(
    "This PowerPoint file is damaged and cannot be read. Open it in PowerPoint, save it as .pptx and upload that."
)
_DOCUMENT_ATOM, _SLIDE_ATOM, _SLIDE_LIST, _PERSIST_ATOM, _DRAWING = 1001, 1007, 4080, 1011, 1036
_USER_EDIT, _DIRECTORY = 4085, 6002
_TEXT_KIND, _UNICODE, _LATIN, _TEXT_STYLE, _OUTLINE_TEXT = 3999, 4000, 4008, 4001, 3998
_RUNNING = frozenset((4056, 4087, 4088, 4089, 4090))  # slide numbers, dates, headers, footers
_GROUP, _SHAPE, _ANCHOR, _TEXT_BOX, _MORE_OPTIONS, _DRAWING_GROUP = 0xF003, 0xF004, 0xF00F, 0xF00D, 0xF122, 0xF002
_TABLE_OPTION = 0x039F
_TITLES = (0, 6)
_POINT = 8  # master units, 576 an inch, in a point
_MOST_EDITS = 10_000
_ERRORS = (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, struct.error)


@dataclass(frozen=True, slots=True)
class _Record:
    kind: int
    instance: int
    start: int
    end: int


@dataclass(slots=True)
class _Text:
    kind: int
    text: str = ""
    style: bytes = b""
    runs_on: bool = True
    """Whether it is a text of the slide's own, not a slide number, a date or a footer."""


@dataclass(slots=True)
class _Slide:
    number: int
    texts: list[_Text] = field(default_factory=list)


def parse(path: Source) -> ParsedDocument:
    """Parse a PPT file that is not encrypted. Raises ParsingError: ``corrupt``, ``no_text``, ``too_large``."""
    try:
        with path.open("rb") as file, olefile.OleFileIO(file) as container:
            if container.get_size("PowerPoint Document") > limits.MAX_ATTACHMENT_BYTES:
                raise limits.too_large(_("%(n)s MB of slides") % {"n": limits.MAX_ATTACHMENT_BYTES // 1024**2})
            data: bytes = container.openstream("PowerPoint Document").read()
            user: bytes = container.openstream("Current User").read()
        return _Reader(data, user).read()
    except _ERRORS as error:
        raise ParsingError("corrupt", _DAMAGED) from error


class _Reader:
    """Follows the records of one presentation."""

    def __init__(self, data: bytes, user: bytes) -> None:
        self.data = data
        self.builder = DocumentBuilder("pptx")
        self.cells = CellBudget()
        self.said = False
        self.title = ""
        self.places, self.document = self._directory(struct.unpack_from("<I", user, 16)[0])

    def read(self) -> ParsedDocument:
        """All slides in their order."""
        whole = self._at(self.document)
        size = (0, 0)
        slides: list[_Slide] = []
        notes: dict[int, int] = {}
        for record in self._inside(whole):
            if record.kind == _DOCUMENT_ATOM:
                size = struct.unpack_from("<ii", self.data, record.start)
            elif record.kind == _SLIDE_LIST and record.instance == 0:
                slides = self._listed(record)
            elif record.kind == _SLIDE_LIST and record.instance == 2:
                for inner in self._inside(record):
                    if inner.kind == _PERSIST_ATOM:
                        number, *_other, name = struct.unpack_from("<IIII", self.data, inner.start)
                        notes[name] = number
        if len(slides) > limits.MAX_PAGES:
            raise limits.too_large(_("%(n)s slides") % {"n": f"{limits.MAX_PAGES:,}"})
        width, height = (size[0] / _POINT, size[1] / _POINT) if min(size) > 0 else (720.0, 540.0)
        pages = []
        for count, slide in enumerate(slides, 1):
            start = self.builder.length
            self._slide(slide, count, notes)
            pages.append(Page(count, start, self.builder.length, width, height))
        if not self.said:
            raise ParsingError(
                "no_text", _("No text was found on these slides. If they are pictures, upload them as PDF.")
            )
        self.builder.first_heading = ""
        return self.builder.build(self.title, tuple(pages))

    def _slide(self, slide: _Slide, count: int, notes: dict[int, int]) -> None:
        shown: list[_Text | list[list[str]]] = []
        notes_of = 0
        for record in self._inside(self._at(slide.number)):
            if record.kind == _SLIDE_ATOM:
                (notes_of,) = struct.unpack_from("<I", self.data, record.start + 16)
            elif record.kind == _DRAWING:
                shown.extend(self._drawn(record, slide.texts))
        if not shown:
            shown.extend(slide.texts)
        texts = [one for one in shown if isinstance(one, _Text)]
        title = next((one for one in texts if one.kind in _TITLES and one.text.strip()), None)
        heading = collapse(title.text) if title is not None else ""
        self.title = self.title or heading
        self.said = self.said or bool(heading)
        self.builder.add("heading", heading or f"Slide {count}", level=1)
        before = self.builder.length
        for one in shown:
            if isinstance(one, list):
                self.builder.add("table", markdown_table(one))
            elif one is not title:
                self._add(lines(one.text, one.style, one.kind))
        if notes_of in notes:
            for record in self._inside(self._at(notes[notes_of])):
                if record.kind == _DRAWING:
                    self._notes(self._drawn(record, []))
        self.said = self.said or self.builder.length > before

    def _notes(self, shown: Iterator["_Text | list[list[str]]"]) -> None:
        said = [collapse(one.text) for one in shown if isinstance(one, _Text) and one.kind == 2]
        if any(said):
            self.builder.add("quote", "Speaker notes: " + " ".join(said))

    def _add(self, shown: list[Line]) -> None:
        for line in shown:
            if line.level:
                self.builder.add("list_item", line.text, level=line.level, marker="- ")
            else:
                self.builder.add("paragraph", line.text)

    def _drawn(self, drawing: _Record, outline: list[_Text]) -> Iterator["_Text | list[list[str]]"]:
        """The texts of shapes in their order, a table as its rows; without recursion."""
        stack = [drawing]
        while stack:
            record = stack.pop()
            if record.kind in (_DRAWING, _DRAWING_GROUP, _GROUP):
                inner = list(self._inside(record))
                rows = self._table(inner, outline) if record.kind == _GROUP else []
                if rows:
                    yield rows
                else:
                    stack.extend(reversed(inner))
            elif record.kind == _SHAPE:
                for part in self._inside(record):
                    if part.kind == _TEXT_BOX:
                        yield from (one for one in self._texts(part, outline) if one.runs_on)

    def _table(self, shapes: list[_Record], outline: list[_Text]) -> list[list[str]]:
        """The cells of a group that is a table, by where they stand; none of any other group."""
        head = shapes[0] if shapes else None
        if head is None or head.kind != _SHAPE:
            return []
        options = (part for part in self._inside(head) if part.kind == _MORE_OPTIONS)
        if not any(self._is_table(option) for option in options):
            return []
        cells: dict[int, dict[int, str]] = {}
        for shape in shapes[1:]:
            place, said = None, ""
            for part in self._inside(shape) if shape.kind == _SHAPE else ():
                if part.kind == _ANCHOR:
                    place = struct.unpack_from("<ii", self.data, part.start)
                elif part.kind == _TEXT_BOX:
                    said = " ".join(one.text for one in self._texts(part, outline))
            if place is not None and said.strip():
                self.cells.take()
                cells.setdefault(place[1], {})[place[0]] = said.replace("\r", " ").replace("\x0b", " ")
        columns = sorted({left for row in cells.values() for left in row})
        self.cells.take(len(columns) * len(cells))
        return [[row.get(left, "") for left in columns] for _other, row in sorted(cells.items())]

    def _is_table(self, options: _Record) -> bool:
        for at in range(options.start, min(options.start + 6 * options.instance, options.end - 5), 6):
            name, value = struct.unpack_from("<HI", self.data, at)
            if name & 0x3FFF == _TABLE_OPTION:
                return bool(value & 1)
        return False

    def _listed(self, slides: _Record) -> list[_Slide]:
        """The slides of a list, each with the texts of its placeholders."""
        found: list[_Slide] = []
        for record in self._inside(slides):
            if record.kind == _PERSIST_ATOM:
                found.append(_Slide(struct.unpack_from("<I", self.data, record.start)[0]))
            elif found:
                self._take_text(record, found[-1].texts)
        return found

    def _texts(self, box: _Record, outline: list[_Text]) -> list[_Text]:
        found: list[_Text] = []
        for record in self._inside(box):
            if record.kind == _OUTLINE_TEXT:
                (index,) = struct.unpack_from("<i", self.data, record.start)
                found.extend(outline[index : index + 1] if index >= 0 else ())
            else:
                self._take_text(record, found)
        return found

    def _take_text(self, record: _Record, texts: list[_Text]) -> None:
        content = self.data[record.start : record.end]
        if record.kind == _TEXT_KIND:
            texts.append(_Text(struct.unpack_from("<I", content)[0]))
        elif not texts:
            return
        elif record.kind == _UNICODE:
            texts[-1].text = content.decode("utf-16-le", "replace")
        elif record.kind == _LATIN:
            texts[-1].text = content.decode("latin-1")
        elif record.kind == _TEXT_STYLE:
            texts[-1].style = content
        elif record.kind in _RUNNING:
            texts[-1].runs_on = False

    def _at(self, number: int) -> _Record:
        """The container that the directory knows by ``number``."""
        place = self.places[number]
        head, kind, length = struct.unpack_from("<HHI", self.data, place)
        return _Record(kind, head >> 4, place + 8, min(place + 8 + length, len(self.data)))

    def _inside(self, outer: _Record) -> Iterator[_Record]:
        at = outer.start
        while at + 8 <= outer.end:
            head, kind, length = struct.unpack_from("<HHI", self.data, at)
            yield _Record(kind, head >> 4, at + 8, min(at + 8 + length, outer.end))
            at += 8 + length

    def _directory(self, place: int) -> tuple[dict[int, int], int]:
        """Where each container lies, by its number, and the number of the document; the last edit counts."""
        places: dict[int, int] = {}
        document = -1
        for _other in range(_MOST_EDITS):
            _other, kind, _other = struct.unpack_from("<HHI", self.data, place)
            if kind != _USER_EDIT:
                raise ValueError("no edit where one should be")
            earlier, directory, number = struct.unpack_from("<III", self.data, place + 16)
            document = number if document < 0 else document
            _other, kind, length = struct.unpack_from("<HHI", self.data, directory)
            at, end = directory + 8, min(directory + 8 + length, len(self.data) - 3)
            while kind == _DIRECTORY and at < end:
                (first,) = struct.unpack_from("<I", self.data, at)
                count = first >> 20
                for index, where in enumerate(struct.unpack_from(f"<{count}I", self.data, at + 4)):
                    places.setdefault((first & 0xFFFFF) + index, where)
                at += 4 + 4 * count
            if not 0 < earlier < place:
                break
            place = earlier
        return places, document
