"""Makes lines, and of lines paragraphs, headings and tables, out of a PDF page's words.

A PDF knows no paragraphs, only where each word stands. What is judged here: distance between lines against the page's
usual one, size and weight of type against the body's, short last lines, bullets, and wide gaps inside of lines.
"""

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.parsing.model import LIST_MARKER, BlockKind
from rag.parsing.pdf_grid_tables import Table
from rag.parsing.pdf_hyphens import WordWriter
from rag.parsing.pdf_lines import Line
from rag.parsing.pdf_order import in_order, unmixed
from rag.parsing.pdf_ruling import Grid
from rag.parsing.pdf_tables import with_tables
from rag.parsing.pdf_words import Word

_SIGN = re.compile(r"[•●○▪■□◦‣⁃∙·➢➤✓✔*–—-]$")
SENTENCE_END = re.compile(r"[.!?:;。！？…][\"'”’)\]]*$")
_PUNCTUATION = string.punctuation + "“”‘’„«»‹›…–—•"
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
        writer = WordWriter(style.vocabulary)
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
            vocabulary.update(word.text.strip(_PUNCTUATION).lower() for word in line.words[:-1])
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


def paragraphs_of(
    lines: Sequence[Line],
    style: LayoutStyle,
    grids: Sequence[Grid] = (),
    *,
    unordered: bool = False,
    mirrored: bool = False,
) -> list[Paragraph]:
    """One page's lines as paragraphs, headings and tables, in their order; ``grids``: those ruled on the page.

    ``unordered``: the lines come in no order that tells anything; ``mirrored``: their text runs from right to left.
    """
    if not lines:
        return []
    items = in_order(with_tables(unmixed(lines), grids), unordered=unordered, mirrored=mirrored)
    running = [item for item in items if isinstance(item, Line)]
    # Lines that ran through columns do not tell how wide these are; lines that make tables do.
    whole = {id(line) for line in lines}
    telling = running if 2 * sum(id(line) in whole for line in running) < len(running) else lines
    leading, width = _usual_leading(telling), full_width(telling)
    paragraphs: list[Paragraph] = []
    group: list[Line] = []
    for item in items:
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


def full_width(lines: Sequence[Line]) -> float:
    """The width that a quarter of the lines reach, points: that of a full line in the page's columns."""
    widths = sorted(line.x1 - line.x0 for line in lines)
    return widths[len(widths) * 3 // 4] if widths else 0.0


def _starts_paragraph(group: list[Line], line: Line, leading: float, width: float) -> bool:
    last = group[-1]
    size = last.size
    if abs(line.size - size) > 0.12 * size or line.bold != last.bold:
        return True
    is_row = bool(line.cell_starts())
    if is_row != bool(last.cell_starts()):
        return True
    ended = bool(SENTENCE_END.search(last.words[-1].text))
    distance = line.y1 - last.y1
    if distance < 0.3 * size:
        # The next column, or a jump: only a sentence in its middle goes on there.
        return ended or not line.words[0].text[0].islower()
    if distance > max(1.35 * leading, 1.1) * size:
        return True
    if LIST_MARKER.match(line.words[0].text) and len(line.words) > 1:
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
    if LIST_MARKER.match(first) and len(group[0].words) > 1:
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
