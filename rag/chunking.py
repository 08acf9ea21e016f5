"""Cuts a document into chunks: by its structure first, then by the embedder's own tokens, with sentences overlapping.

A chunk never reaches across a heading; a table row, a line of code and a sentence stay whole unless one alone is longer
than a chunk. A chunk that begins inside a table carries the table's header beside its own text. Every character of the
document's blocks that is not white space is in some chunk.
"""

import math
import re
import string
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.parsing.model import Block, Page, ParsedDocument
from rag.sentences import sentence_spans

PATH_SEPARATOR = " > "
_SPECIAL_TOKENS = 2
_SMALLEST_CHUNK = 8
_SHIPPED_MAX_TOKENS = 256
# A word too long for the vocabulary is one token however long it is; text must still be cut somewhere.
_CHARACTERS_PER_TOKEN = 12
_TOKENISED_AT_ONCE = 100_000
_LONGEST_HEADING = 120
_LONGEST_PATH = 400
_OVERLAP_SHARE = 0.25
_RULE = re.compile(r"\|(?: :?-+:? \|)+")


class Tokenizer(Protocol):
    """The part of ``rag.embeddings.Embedder`` that chunking needs."""

    @property
    def max_tokens(self) -> int:
        """The longest input in tokens, special ones included."""

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """The character span of each token of ``text``, without special tokens."""


@dataclass(frozen=True, slots=True)
class ChunkingSettings:
    """``max_tokens`` bounds a chunk's own text; what the embedder takes beyond it is for title and headings."""

    max_tokens: int = 200
    overlap_sentences: int = 1


@dataclass(frozen=True, slots=True)
class TextChunk:
    """``text == document.text[start:end]``; ``heading`` is the path to it, "A > B"; ``page`` counts from 1.

    ``context`` is the header of the table that the chunk continues, two lines of Markdown, else empty. ``tokens``
    counts the text's tokens, without special ones, heading and context.
    """

    ordinal: int
    start: int
    end: int
    text: str
    heading: str
    page: int | None
    tokens: int
    context: str = ""


DEFAULT_SETTINGS = ChunkingSettings()


def chunk(
    document: ParsedDocument, embedder: Tokenizer, settings: ChunkingSettings = DEFAULT_SETTINGS
) -> list[TextChunk]:
    """The document's chunks in order, each of at most ``settings.max_tokens`` tokens of ``embedder``.

    Linear in the document's length: the text is tokenised once. Raises ValueError for settings that the embedder cannot
    honour.
    """
    if not _SMALLEST_CHUNK <= settings.max_tokens <= embedder.max_tokens - _SPECIAL_TOKENS:
        raise ValueError(f"max_tokens must be {_SMALLEST_CHUNK} to {embedder.max_tokens - _SPECIAL_TOKENS}")
    if settings.overlap_sentences < 0:
        raise ValueError("overlap_sentences must not be negative")
    return list(_Chunker(document, embedder, settings).chunks())


def embedding_text(chunk: TextChunk, title: str, embedder: Tokenizer | None = None) -> str:
    """What is embedded for a chunk: title and heading path, as far as they fit, its context, and its text, on lines.

    With ``embedder`` its own tokens decide what fits; without, bytes do, which are never fewer than the tokens of a
    WordPiece vocabulary. The text itself is never cut.
    """
    limit = embedder.max_tokens if embedder is not None else _SHIPPED_MAX_TOKENS
    room = limit - _SPECIAL_TOKENS - chunk.tokens - 1
    body = chunk.text
    context_tokens = _context_tokens(chunk.context, embedder)
    if chunk.context and context_tokens < room:
        body = f"{chunk.context}\n{chunk.text}"
        room -= context_tokens + 1

    def fits(prefix: str) -> bool:
        if embedder is not None:
            return len(prefix) < 4 * _LONGEST_PATH and len(embedder.token_offsets(prefix)) <= room
        return len("".join(prefix.split()).encode()) <= room

    prefix = _prefix(chunk, " ".join(title.split()), fits)
    return f"{prefix}\n{body}" if prefix else body


def _context_tokens(context: str, embedder: Tokenizer | None) -> int:
    if embedder is not None:
        return len(embedder.token_offsets(context)) if context else 0
    return len("".join(context.split()).encode())


