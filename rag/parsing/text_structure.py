"""Finds what structure plain text shows: underlined, numbered and capital headings, lists, quotes, ruled tables.

Only what is surely meant counts: a heading that is missed costs little, a sentence taken for one cuts a text apart.
"""

import re
from itertools import pairwise

from rag.parsing import limits
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.tables import CellBudget, markdown_table

_PARAGRAPH_BREAK = re.compile(r"\n[ \t\u00a0\u3000]*\n\s*")
_LEADING_BLANK = re.compile(r"\A(?:[ \t\u00a0\u3000]*\n)+")
_RULE = re.compile(r"([=\-~^\"*#+_])\1{2,}\s*$")
_NUMBERED = re.compile(r"(?P<number>\d{1,3}(?:\.\d{1,3}){0,5})(?P<dot>\.?)[ \t]+(?=\S)")
_NAMED = re.compile(
    r"(?:chapter|part|section|appendix|article|book|volume|annex|kapitel|teil|abschnitt|anhang|artikel|chapitre|partie"
    r"|annexe|cap[ií]tulo|parte|anexo|глава|часть|приложение)[ \t]+(?:\d{1,4}|[ivxlcdm]{1,8}|[a-z]|one|two|three|four|"
    r"five|six|seven|eight|nine|ten)\b",
    re.IGNORECASE,
)
_BULLET = re.compile(r"(?P<indent>[ \t]*)(?:(?P<bullet>[-*+•‣◦▪–·])|(?P<number>\d{1,4})[.)])[ \t]+(?=\S)")
_GRID_RULE = re.compile(r"\s*\+(?:[-=]+\+)+\s*$")
_PIPE_RULE = re.compile(r"\s*\|?[ \t]*:?-{2,}:?[ \t]*(?:[|+][ \t]*:?-{2,}:?[ \t]*)+\|?\s*$")
_SIMPLE_RULE = re.compile(r"={2,}(?:[ ]+={2,})+\s*$")
_ENDS_SENTENCE = re.compile(r"[.,;!?…。、؛]\s*$")
_LONGEST_HEADING = 100
_MOST_HEADING_WORDS = 14
_MOST_CAPITALS = 0.25
_MOST_UNDERLINED = 1_000
"""Headings that follow each other without a blank line; what comes then is prose."""


def add_text(builder: DocumentBuilder, text: str) -> str:
    """Append plain text, clean already, as blocks; returns its title if it begins with one."""
    reader = TextReader(builder)
    reader.read(text)
    return reader.title


