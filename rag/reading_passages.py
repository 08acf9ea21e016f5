"""Chooses, of the passages a search found, those an answer reads: no text twice, several documents, a bounded length.

Pure functions over what choosing needs to know of a passage; who calls them puts the chosen ones together.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rag.wording import content_words, words

JOINED_TOKENS = 800
"""A passage made of neighbours stays shorter than this: a citation should not have to name half a document."""

LARGEST_GAP = 16
"""Characters between two chunks that still may be neighbours: white space, the marker of a list's item."""

SAME = 0.85
"""The share of their runs of words that two passages have in common from which on they say the same."""

NEARLY = 0.1
"""How much worse, of 1, another document's passage may score to be read before one more of the same document."""

_RUN = 3

Reason = Literal["duplicate", "budget"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A found passage: ``text`` is what is read of it, ``start`` and ``end`` its span in the text of ``document``.

    ``label`` is its title and headings. Neighbours are joined only under the same label, and never when ``alone``.
    ``score`` runs from 0 to 1, higher is better. ``tokens`` are those of ``text`` where they have been counted before.
    """

    document: Hashable
    start: int
    end: int
    text: str
    label: str
    score: float
    alone: bool = False
    tokens: int | None = None

    def size(self, measure: Callable[[str], int]) -> int:
        """Its tokens, counted by ``measure`` where nobody has."""
        return measure(self.text) if self.tokens is None else self.tokens


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A piece that is not read, and why; ``like`` is the chosen piece that says the same. Both are indexes."""

    piece: int
    why: Reason
    like: int | None = None


@dataclass(slots=True)
class Chosen:
    """Indexes of the pieces to read, in the order of the search, what they take, and what was left out for a reason."""

    pieces: list[int] = field(default_factory=list)
    tokens: int = 0
    left_out: list[LeftOut] = field(default_factory=list)


def choose(pieces: Sequence[Piece], question: str, *, limit: int, tokens: int, measure: Callable[[str], int]) -> Chosen:
    """Choose at most ``limit`` pieces, best first, of together at most ``tokens`` as ``measure`` counts them.

    A piece that says the same as a better one is left out, unless it alone has a figure or a word of the question.
    A document that has half of the places gives way to others that are nearly as good. The first piece is chosen
    whatever its length.
    """
    reading = Chosen()
    asked = frozenset(content_words(question))
    seen: list[tuple[int, _Said]] = []
    waiting = list(range(len(pieces)))
    while waiting and len(reading.pieces) < limit:
        index = waiting.pop(_next(pieces, waiting, reading.pieces, limit))
        said = _Said.of(pieces[index])
        like = next((other for other, its in seen if its.covers(said, asked)), None)
        if like is not None:
            reading.left_out.append(LeftOut(index, "duplicate", like))
            continue
        size = pieces[index].size(measure)
        if reading.pieces and reading.tokens + size > tokens:
            reading.left_out.append(LeftOut(index, "budget"))
            continue
        seen.append((index, said))
        reading.pieces.append(index)
        reading.tokens += size
    reading.pieces.sort()
    return reading


def neighbours(
    pieces: Sequence[Piece], chosen: Iterable[int], measure: Callable[[str], int], most: int = JOINED_TOKENS
) -> list[list[int]]:
    """The chosen pieces in runs that overlap or stand side by side, each run in the order of the text.

    The runs come in the order of their best piece. A few characters may lie between two pieces of a run: whether they
    are nothing but space is for the caller to see, who has the text.
    """
    rank = {index: order for order, index in enumerate(chosen)}
    runs: list[list[int]] = []
    tokens = 0
    for index in sorted(rank, key=lambda each: (str(pieces[each].document), pieces[each].start, pieces[each].end)):
        size = pieces[index].size(measure)
        if runs and tokens + size <= most and _side_by_side(pieces, runs[-1], index):
            runs[-1].append(index)
            tokens += size
        else:
            runs.append([index])
            tokens = size
    return sorted(runs, key=lambda run: min(rank[index] for index in run))


def _next(pieces: Sequence[Piece], waiting: Sequence[int], chosen: Sequence[int], limit: int) -> int:
    """The place in ``waiting`` of the piece to look at next: the first, unless its document has had its share."""
    first = pieces[waiting[0]]
    had = sum(pieces[index].document == first.document for index in chosen)
    if had < max(1, (limit + 1) // 2):
        return 0
    for place, index in enumerate(waiting):
        if pieces[index].score < first.score - NEARLY:
            break
        if pieces[index].document != first.document:
            return place
    return 0


def _side_by_side(pieces: Sequence[Piece], run: Sequence[int], index: int) -> bool:
    piece, before = pieces[index], pieces[run[-1]]
    if piece.alone or before.alone or piece.document != before.document or piece.label != before.label:
        return False
    return piece.start <= max(pieces[each].end for each in run) + LARGEST_GAP


@dataclass(frozen=True, slots=True)
class _Said:
    """What a piece says, to be compared: its runs of words, and the words of its text and of its label."""

    document: Hashable
    start: int
    end: int
    runs: frozenset[tuple[str, ...]]
    words: frozenset[str]
    label: frozenset[str]

    @classmethod
    def of(cls, piece: Piece) -> "_Said":
        order = words(piece.text)
        runs = frozenset(zip(*(order[shift:] for shift in range(_RUN)), strict=False))
        return cls(piece.document, piece.start, piece.end, runs, frozenset(order), frozenset(words(piece.label)))

    def covers(self, other: "_Said", asked: frozenset[str]) -> bool:
        """Whether ``other`` adds nothing: nearly the same words, and no figure or asked word that is missing here."""
        if self.document == other.document and self.start <= other.start and other.end <= self.end:
            return self.runs >= other.runs
        shared = len(self.runs & other.runs)
        if not shared or shared < SAME * len(self.runs | other.runs):
            return False
        if any(any(sign.isdigit() for sign in word) for word in other.words - self.words):
            return False
        return asked.isdisjoint((other.words | other.label) - self.words - self.label)