def _prefix(chunk: TextChunk, title: str, fits: Callable[[str], bool]) -> str:
    """The longest of the sensible prefixes that fits: all, title and last heading, last heading, part of it."""
    path = chunk.heading.split(PATH_SEPARATOR) if chunk.heading else []
    beginning = " ".join(chunk.text[: 2 * _LONGEST_PATH].split())
    while path and beginning.startswith(path[-1]):
        path.pop()
    if title and title not in path and not beginning.startswith(title):
        path.insert(0, title)
    if not path:
        return ""
    for parts in (path, [path[0], path[-1]], path[-1:], path[:1]):
        prefix = PATH_SEPARATOR.join(parts)
        if fits(prefix):
            return prefix
    words = path[-1].split()[:20]
    while words and not fits(" ".join(words)):
        words.pop()
    return " ".join(words)


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not cut if it can be helped: a sentence, a table row, a line of code. ``opens``: it begins a block."""

    start: int
    end: int
    opens: bool
    overlaps: bool


class _Chunker:
    def __init__(self, document: ParsedDocument, embedder: Tokenizer, settings: ChunkingSettings) -> None:
        self.document = document
        self.text = document.text
        self.embedder = embedder
        self.settings = settings
        self.budget = settings.max_tokens
        self.starts = _token_starts(document.text, document.blocks, embedder)
        self.tables = [block for block in document.blocks if block.kind == "table"]
        self.table_starts = [block.start for block in self.tables]

    def chunks(self) -> Iterator[TextChunk]:
        ordinal = 0
        page_starts = [page.start for page in self.document.pages]
        for blocks, heading in _sections(self.document):
            for start, end in self._pack(list(self._units(blocks))):
                page = _page_at(self.document.pages, page_starts, start)
                text = self.text[start:end]
                low, high = self._header(start)
                yield TextChunk(ordinal, start, end, text, heading, page, self._tokens(start, end), self.text[low:high])
                ordinal += 1

    def _tokens(self, start: int, end: int) -> int:
        """Tokens of ``text[start:end]`` standing alone; a piece of a word can have more than it has within the word."""
        if self._inside_word(start) or self._inside_word(end):
            return len(self.embedder.token_offsets(self.text[start:end]))
        return bisect_left(self.starts, end) - bisect_left(self.starts, start)

    def _inside_word(self, offset: int) -> bool:
        """Whether a tokenizer might read on across ``offset``: marks and signs of any script count as letters."""
        if not 0 < offset < len(self.text):
            return False
        before, after = self.text[offset - 1], self.text[offset]
        return not (before.isspace() or after.isspace() or before in string.punctuation or after in string.punctuation)

    def _header(self, start: int) -> tuple[int, int]:
        """The span of the header of the table that a chunk from ``start`` on would continue; empty if none.

        A header that takes more than half of a chunk is not repeated: little of the table would fit beside it.
        """
        index = bisect_right(self.table_starts, start) - 1
        if index < 0 or start >= self.tables[index].end:
            return 0, 0
        table = self.tables[index]
        first = self.text.find("\n", table.start, table.end)
        second = self.text.find("\n", first + 1, table.end) if first > 0 else -1
        if second < 0 or start <= second or not _RULE.fullmatch(self.text, first + 1, second):
            return 0, 0
        fits = self._cost(table.start, second) <= self.budget // 2
        return (table.start, second) if fits else (0, 0)

    def _full_cost(self, start: int, end: int) -> int:
        """What a chunk of this span costs with the header that it carries."""
        return self._cost(start, end) + self._cost(*self._header(start))

    def _cost(self, start: int, end: int) -> int:
        """Tokens, or what so many characters count as at least; never counts more than a chunk's worth anew."""
        by_length = (end - start) // _CHARACTERS_PER_TOKEN
        return by_length if by_length > self.budget else max(self._tokens(start, end), by_length)

    def _units(self, blocks: Sequence[Block]) -> Iterator[_Unit]:
        for block in blocks:
            by_line = block.kind in ("table", "code")
            prose = not by_line and block.kind != "heading"
            opens = True
            for start, end in _lines(self.text, block) if by_line else _sentences(self.text, block):
                for low, high in self._pieces(start, end):
                    yield _Unit(low, high, opens, prose)
                    opens = False

    def _pieces(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The span, or the pieces of one that is longer than a chunk: cut at line ends, else between words, else
        between tokens."""
        while self._cost(start, end) > self.budget:
            cut = self._cut(start, end)
            if self.text[start:cut].strip():
                yield start, _back(self.text, start, cut)
            start = _forth(self.text, cut, end)
        if start < end:
            yield start, end

    def _cut(self, start: int, end: int) -> int:
        token = bisect_left(self.starts, start) + self.budget
        cut = min(
            self.starts[token] if token < len(self.starts) else end, start + self.budget * _CHARACTERS_PER_TOKEN, end
        )
        cut = max(cut, start + 1)
        middle = start + (cut - start) // 2
        found = max(self.text.rfind(separator, middle, cut) for separator in " \t")
        line_end = self.text.rfind("\n", middle, cut)
        if max(line_end, found) > start:
            cut = line_end if line_end > start else found
        while cut - start > 1 and self._cost(start, cut) > self.budget:
            cut = start + (cut - start) * 3 // 4
        return cut

    def _pack(self, units: list[_Unit]) -> Iterator[tuple[int, int]]:
        """Units joined up to the budget, in about equal parts, rather between blocks than inside of one."""
        if not units:
            return
        total = self._cost(units[0].start, units[-1].end)
        target = 0.9 * total / math.ceil(total / self.budget) if total else 0.0
        first = 0
        start = units[0].start
        for index, unit in enumerate(units):
            if index == first:
                continue
            if self._full_cost(start, unit.end) <= self.budget:
                full = unit.opens and total > self.budget and self._cost(start, units[index - 1].end) >= target
                if not full:
                    continue
            yield start, units[index - 1].end
            start = self._overlap(units, first, index)
            first = index
        yield start, units[-1].end

    def _overlap(self, units: list[_Unit], first: int, index: int) -> int:
        """Where the chunk that begins with ``units[index]`` starts, the sentences before it that fit included."""
        start = units[index].start
        for earlier in reversed(units[max(first, index - self.settings.overlap_sentences) : index]):
            if not earlier.overlaps or self._cost(earlier.start, units[index].end) > self.budget:
                break
            if self._cost(earlier.start, units[index].start) > _OVERLAP_SHARE * self.budget:
                break
            start = earlier.start
        return start


def _token_starts(text: str, blocks: Sequence[Block], embedder: Tokenizer) -> list[int]:
    """The offset at which each token of the blocks begins; tokenised in large parts, to bound memory."""
    starts: list[int] = []
    low = 0
    for index, block in enumerate(blocks):
        last = index == len(blocks) - 1
        if not last and block.end - low < _TOKENISED_AT_ONCE:
            continue
        while low < block.end:
            high = block.end
            if high - low > 2 * _TOKENISED_AT_ONCE:
                high = max(
                    text.rfind(" ", low, low + _TOKENISED_AT_ONCE), text.rfind("\n", low, low + _TOKENISED_AT_ONCE)
                )
                high = high if high > low else low + _TOKENISED_AT_ONCE
            starts += [low + start for start, end in embedder.token_offsets(text[low:high]) if end > start]
            low = high
    return starts


def _sections(document: ParsedDocument) -> Iterator[tuple[list[Block], str]]:
    """Runs of blocks under the same heading, each with its path; headings in a row begin one section together."""
    path: list[tuple[int, str]] = []
    blocks: list[Block] = []
    has_body = False
    for block in document.blocks:
        if block.kind == "heading":
            if has_body:
                yield blocks, _path(path)
                blocks, has_body = [], False
            while path and path[-1][0] >= block.level:
                path.pop()
            path.append((block.level, _heading_text(document.text[block.start : block.end])))
        else:
            has_body = True
        blocks.append(block)
    if blocks:
        yield blocks, _path(path)


def _heading_text(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_HEADING else text[: _LONGEST_HEADING - 1].rstrip() + "…"


def _path(path: list[tuple[int, str]]) -> str:
    """The headings joined, the outermost left out while the path is too long."""
    names = [name for _, name in path]
    while len(names) > 1 and len(PATH_SEPARATOR.join(names)) > _LONGEST_PATH:
        names.pop(0)
    return PATH_SEPARATOR.join(names)


def _sentences(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """The block's sentences, each widened to the left so that nothing but white space lies between them."""
    start = _forth(text, block.start, block.end)
    for span in sentence_spans(text, block.start, block.end)[:-1]:
        yield start, span.end
        start = _forth(text, span.end, block.end)
    if start < block.end:
        yield start, _back(text, start, block.end)


def _lines(text: str, block: Block) -> Iterator[tuple[int, int]]:
    start = block.start
    while start < block.end:
        stop = text.find("\n", start, block.end)
        stop = block.end if stop < 0 else stop
        if text[start:stop].strip():
            yield start, stop
        start = stop + 1


def _forth(text: str, start: int, end: int) -> int:
    """The first offset from ``start`` on that is not white space, at most ``end``."""
    while start < end and text[start].isspace():
        start += 1
    return start


def _back(text: str, start: int, end: int) -> int:
    """The last offset up to ``end`` that does not follow white space, at least ``start``."""
    while end > start and text[end - 1].isspace():
        end -= 1
    return end


def _page_at(pages: Sequence[Page], page_starts: list[int], offset: int) -> int | None:
    if not pages:
        return None
    # An empty page starts where the next one does: the last of those that start here holds the text.
    return pages[max(bisect_right(page_starts, offset) - 1, 0)].number