class TextReader:
    """Adds paragraphs to a builder as what they are."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self.builder = builder
        self.cells = CellBudget()
        self.rules: list[str] = []
        self.capitals_are_headings = False
        self.title = ""

    def read(self, text: str) -> None:
        """Add all of ``text``."""
        paragraphs = [part.rstrip() for part in _PARAGRAPH_BREAK.split(_LEADING_BLANK.sub("", text)) if part.strip()]
        capitals = sum(1 for part in paragraphs if part.isupper())
        self.capitals_are_headings = capitals <= _MOST_CAPITALS * len(paragraphs)
        for index, paragraph in enumerate(paragraphs):
            following = paragraphs[index + 1] if index + 1 < len(paragraphs) else ""
            self._paragraph(paragraph, following)
            first = paragraph.strip().partition("\n")[0]
            if index == 0 and self.builder.first_heading and not _NAMED.match(first) and not _NUMBERED.match(first):
                self.title = self.builder.first_heading

    def _paragraph(self, paragraph: str, following: str) -> None:
        lines = paragraph.split("\n")
        for _ in range(_MOST_UNDERLINED):
            rows = _ruled_rows(lines)
            if rows:
                self.cells.take(sum(map(len, rows)))
                self.builder.add("table", markdown_table(rows))
                return
            rest = self._underlined(lines) if len(lines) > 1 else None
            if rest is None:
                break
            if not rest:
                return
            lines = rest
        level = self._level(lines[0], following) if len(lines) == 1 else 0
        if level:
            self.builder.add("heading", collapse(lines[0]), level=level)
        elif all(line.startswith(">") for line in lines):
            self.builder.add("quote", "\n".join(line.lstrip("> \t") for line in lines))
        else:
            self._items_or_prose(lines)

    def _underlined(self, lines: list[str]) -> list[str] | None:
        """Take an underlined heading off the paragraph's start; the lines after it, or ``None`` if there is none."""
        first = 1 if len(lines) > 2 and _RULE.match(lines[0]) and lines[0].strip() == lines[2].strip() else 0
        if len(lines) < first + 2 or _RULE.match(lines[first]):
            return None
        title, rule = lines[first].strip(), lines[first + 1].strip()
        if not _RULE.match(rule) or len(title) > _LONGEST_HEADING or not any(map(str.isalnum, title)):
            return None
        if abs(len(rule) - len(title)) > max(2, len(title) // 4) and not (first == 0 and len(rule) > len(title)):
            return None
        if _ENDS_SENTENCE.search(title) and not title.endswith(("?", "!")):
            return None
        style = rule[0] + str(first)
        if style not in self.rules:
            self.rules.append(style)
        self.builder.add("heading", collapse(title), level=min(self.rules.index(style) + 1, 6))
        return lines[first + 2 :]

    def _level(self, line: str, following: str) -> int:
        """The level of the heading that a line standing alone is, 0 for none."""
        line = line.strip()
        if len(line) > _LONGEST_HEADING or len(line.split()) > _MOST_HEADING_WORDS or not following:
            return 0
        if _ENDS_SENTENCE.search(line):
            return 0
        named = _NAMED.match(line)
        if named is not None:
            return 1
        numbered = _NUMBERED.match(line)
        if numbered is not None:
            return _numbered_level(line, numbered, following)
        letters = [character for character in line if character.isalpha()]
        is_capitals = len(letters) >= 4 and line.isupper() and len(letters) >= 0.6 * len(line.replace(" ", ""))
        return 2 if is_capitals and self.capitals_are_headings else 0

    def _items_or_prose(self, lines: list[str]) -> None:
        """Add prose and, from the first bullet on, list items; a line that is indented goes on with its item."""
        matches = [_BULLET.match(line) for line in lines]
        marked = [match for match in matches if match is not None]
        if not marked or not _is_list(lines, matches):
            self.builder.add("paragraph", "\n".join(lines))
            return
        first = next(index for index, match in enumerate(matches) if match is not None)
        self.builder.add("paragraph", "\n".join(lines[:first]))
        indents = sorted({len(match["indent"].expandtabs(4)) for match in marked})
        item: list[str] = []
        marker, level = "- ", 1
        for line, match in zip(lines[first:], matches[first:], strict=True):
            if match is None:
                item.append(line.strip())
                continue
            if item:
                self.builder.add("list_item", "\n".join(item), level=level, marker=marker)
            marker = f"{match['number']}. " if match["number"] else "- "
            level = min(indents.index(len(match["indent"].expandtabs(4))) + 1, limits.MAX_DEPTH)
            item = [line[match.end() :].strip()]
        self.builder.add("list_item", "\n".join(item), level=level, marker=marker)


def _numbered_level(line: str, numbered: re.Match[str], following: str) -> int:
    """Numbers alone make lists as well: "3." needs what follows to be prose, "3.1" a word with a capital."""
    title = line[numbered.end() :]
    if not title[0].isalpha() or title[0].islower() or len(title) < 3:
        return 0
    depth = numbered["number"].count(".") + 1
    if depth == 1 and (not numbered["dot"] or _NUMBERED.match(following) or len(following) < 2 * len(line)):
        return 0
    return min(depth, 6)


def _is_list(lines: list[str], matches: list[re.Match[str] | None]) -> bool:
    """Whether the marked lines are a list: several of a kind, or one that opens its paragraph."""
    marked = [match for match in matches if match is not None]
    if matches[0] is None and not (lines[0].rstrip().endswith(":") or len(marked) > 1):
        return False
    numbers = [int(match["number"]) for match in marked if match["number"]]
    if len(numbers) == len(marked):
        # Years and sums at a line's start are no list: numbers count upwards one by one.
        return all(0 <= second - first <= 1 for first, second in pairwise(numbers)) and numbers[0] < 1000
    return True


def _ruled_rows(lines: list[str]) -> list[list[str]]:
    """The cells of a table drawn with rules, the first row its header; none when it is not surely one."""
    if len(lines) < 3:
        return []
    if _GRID_RULE.match(lines[0]) and _GRID_RULE.match(lines[-1]):
        return _grid_rows(lines)
    if _PIPE_RULE.match(lines[1]) and "|" in lines[0] and all("|" in line for line in lines[2:-1]):
        return [_piped(line) for index, line in enumerate(lines) if index != 1 and "|" in line]
    if len(lines) > 3 and _SIMPLE_RULE.match(lines[0]) and _SIMPLE_RULE.match(lines[-1]):
        return _simple_rows(lines)
    return []


def _grid_rows(lines: list[str]) -> list[list[str]]:
    rows: list[list[str]] = []
    parts: list[list[str]] = []
    for line in lines:
        if _GRID_RULE.match(line):
            if parts:
                # In a grid with a rule only below its header, each line is a row; else a row may have many lines.
                rows.append([" ".join(filter(None, cells)) for cells in zip(*parts, strict=False)])
            parts = []
        elif "|" in line:
            parts.append(_piped(line))
        else:
            return []
    rules = sum(1 for line in lines if _GRID_RULE.match(line))
    if rules <= 3:
        return [_piped(line) for line in lines if not _GRID_RULE.match(line)]
    return rows


def _piped(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _simple_rows(lines: list[str]) -> list[list[str]]:
    starts = [match.start() for match in re.finditer(r"=+", lines[0])]
    bounds = list(zip(starts, [*starts[1:], None], strict=True))
    rows: list[list[str]] = []
    for line in lines[1:-1]:
        if _SIMPLE_RULE.match(line):
            continue
        cells = [line[start:end].strip() for start, end in bounds]
        if rows and not cells[0]:
            rows[-1] = [f"{above} {cell}".strip() for above, cell in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
    return rows
