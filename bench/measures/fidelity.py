"""Measures how much of a document's known text a reader kept: words, their order, table cells, checkable facts."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKUP = re.compile(r"<!--.*?-->|<[^>]+>|&(?:amp|lt|gt|quot|nbsp);", re.DOTALL)
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_RULE = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)+\s*(?::?-+:?\s*)?")
_CELL_END = re.compile(r"(?<!\\)\|")
_SIGNS = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"})


@dataclass(frozen=True, slots=True)
class WordScore:
    """Counts of words: in the truth, in the reading, in both; ``order`` is the edit similarity of the sequences."""

    truth: int
    read: int
    shared: int
    order: float

    @property
    def recall(self) -> float:
        """Share of the truth's words that were read."""
        return self.shared / self.truth if self.truth else 1.0

    @property
    def precision(self) -> float:
        """Share of the words read that are in the truth."""
        return self.shared / self.read if self.read else float(self.truth == 0)


def words(markdown: str) -> list[str]:
    """The words of a text or Markdown source, folded; each Chinese or Japanese character counts as one."""
    plain = _MARKUP.sub(" ", _LINK.sub(r"\1", markdown)).replace("\\", "")
    return _WORD.findall(unicodedata.normalize("NFKC", plain).casefold())


def word_score(truth: Sequence[str], read: Sequence[str]) -> WordScore:
    """Compare two sequences of words."""
    shared = (Counter(truth) & Counter(read)).total()
    longest = max(len(truth), len(read))
    order = 1 - edit_distance(truth, read) / longest if longest else 1.0
    return WordScore(len(truth), len(read), shared, order)


def edit_distance(left: Sequence[str], right: Sequence[str]) -> int:
    """Levenshtein's distance, insertions, deletions and substitutions costing 1 each.

    Bit-parallel (Myers 1999, in Hyyro's form): one step of big integers for each element of ``right``.
    """
    if not left:
        return len(right)
    places: dict[str, int] = {}
    for index, item in enumerate(left):
        places[item] = places.get(item, 0) | 1 << index
    full, last = (1 << len(left)) - 1, 1 << (len(left) - 1)
    plus, minus, distance = full, 0, len(left)
    for item in right:
        match = places.get(item, 0)
        diagonal = (((match & plus) + plus) ^ plus) | match | minus
        up, down = minus | (full & ~(diagonal | plus)), plus & diagonal
        distance += bool(up & last) - bool(down & last)
        up, down = (up << 1 | 1) & full, (down << 1) & full
        plus, minus = down | (full & ~(diagonal | up)), up & diagonal
    return distance


def nearest(pattern: str, text: str) -> tuple[int, int]:
    """Least edit distance of ``pattern`` to any part of ``text``, and the end of the first part that reaches it."""
    if not pattern:
        return 0, 0
    places: dict[str, int] = {}
    for index, character in enumerate(pattern):
        places[character] = places.get(character, 0) | 1 << index
    full, last = (1 << len(pattern)) - 1, 1 << (len(pattern) - 1)
    plus, minus, distance = full, 0, len(pattern)
    best, end = distance, 0
    for position, character in enumerate(text, 1):
        match = places.get(character, 0)
        diagonal = (((match & plus) + plus) ^ plus) | match | minus
        up, down = minus | (full & ~(diagonal | plus)), plus & diagonal
        distance += bool(up & last) - bool(down & last)
        up, down = (up << 1) & full, (down << 1) & full
        plus, minus = down | (full & ~(diagonal | up)), up & diagonal
        if distance < best:
            best, end = distance, position
    return best, end


def tables(markdown: str) -> list[list[list[str]]]:
    """The Markdown tables of a text as rows of folded cells, rules left out."""
    found: list[list[list[str]]] = []
    rows: list[list[str]] = []
    for line in [*markdown.splitlines(), ""]:
        bare = line.strip()
        if bare.startswith("|") and bare.endswith("|") and len(bare) > 1:
            if not _RULE.fullmatch(bare):
                rows.append([" ".join(words(cell)) for cell in _CELL_END.split(bare[1:-1])])
        elif rows:
            found.append(rows)
            rows = []
    return found


def cells_found(truth: str, read: str) -> tuple[int, int]:
    """How many filled cells of the truth's tables are cells of the reading's, and how many there are."""
    expected, got = (
        Counter(cell for table in tables(text) for row in table for cell in row if cell) for text in (truth, read)
    )
    return (expected & got).total(), expected.total()


def folded(text: str) -> str:
    """Text for facts: one kind of quote and dash, single spaces, no Markdown emphasis."""
    plain = unicodedata.normalize("NFKC", text.translate(_SIGNS))
    return " ".join(plain.replace("**", "").split())


def holds(fact: dict[str, object], text: str) -> bool:
    """Whether a fact of olmOCR-bench (``present``, ``absent``, ``order``, ``table``) is true of what was read."""
    kind, most = fact["type"], int(str(fact.get("max_diffs", 0)))
    if kind == "table":
        return _table_holds(fact, text)
    page = folded(text)
    if kind == "baseline":
        return len(page) <= int(str(fact.get("max_length", 10**9)))
    if kind == "order":
        before, after = folded(str(fact["before"])), folded(str(fact["after"]))
        (first, first_end), (second, second_end) = nearest(before, page), nearest(after, page)
        return max(first, second) <= most and first_end < second_end
    wanted = folded(str(fact["text"]))
    if fact.get("case_sensitive") is False:
        wanted, page = wanted.casefold(), page.casefold()
    if fact.get("first_n") or fact.get("last_n"):
        first, last = int(str(fact.get("first_n") or 0)), int(str(fact.get("last_n") or 0))
        page = page[:first] + " " + (page[-last:] if last else "")
    return (nearest(wanted, page)[0] <= most) == (kind == "present")


def _table_holds(fact: dict[str, object], text: str) -> bool:
    cell = " ".join(words(str(fact["cell"])))
    return any(
        _neighbours_hold(fact, table, row, column)
        for table in tables(text)
        for row, cells in enumerate(table)
        for column, value in enumerate(cells)
        if value == cell
    )


def _neighbours_hold(fact: dict[str, object], table: list[list[str]], row: int, column: int) -> bool:
    def at(y: int, x: int) -> str:
        return table[y][x] if 0 <= y < len(table) and 0 <= x < len(table[y]) else ""

    neighbours = {
        "left": [at(row, column - 1)],
        "right": [at(row, column + 1)],
        "up": [at(row - 1, column)],
        "down": [at(row + 1, column)],
        "top_heading": [at(y, column) for y in range(row)],
        "left_heading": [at(row, x) for x in range(column)],
    }
    return all(" ".join(words(str(fact[side]))) in found for side, found in neighbours.items() if fact.get(side))
