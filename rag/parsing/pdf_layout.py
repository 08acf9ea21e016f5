"""Makes lines, and of lines paragraphs, headings and tables, out of a PDF page's words.

A PDF knows no paragraphs, only where each word stands. What is judged here: distance between lines against the page's
usual one, size and weight of type against the body's, short last lines, bullets, and wide gaps inside of lines.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.parsing.model import BlockKind
from rag.parsing.pdf_words import Word

_BULLET = re.compile(r"(?:[•●○▪■□◦‣⁃∙·➢➤✓✔*–—-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]|\[\d{1,3}\])$")
_SIGN = re.compile(r"[•●○▪■□◦‣⁃∙·➢➤✓✔*–—-]$")
_SENTENCE_END = re.compile(r"[.!?:;。！？…][\"'”’)\]]*$")
_WIDE_CHARACTER = re.compile("[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
# What ends a line without a space to follow on the next: a dash between words, an address cut after a slash or an at.
_GOES_ON = re.compile(r"\w[-‐–—]$|://\S*[/.]?$|^www\.\S*[/.]$|\w@$")
_CELL_GAP = 1.6
_MAX_HEADING = 200


@dataclass(slots=True)
class Line:
    """Words on one line of type; boxes in points, origin top left."""

    words: list[Word] = field(default_factory=list)
    x0: float = 0.0
    y0: float = 0.0
    x1: float = 0.0
    y1: float = 0.0

    def add(self, word: Word) -> None:
        """Append a word and grow around it."""
        if not self.words:
            self.x0, self.y0, self.x1, self.y1 = word.x0, word.y0, word.x1, word.y1
        self.words.append(word)
        self.x0, self.y0 = min(self.x0, word.x0), min(self.y0, word.y0)
        self.x1, self.y1 = max(self.x1, word.x1), max(self.y1, word.y1)

    @property
    def size(self) -> float:
        """Height of most of its type, points."""
        heights: Counter[float] = Counter()
        for word in self.words:
            heights[round(word.size, 1)] += len(word.text)
        return max(heights.most_common(1)[0][0], 0.1)

    @property
    def bold(self) -> bool:
        """Whether all of it is set in a bold face."""
        return all(word.bold for word in self.words)

    @property
    def upright(self) -> bool:
        """False for a line that runs up or down the page."""
        return all(word.upright for word in self.words)

    def cell_starts(self) -> list[int]:
        """Indices of the words before which a wide gap stands, as between the cells of a table."""
        gap = _CELL_GAP * self.size
        return [i for i in range(1, len(self.words)) if self.words[i].x0 - self.words[i - 1].x1 > gap]


@dataclass(slots=True)
class LayoutStyle:
    """What holds for a whole document: the body's size of type, larger sizes as headings, and the words it uses."""

    body: float = 10.0
    headings: tuple[float, ...] = ()
    vocabulary: set[str] = field(default_factory=set)

    def heading_level(self, size: float) -> int:
        """1 to 6 for type of a heading's size, 0 for others."""
        for level, heading in enumerate(self.headings, 1):
            if size >= heading * 0.97:
                return min(level, 6)
        return 0


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together."""

    kind: BlockKind
    lines: list[Line]
    level: int = 0

    def text_and_spans(self, style: LayoutStyle) -> tuple[str, list[tuple[int, int]]]:
        """The paragraph's text and the span of each word in it.

        Lines are joined by spaces (those of a table by newlines, its cells by two spaces); a word divided at a line's
        end is joined again unless the document writes it with a hyphen elsewhere.
        """
        parts: list[str] = []
        spans: list[tuple[int, int]] = []
        length = 0
        previous: Word | None = None
        for line in self.lines:
            cells = set(line.cell_starts()) if self.kind == "table" else set()
            for index, word in enumerate(line.words):
                separator = ""
                if previous is not None:
                    separator = self._separator(previous, word, index == 0)
                    if index in cells:
                        separator = "  "
                    if separator == "" and index == 0 and _divided(previous, word, style):
                        parts[-1] = parts[-1][:-1]
                        length -= 1
                        spans[-1] = (spans[-1][0], length)
                parts += (separator, word.text)
                length += len(separator)
                spans.append((length, length + len(word.text)))
                length += len(word.text)
                previous = word
        return "".join(parts), spans

    def _separator(self, previous: Word, word: Word, new_line: bool) -> str:
        if not new_line:
            return " " if word.spaced else ""
        if self.kind == "table":
            return "\n"
        if previous.hyphened or _GOES_ON.search(previous.text):
            return ""
        wide = _WIDE_CHARACTER.match(previous.text[-1]) and _WIDE_CHARACTER.match(word.text[0])
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


def lines_of(words: Sequence[Word]) -> list[Line]:
    """Words in the file's order, gathered into lines."""
    lines: list[Line] = []
    for word in words:
        if not lines or (word.breaks and not _continues_line(lines[-1], word)):
            lines.append(Line())
        lines[-1].add(word)
    return lines


