"""Reads RTF: headings by style, lists, tables, footnotes, text boxes and comments, in any code page."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from rag.errors import ParsingError
from rag.errors import marked as _
from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.model import BlockKind, ParsedDocument
from rag.parsing.rtf_tokens import CHARACTERS, CHARSETS, Token, code_page, tokens
from rag.parsing.tables import CellBudget, markdown_table

_MAX_GROUPS = 10_000
_DEEPEST_FLOW = 20
_HEADING = re.compile(r"heading (\d)$", re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,9})[.)]?$")
_SKIPPED_NAMES = """
fonttbl colortbl stylesheet info pict header headerl headerr headerf footer footerl footerr footerf xe tc txe rxe
nonshppict shprslt sp sn sv fldinst listtable listoverridetable rsidtbl generator themedata colorschememapping
datastore latentstyles xmlnstbl mmathPr objdata objclass objname bkmkstart bkmkend atnid atnauthor atndate atnref
atnparent atrfstart atrfend ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn pgdsctbl revtbl filetbl userprops
passwordhash
"""
_SKIPPED = frozenset(_SKIPPED_NAMES.split())
_OWN = frozenset(("footnote", "annotation", "shptxt", "listtext", "pntext"))
"""Destinations whose text is kept apart from the paragraph around them."""
_TRANSPARENT = frozenset(("shpinst", "ud", "shpgrp", "do", "dptxbxtext", "hlinkbase", "result", "background"))
_ENDS = frozenset(("par", "sect", "page", "column"))


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits from the one around it."""

    skipped: bool = False
    table: str = ""
    hidden: bool = False
    fallback: int = 1
    codec: str = "cp1252"
    flow: int = 0


@dataclass(slots=True)
class _Style:
    name: str = ""
    outline: int = 0


@dataclass(slots=True)
class _Flow:
    """A text that is under way: the document's own, a note's, a text box's."""

    kind: str
    text: list[str] = field(default_factory=list)
    marker: str = ""
    cells: list[str] = field(default_factory=list)
    cell: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    in_table: bool = False
    style: int = 0
    outline: int = 0
    depth: int = 0
    emitted: list[tuple[BlockKind, str, int, str]] = field(default_factory=list)


