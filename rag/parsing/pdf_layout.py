"""Makes lines, and of lines paragraphs, headings and tables, out of a PDF page's words.

A PDF knows no paragraphs, only where each word stands. What is judged here: distance between lines against the page's
usual one, size and weight of type against the body's, short last lines, bullets, and wide gaps inside of lines.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.parsing.model import BlockKind
from rag.parsing.pdf_grid_tables import Table
from rag.parsing.pdf_lines import BULLET, Line
from rag.parsing.pdf_order import in_order, unmixed
from rag.parsing.pdf_ruling import Grid
from rag.parsing.pdf_tables import with_tables
from rag.parsing.pdf_words import WIDE, Word

_SIGN = re.compile(r"[•●○▪■□◦‣⁃∙·➢➤✓✔*–—-]$")
_SENTENCE_END = re.compile(r"[.!?:;。！？…][\"'”’)\]]*$")
# What ends a line without a space to follow on the next: a dash between words, an address cut after a slash or an at.
_GOES_ON = re.compile(r"\w[-‐–—]$|://\S*[/.]?$|^www\.\S*[/.]$|\w@$")
_MAX_HEADING = 200
_CAPTION = re.compile(
    r"(?:figure|fig\.|table|chart|exhibit|abbildung|abb\.|tabelle|tab\.|figura|tabla|tableau)\s+[\dA-Z][\d.-]*\s*(?:[.:|–—]|$)",
    re.IGNORECASE,
)
_MAX_CAPTION = 800


@dataclass(slots=True)
class LayoutStyle:
    """What holds for a whole document: the body's size of type, larger sizes as headings, and the words it uses.

    ``outline``: the level, from 1, of each title in the file's own outline, as ``outline_key`` writes it.
    """

    body: float = 10.0
    headings: tuple[float, ...] = ()
    vocabulary: set[str] = field(default_factory=set)
    outline: Mapping[str, int] = field(default_factory=dict)

    def heading_level(self, size: float) -> int:
        """1 to 6 for type of a heading's size, 0 for others."""
        for level, heading in enumerate(self.headings, 1):
            if size >= heading * 0.97:
                return min(level, 6)
        return 0


class _Writer:
    """Writes words one after another and keeps the span of each."""

    def __init__(self, style: LayoutStyle) -> None:
        self.style = style
        self.parts: list[str] = []
        self.spans: list[tuple[int, int]] = []
        self.length = 0

    def put(self, text: str) -> None:
        """Append text that is no word."""
        self.parts.append(text)
        self.length += len(text)

    def words(self, words: Sequence[Word], line_starts: set[int], *, escaped: bool = False) -> None:
        """Append words as running text. ``line_starts``: indices of those that begin a line.

        Lines are joined by spaces; a word divided at a line's end is joined again unless the document writes it with a
        hyphen elsewhere. ``escaped``: for a cell of a Markdown table.
        """
        previous: Word | None = None
        for index, word in enumerate(words):
            if previous is not None:
                new_line = index in line_starts
                separator = _separator(previous, word, new_line)
                if separator == "" and new_line and _divided(previous, word, self.style):
                    self.parts[-1] = self.parts[-1][:-1]
                    self.length -= 1
                    self.spans[-1] = (self.spans[-1][0], self.length)
                self.put(separator)
            start = self.length
            self.put(word.text.replace("|", "\\|") if escaped else word.text)
            self.spans.append((start, self.length))
            previous = word


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together, or a table."""

    kind: BlockKind
    lines: list[Line]
    level: int = 0
    table: Table | None = None

    def words(self) -> list[Word]:
        """Its words, in the order of their spans."""
        return self.table.words() if self.table else [word for line in self.lines for word in line.words]

    def text_and_spans(self, style: LayoutStyle) -> tuple[str, list[tuple[int, int]]]:
        """The paragraph's text, that of a table in Markdown, and the span of each word in it."""
        writer = _Writer(style)
        if self.table is None:
            starts, count = set(), 0
            for line in self.lines:
                starts.add(count)
                count += len(line.words)
            writer.words(self.words(), starts)
        else:
            for number, row in enumerate(self.table.rows):
                writer.put("\n|" if number else "|")
                for cell in row:
                    writer.put(" ")
                    writer.words(cell, _line_starts(cell), escaped=True)
                    writer.put(" |" if cell else "|")
                if number == 0:
                    writer.put("\n|" + " --- |" * len(row))
        return "".join(writer.parts), writer.spans


def _line_starts(cell: Sequence[Word]) -> set[int]:
    """Indices of a cell's words that stand below the one before."""
    return {i for i in range(1, len(cell)) if cell[i].y1 - cell[i - 1].y1 > 0.5 * cell[i].height}


def _separator(previous: Word, word: Word, new_line: bool) -> str:
    if not new_line:
        return " " if word.spaced or word.x0 - previous.x1 > word.size else ""
    if previous.hyphened or _GOES_ON.search(previous.text):
        return ""
    wide = WIDE.match(previous.text[-1]) and WIDE.match(word.text[0])
    return "" if wide else " "


def _divided(previous: Word, word: Word, style: LayoutStyle) -> bool:
    """Whether the hyphen at the end of ``previous`` only divides a word that goes on with ``word``."""
    if not previous.text.endswith(("-", "‐")) or not word.text[0].islower():
        return False
    head = previous.text[:-1]
    if not head or not head[-1].isalpha():
        return False
    tail = re.match(r"[^\W\d_]+", word.text)
    whole = _letters(head) + (tail.group().lower() if tail else "")
    if whole in style.vocabulary:
        return True
    return f"{_letters(head)}-{tail.group().lower() if tail else ''}" not in style.vocabulary