def _continues_line(line: Line, word: Word) -> bool:
    """True when the word stands on the same height and to the right, as the next cell of a row does."""
    overlap = min(line.y1, word.y1) - max(line.y0, word.y0)
    return overlap > 0.5 * min(line.y1 - line.y0, word.height) and word.x0 >= line.words[-1].x1 - 1


def style_of(pages: Sequence[Sequence[Line]]) -> LayoutStyle:
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
        return LayoutStyle()
    body = sizes.most_common(1)[0][0]
    total = sum(sizes.values())
    large = sorted((size for size, count in sizes.items() if size > body * 1.15 and count < 0.3 * total), reverse=True)
    headings: list[float] = []
    for size in large:
        if not headings or size < headings[-1] * 0.92:
            headings.append(size)
    return LayoutStyle(body, tuple(headings[:6]), vocabulary)


def paragraphs_of(lines: Sequence[Line], style: LayoutStyle) -> list[Paragraph]:
    """One page's lines as paragraphs, headings and tables, in their order."""
    if not lines:
        return []
    leading, width = _usual_leading(lines), _usual_width(lines)
    groups: list[list[Line]] = []
    for line in lines:
        if groups and not _starts_paragraph(groups[-1], line, leading, width):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [_paragraph(group, style) for group in groups]


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
    if is_row:
        return False
    if _BULLET.match(line.words[0].text) and len(line.words) > 1:
        return True
    length = last.x1 - last.x0
    if not ended:
        return length < 0.6 * width and not line.words[0].text[0].islower()
    short = length < 0.85 * width or last.x1 < line.x1 - 0.15 * (line.x1 - line.x0)
    indented = line.x0 > last.x0 + 0.8 * size and len(group) > 1
    return short or indented


def _paragraph(group: list[Line], style: LayoutStyle) -> Paragraph:
    if len(group) > 1 and group[0].cell_starts():
        return Paragraph("table", group)
    first, last = group[0].words[0].text, group[-1].words[-1].text
    length = sum(len(word.text) + 1 for line in group for word in line.words)
    level = _heading_level(group, style, length) if not _SIGN.match(first) and last[-1] not in ",;" else 0
    if level:
        return Paragraph("heading", group, level)
    if _BULLET.match(first) and len(group[0].words) > 1:
        return Paragraph("list_item", group, 1)
    return Paragraph("paragraph", group)


def _heading_level(group: list[Line], style: LayoutStyle, length: int) -> int:
    """1 to 6 when the lines, of ``length`` characters, are a heading by their size, or by standing alone in bold."""
    letters = any(character.isalpha() for line in group for word in line.words for character in word.text)
    if len(group) > 3 or not 2 < length <= _MAX_HEADING or not letters or not group[0].upright:
        return 0
    level = style.heading_level(group[0].size)
    if level:
        return level
    alone = len(group) <= 2 and not group[0].cell_starts() and group[-1].words[-1].text[-1] not in ".:"
    if alone and group[0].bold and group[0].size >= 0.85 * style.body and length < 120:
        return min(len(style.headings) + 1, 6)
    return 0
