"""Reads the DOC of Word 97 to 2003: headings, paragraphs, list items, tables, then notes, comments and text boxes."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import olefile

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.decoding import decode
from rag.parsing.doc_streams import IN_TABLE, LIST, LIST_LEVEL, OUTLINE, ROW_END, Properties, WordStreams
from rag.parsing.model import ParsedDocument
from rag.parsing.tables import CellBudget, markdown_table

_DAMAGED = _("This Word file is damaged and cannot be read. Open it in Word, save it as .docx and upload that.")
_END = re.compile("[\r\x07\x0c]")
_TITLE_STYLE = 62
_DEEPEST_STYLE = 20
_NO_NUMBER = (23, 255)  # a bullet, nothing
_NO_LIST = (0, 0xF801)
_CHARACTERS = {"\x0b": "\n", "\x0e": "\n", "\x1e": "-", "\x1f": "", "\xa0": " ", "\t": " "}
_MARKS = re.compile("[\x00-\x08\x0b-\x1f\xa0\t]")
_FIELD_START, _FIELD_RESULT, _FIELD_END = "\x13", "\x14", "\x15"


def parse(path: Source) -> ParsedDocument:
    """Parse a DOC file that is not encrypted. Raises ParsingError: ``corrupt``, ``no_text``, ``too_large``."""
    try:
        with path.open("rb") as file, olefile.OleFileIO(file) as container:
            main = _stream(container, "WordDocument")
            table = _stream(container, "1Table" if main[0x0B] & 0x02 else "0Table")
            title = _title(container)
        streams = WordStreams(main, table)
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, struct.error) as error:
        raise ParsingError("corrupt", _DAMAGED) from error
    builder = DocumentBuilder("docx")
    reader = _Reader(streams, builder)
    start = 0
    # Headers and footers, the third part, stand on every page and say nothing of their own.
    for kind, length in zip(("text", "note", "", "comment", "note", "box"), streams.lengths, strict=True):
        if kind and length:
            reader.read(start, start + length, is_comment=kind == "comment")
        start += length
    return builder.build(title or reader.title)


def _stream(container: olefile.OleFileIO, name: str) -> bytes:
    if container.get_size(name) > limits.MAX_MARKUP_BYTES:
        raise limits.too_large(_("%(n)s MB of text") % {"n": limits.MAX_MARKUP_BYTES // 1024**2})
    content: bytes = container.openstream(name).read()
    return content


def _title(container: olefile.OleFileIO) -> str:
    """The title among the file's properties, in whatever code page."""
    metadata = container.get_metadata()
    title = metadata.title
    if not isinstance(title, bytes):
        return ""
    page = metadata.codepage or 1252
    try:
        return title.decode("utf-8" if page in (65001, -535) else f"cp{page % 65536}").strip("\x00 ")
    except (LookupError, UnicodeDecodeError):
        return (decode(title) or "").strip("\x00 ")


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    end: str
    style: int
    properties: Properties