def _letters(text: str) -> str:
    return re.sub(r"^\W+", "", text).lower()


def outline_key(title: str) -> str:
    """A title without its number, letters only: as an outline has it and as the page has it are the same."""
    return re.sub(r"[\W\d_]+", "", title.casefold())


def style_of(pages: Sequence[Sequence[Line]], outline: Mapping[str, int] | None = None) -> LayoutStyle:
    """The body's size is the one of most characters; sizes 15 % above it, seldom used, are headings."""
    sizes: Counter[float] = Counter()
    vocabulary: set[str] = set()
    for lines in pages:
        for line in lines:
            if not line.upright:
                continue
            sizes[round(line.size * 2) / 2] += sum(len(word.text) for word in line.words)
            vocabulary.update(re.sub(r"^\W+|\W+$", "", word.text).lower() for word in line.words[:-1])
    if not sizes:
        return LayoutStyle(outline=outline or {})
    body = sizes.most_common(1)[0][0]
    total = sum(sizes.values())
    large = sorted((size for size, count in sizes.items() if size > body * 1.15 and count < 0.3 * total), reverse=True)
    headings: list[float] = []
    for size in large:
        if not headings or size < headings[-1] * 0.92:
            headings.append(size)
    return LayoutStyle(body, tuple(headings[:6]), vocabulary, outline or {})


def paragraphs_of(lines: Sequence[Line], style: LayoutStyle, grids: Sequence[Grid] = ()) -> list[Paragraph]:
    """One page's lines as paragraphs, headings and tables, in their order; ``grids``: those ruled on the page."""
    if not lines:
        return []
    leading, width = _usual_leading(lines), _usual_width(lines)
    paragraphs: list[Paragraph] = []
    group: list[Line] = []
    for item in in_order(with_tables(unmixed(lines), grids)):
        if group and (isinstance(item, Table) or _starts_paragraph(group, item, leading, width)):
            paragraphs.append(_paragraph(group, style))
            group = []
        if isinstance(item, Table):
            paragraphs.append(Paragraph("table", [], table=item))
        else:
            group.append(item)
    if group:
        paragraphs.append(_paragraph(group, style))
    return paragraphs


def _usual_leading(lines: Sequence[Line]) -> float:
    """The median distance from one line to the next below it, as a multiple of the type's size."""
    ratios = []
    for above, below in pairwise(lines):
        distance = below.y1 - above.y1
        if 0.5 * above.size < distance < 3 * above.size:
            ratios.append(distance / above.size)
    return sorted(ratios)[len(ratios) // 2] if ratios else 1.2


def _usual_width(lines: Sequence[Line]) -> float:
    """The width that a quarter of the lines reach: that of a full line in the page's columns."""
    widths = sorted(line.x1 - line.x0 for line in lines)
    return widths[len(widths) * 3 // 4]


def _starts_paragraph(group: list[Line], line: Line, leading: float, width: float) -> bool:
    last = group[-1]
    size = last.size
    if abs(line.size - size) > 0.12 * size or line.bold != last.bold:
        return True
    is_row = bool(line.cell_starts())
    if is_row != bool(last.cell_starts()):
        return True
    ended = bool(_SENTENCE_END.search(last.words[-1].text))
    distance = line.y1 - last.y1
    if distance < 0.3 * size:
        # The next column, or a jump: only a sentence in its middle goes on there.
        return ended or not line.words[0].text[0].islower()
    if distance > max(1.35 * leading, 1.1) * size:
        return True
    if BULLET.match(line.words[0].text) and len(line.words) > 1:
        return True
    length = last.x1 - last.x0
    if not ended:
        return length < 0.6 * width and not line.words[0].text[0].islower()
    short = length < 0.85 * width or last.x1 < line.x1 - 0.15 * (line.x1 - line.x0)
    indented = line.x0 > last.x0 + 0.8 * size and len(group) > 1
    return short or indented


def _paragraph(group: list[Line], style: LayoutStyle) -> Paragraph:
    first, last = group[0].words[0].text, group[-1].words[-1].text
    length = sum(len(word.text) + 1 for line in group for word in line.words)
    if length < _MAX_CAPTION and _CAPTION.match(" ".join(word.text for word in group[0].words[:3])):
        return Paragraph("caption", group)
    level = _heading_level(group, style, length) if not _SIGN.match(first) and last[-1] not in ",;" else 0
    if level:
        return Paragraph("heading", group, level)
    if BULLET.match(first) and len(group[0].words) > 1:
        return Paragraph("list_item", group, 1)
    return Paragraph("paragraph", group)


def _heading_level(group: list[Line], style: LayoutStyle, length: int) -> int:
    """1 to 6 when the lines, of ``length`` characters, are a heading by their size, or by standing alone in bold."""
    letters = any(character.isalpha() for line in group for word in line.words for character in word.text)
    if len(group) > 3 or not 2 < length <= _MAX_HEADING or not letters or not group[0].upright:
        return 0
    if style.outline:
        level = style.outline.get(outline_key("".join(word.text for line in group for word in line.words)), 0)
        if level:
            return level
    level = style.heading_level(group[0].size)
    if level:
        return level
    alone = len(group) <= 2 and not group[0].cell_starts() and group[-1].words[-1].text[-1] not in ".:"
    if alone and group[0].bold and group[0].size >= 0.85 * style.body and length < 120:
        return min(len(style.headings) + 1, 6)
    return 0