def parse(path: Source) -> ParsedDocument:
    """Parse an RTF file. Raises ParsingError: ``corrupt``, ``no_text``, ``too_large``."""
    with path.open("rb") as file:
        content = file.read(limits.MAX_MARKUP_BYTES + 1)
    if len(content) > limits.MAX_MARKUP_BYTES:
        raise limits.too_large(_("%(n)s MB of text") % {"n": limits.MAX_MARKUP_BYTES // 1024**2})
    reader = RtfReader()
    for token in tokens(content):
        reader.take(token)
    return reader.build()


class RtfReader:
    """Follows the tokens of one file."""

    def __init__(self) -> None:
        self.builder = DocumentBuilder("rtf")
        self.cells = CellBudget()
        self.title = ""
        self._stack: list[_State] = []
        self._state = _State()
        self._flows = [_Flow("")]
        self._later: list[tuple[BlockKind, str, int, str]] = []
        self._fonts: dict[int, str] = {}
        self._styles: dict[int, _Style] = {}
        self._font = self._style = self._default_font = 0
        self._ansi = "cp1252"
        self._bytes = bytearray()
        self._pending_skip = 0
        self._starred = False
        self._fresh = False
        self._named: list[str] = []
        self._ended = False

    def take(self, token: Token) -> None:
        """Follow one token."""
        if self._ended:
            return
        if token.kind == "word":
            self._word(token.word, token.number)
        elif token.kind == "open":
            self._decode()
            self._stack.append(self._state)
            if len(self._stack) > _MAX_GROUPS:
                raise ParsingError("corrupt", _("This RTF file is nested too deeply. Save it as DOCX and upload that."))
            self._fresh, self._starred, self._pending_skip = True, False, 0
            return
        elif token.kind == "close":
            self._close()
        else:
            self._data(token.data)
        self._fresh = self._fresh and self._starred and token.word == "*"

    def build(self) -> ParsedDocument:
        """End what is under way and return the document."""
        self._decode()
        while len(self._flows) > 1:
            self._end_flow()
        main = self._flows[0]
        self._end_paragraph(main)
        self._flush_table(main)
        for kind, text, level, marker in (*main.emitted, *self._later):
            self.builder.add(kind, text, level=level, marker=marker)
        return self.builder.build(self.title)

    def _close(self) -> None:
        self._decode()
        if self._state.table == "style":
            self._name_style()
        elif self._state.table == "title" and self._named:
            title = collapse("".join(self._named))
            if title.strip("?"):  # some writers have put a question mark for each letter they could not write
                self.title = self.title or title
            self._named.clear()
        before = self._state.flow
        if self._stack:
            self._state = self._stack.pop()
            self._ended = not self._stack
        while len(self._flows) - 1 > self._state.flow and before != self._state.flow:
            self._end_flow()
        self._pending_skip = 0

    def _word(self, word: str, number: int | None) -> None:
        if word == "*" and self._fresh:
            self._starred = True
            return
        if self._fresh and self._destination(word):
            return
        if self._pending_skip and (word in CHARACTERS or word in ("-", "'")):
            self._pending_skip -= 1
            return
        handler = _WORDS.get(word)
        if handler is not None:
            self._decode()
            handler(self, number)
        elif word in CHARACTERS:
            self._put(CHARACTERS[word])
        elif word in _ENDS:
            self._decode()
            self._end_paragraph(self._flows[self._state.flow])
        elif word == "\n" or word == "\r":
            self._end_paragraph(self._flows[self._state.flow])

    def _destination(self, word: str) -> bool:
        """Whether the word, the first of its group, says where the group's text goes."""
        state = self._state
        if word in ("fonttbl", "stylesheet", "info") and not state.skipped:
            self._state = replace(state, skipped=True, table=word)
        elif word == "title" and state.table == "info":
            self._named.clear()
            self._state = replace(state, table="title")
        elif word in _SKIPPED:
            self._state = replace(state, skipped=True, table="")
        elif word in _OWN:
            # A box in a box in a box: deeper ones are read with the one around them.
            if not state.skipped and not state.hidden and len(self._flows) <= _DEEPEST_FLOW:
                self._decode()
                self._flows.append(_Flow(word))
                self._state = replace(state, flow=len(self._flows) - 1)
        elif word == "upr":  # holds the text twice, the second time in Unicode
            self._state = replace(state, skipped=True)
        elif word == "ud":
            self._state = replace(state, skipped=self._stack[-2].skipped if len(self._stack) > 1 else False)
        elif self._starred and word not in _TRANSPARENT:
            self._state = replace(state, skipped=True)
        else:
            return False
        return True

    def _data(self, data: bytes) -> None:
        if self._pending_skip:
            skipped = min(self._pending_skip, len(data))
            self._pending_skip -= skipped
            data = data[skipped:]
        if not self._state.skipped or self._state.table:
            self._bytes += data

    def _decode(self) -> None:
        if not self._bytes:
            return
        codec = self._state.codec if self._state.flow or not self._state.table else self._ansi
        text = bytes(self._bytes).decode(codec, "replace")
        self._bytes.clear()
        self._put_text(text)

    def _put(self, text: str) -> None:
        self._decode()
        self._put_text(text)

    def _put_text(self, text: str) -> None:
        if self._state.table in ("style", "stylesheet", "title"):
            self._named.append(text)
        elif not self._state.skipped and not self._state.hidden:
            self._flows[self._state.flow].text.append(text)

    def _name_style(self) -> None:
        name = collapse("".join(self._named).partition(";")[0])
        self._named.clear()
        if name:
            self._styles.setdefault(self._style, _Style()).name = name

    def _end_paragraph(self, flow: _Flow) -> None:
        raw = "".join(flow.text)
        flow.text.clear()
        text = raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        text = "\n".join(filter(None, map(collapse, text.split("\n"))))
        marker, flow.marker = flow.marker, ""
        if flow.in_table:
            if text:
                flow.cell.append(f"{marker}{text}".replace("\n", " "))
            return
        self._flush_table(flow)
        if not text:
            return
        style = self._styles.get(flow.style, _Style())
        level = flow.outline or style.outline
        heading = _HEADING.match(style.name)
        if heading:
            level = int(heading[1])
        if style.name.lower() == "title":
            level = 1
            self.title = self.title or text
        if level:
            flow.emitted.append(("heading", text.replace("\n", " "), min(level, 6), ""))
        elif marker:
            flow.emitted.append(("list_item", text, flow.depth + 1, marker))
        else:
            flow.emitted.append(("paragraph", text, 0, ""))

    def _end_cell(self, flow: _Flow) -> None:
        flow.in_table = True
        self._end_paragraph(flow)
        self.cells.take()
        flow.cells.append(" ".join(flow.cell))
        flow.cell.clear()

    def _end_row(self, flow: _Flow) -> None:
        if flow.cells:
            flow.rows.append(flow.cells[:])
        flow.cells.clear()
        flow.in_table = False

    def _flush_table(self, flow: _Flow) -> None:
        if flow.cell:
            self._end_cell(flow)
        self._end_row(flow)
        rows = flow.rows[:]
        flow.rows.clear()
        if max(map(len, rows), default=0) == 1:
            flow.emitted.extend(("paragraph", row[0], 0, "") for row in rows)
        elif rows:
            flow.emitted.append(("table", markdown_table(rows), 0, ""))

    def _end_flow(self) -> None:
        """Put what a note, a text box or a list's marker holds where it belongs."""
        flow = self._flows.pop()
        outer = self._flows[-1]
        self._end_paragraph(flow)
        self._flush_table(flow)
        if flow.kind in ("listtext", "pntext"):
            words = " ".join(text for _kind, text, *_rest in flow.emitted)
            number = _NUMBER.match(words)
            outer.marker = f"{number[1]}. " if number else "- "
        elif flow.kind == "annotation":
            said = " ".join(text for _kind, text, *_rest in flow.emitted)
            self._later.append(("quote", f"Comment: {said}" if said else "", 0, ""))
        elif flow.kind == "footnote":
            self._later.extend(flow.emitted)
        elif outer.in_table or outer.kind:
            outer.text.extend(f" {text} " for _kind, text, *_rest in flow.emitted)
        else:
            outer.emitted.extend(flow.emitted)

    # What control words do; each gets its number or None.

    def _set_font(self, number: int | None) -> None:
        self._font = number or 0
        if not self._state.table:
            self._state = replace(self._state, codec=self._fonts.get(self._font, self._ansi))

    def _set_charset(self, number: int | None) -> None:
        if self._state.table == "fonttbl":
            self._fonts[self._font] = self._ansi if number == 1 else CHARSETS.get(number or 0, "cp1252")

    def _set_font_page(self, number: int | None) -> None:
        if self._state.table == "fonttbl" and number:
            self._fonts[self._font] = code_page(number)

    def _set_ansi(self, number: int | None) -> None:
        self._ansi = code_page(number or 1252)
        self._state = replace(self._state, codec=self._ansi)

    def _set_style(self, number: int | None) -> None:
        self._style = number or 0
        if self._state.table in ("stylesheet", "style"):
            self._state = replace(self._state, table="style")
            self._named.clear()
        else:
            self._flows[self._state.flow].style = self._style

    def _outline(self, number: int | None) -> None:
        level = number + 1 if number is not None and 0 <= number <= 8 else 0
        if self._state.table == "style":
            self._styles.setdefault(self._style, _Style()).outline = level
        else:
            self._flows[self._state.flow].outline = level

    def _paragraph_defaults(self, _other: int | None) -> None:
        flow = self._flows[self._state.flow]
        flow.style = flow.outline = flow.depth = 0
        flow.in_table = False

    def _plain(self, _other: int | None) -> None:
        self._state = replace(self._state, hidden=False, codec=self._fonts.get(self._default_font, self._ansi))

    def _set_default_font(self, number: int | None) -> None:
        self._default_font = number or 0

    def _hide(self, number: int | None) -> None:
        self._state = replace(self._state, hidden=number != 0)

    def _set_fallback(self, number: int | None) -> None:
        self._state = replace(self._state, fallback=min(max(number if number is not None else 1, 0), 100))

    def _unicode(self, number: int | None) -> None:
        self._put_text(chr((number or 0) & 0xFFFF))
        self._pending_skip = self._state.fallback

    def _into_table(self, _other: int | None) -> None:
        self._flows[self._state.flow].in_table = True

    def _depth(self, number: int | None) -> None:
        self._flows[self._state.flow].depth = min(max(number or 0, 0), 8)

    def _cell(self, _other: int | None) -> None:
        if not self._state.skipped:
            self._end_cell(self._flows[self._state.flow])

    def _row(self, _other: int | None) -> None:
        if not self._state.skipped:
            self._end_row(self._flows[self._state.flow])

    def _nested_cell(self, _other: int | None) -> None:
        """A cell of a table within a cell ends: its text stays in the outer cell."""
        flow = self._flows[self._state.flow]
        flow.in_table = True
        self._end_paragraph(flow)


_WORDS: dict[str, Callable[[RtfReader, int | None], None]] = {
    "f": RtfReader._set_font,
    "fcharset": RtfReader._set_charset,
    "cpg": RtfReader._set_font_page,
    "ansicpg": RtfReader._set_ansi,
    "mac": lambda reader, _other: reader._set_ansi(10000),
    "pc": lambda reader, _other: reader._set_ansi(437),
    "pca": lambda reader, _other: reader._set_ansi(850),
    "deff": RtfReader._set_default_font,
    "s": RtfReader._set_style,
    "outlinelevel": RtfReader._outline,
    "pard": RtfReader._paragraph_defaults,
    "plain": RtfReader._plain,
    "v": RtfReader._hide,
    "deleted": RtfReader._hide,
    "uc": RtfReader._set_fallback,
    "u": RtfReader._unicode,
    "intbl": RtfReader._into_table,
    "ilvl": RtfReader._depth,
    "cell": RtfReader._cell,
    "row": RtfReader._row,
    "nestcell": RtfReader._nested_cell,
}