class _Reader:
    """Adds parts of a document to a builder."""

    def __init__(self, streams: WordStreams, builder: DocumentBuilder) -> None:
        self.streams = streams
        self.builder = builder
        self.cells = CellBudget()
        self.title = ""
        self._fields: list[bool] = []
        self._counts: dict[int, list[int | None]] = {}
        self._cell: list[str] = []
        self._row: list[str] = []
        self._rows: list[list[str]] = []

    def read(self, start: int, end: int, *, is_comment: bool) -> None:
        """Add the paragraphs between two positions of the document."""
        self._fields.clear()
        for paragraph in self._paragraphs(start, end):
            if self._take_cell(paragraph):
                continue
            self._end_table()
            if is_comment:
                said = collapse(paragraph.text)
                self.builder.add("quote", f"Comment: {said}" if said else "")
            else:
                self._add(paragraph)
        self._end_table()

    def _add(self, paragraph: _Paragraph) -> None:
        text = "\n".join(filter(None, map(collapse, paragraph.text.split("\n"))))
        known, level = self._styled(paragraph)
        if level:
            self.builder.add("heading", text.replace("\n", " "), level=min(level, 6))
        elif known.get(LIST, 0) not in _NO_LIST:
            depth = min(known.get(LIST_LEVEL, 0), 8)
            marker = self._marker(known[LIST], depth) if text else ""
            self.builder.add("list_item", text, level=depth + 1, marker=marker)
        else:
            self.builder.add("paragraph", text)

    def _marker(self, number: int, depth: int) -> str:
        """What stands before the next item of a list, "- " or "3. "; numbers go on through the document."""
        lists = self.streams.lists
        name, levels = lists[number - 1] if 0 < number <= len(lists) else (0, [])
        if depth >= len(levels) or levels[depth].form in _NO_NUMBER:
            return "- "
        counts = self._counts.setdefault(name, [None] * 9)
        counts[depth + 1 :] = [None] * (8 - depth)
        last = counts[depth]
        counts[depth] = max(levels[depth].start, 0) if last is None else last + 1
        return f"{counts[depth]}. "

    def _styled(self, paragraph: _Paragraph) -> tuple[Properties, int]:
        """The paragraph's properties, those of its styles included, and its level as a heading or 0."""
        known: Properties = {}
        level = 0
        number, styles = paragraph.style, self.streams.styles
        for _other in range(_DEEPEST_STYLE):
            if number >= len(styles):
                break
            style = styles[number]
            known = style.properties | known
            if not level and 1 <= style.number <= 9:
                level = style.number
            if not level and style.number == _TITLE_STYLE:
                level = 1
                self.title = self.title or collapse(paragraph.text)
            number = style.base
        known |= paragraph.properties
        outline = known.get(OUTLINE, 9)
        return known, level or (outline + 1 if outline < 9 else 0)

    def _take_cell(self, paragraph: _Paragraph) -> bool:
        """Take what belongs to a table; false for what does not."""
        if not paragraph.properties.get(IN_TABLE):
            return False
        if paragraph.properties.get(ROW_END):
            self.cells.take(len(self._row))
            self._rows.append(self._row)
            self._row = []
            return True
        self._cell.append(paragraph.text)
        if paragraph.end == "\x07":
            self._row.append(" ".join(self._cell))
            self._cell = []
        return True

    def _end_table(self) -> None:
        if self._cell:
            self._row.append(" ".join(self._cell))
        if self._row:
            self._rows.append(self._row)
        self._cell, self._row = [], []
        rows, self._rows = self._rows, []
        if max(map(len, rows), default=0) == 1:
            for row in rows:
                self.builder.add("paragraph", collapse(row[0]))
        elif rows:
            self.builder.add("table", markdown_table(rows))

    def _paragraphs(self, start: int, end: int) -> Iterator[_Paragraph]:
        gathered: list[str] = []
        for piece in self.streams.pieces:
            first, last = max(start - piece.start, 0), min(end - piece.start, len(piece.text))
            if first >= last:
                continue
            text = piece.text
            for begin, until in self.streams.unseen(piece):
                # Marks of paragraphs stay: their properties are theirs, hidden or not.
                kept = "".join(letter if letter in "\r\x07\x0c" else "\x00" for letter in text[begin:until])
                text = text[:begin] + kept + text[until:]
            position = first
            for match in _END.finditer(text, first, last):
                gathered.append(text[position : match.start()])
                style, found = self.streams.paragraph_at(piece.place + match.start() * piece.size)
                yield _Paragraph(self._shown("".join(gathered)), match[0], style, found)
                gathered.clear()
                position = match.end()
            gathered.append(text[position:last])
        if any(gathered):
            yield _Paragraph(self._shown("".join(gathered)), "\r", 0, {})

    def _shown(self, text: str) -> str:
        """The text without the instructions of fields and the signs that stand for something else."""
        if _MARKS.search(text) or self._fields:
            text = "".join(self._visible(text))
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _visible(self, text: str) -> Iterator[str]:
        position = 0
        for match in (*_MARKS.finditer(text), None):
            end = match.start() if match is not None else len(text)
            if all(self._fields):
                yield text[position:end]
            if match is None:
                return
            position = match.end()
            mark = match[0]
            if mark == _FIELD_START:
                self._fields.append(False)
            elif mark == _FIELD_RESULT and self._fields:
                self._fields[-1] = True
            elif mark == _FIELD_END and self._fields:
                self._fields.pop()
            elif all(self._fields):
                yield _CHARACTERS.get(mark, "")
