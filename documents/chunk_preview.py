"""What other settings would make of a document: its chunks as they are beside those it would have.

Works on the stored text, never on the file, and on a beginning of bounded length: it runs while somebody waits.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, cast

from django.utils.translation import gettext as _

from documents.errors import DocumentsError, document_not_found
from documents.ingest.drafts import cut
from documents.models import Chunk, Document, DocumentVersion
from rag.chunking import ChunkingSettings
from rag.parsing import ParsedDocument
from rag.parsing.model import Block, Kind, Page

MAX_CHARACTERS = 300_000
"""Of a longer text only so much is cut: a few tenths of a second of work."""

FEWEST_TOKENS, MOST_TOKENS = 32, 254
MOST_OVERLAP = 3
SHORT = 320
SHOWN = 60
"""Chunks listed on each side; the numbers count all."""


@dataclass(frozen=True, slots=True)
class PreviewChunk:
    """A chunk as ``text[start:end]`` with its tokens; ``same`` when the other side has one of the same span."""

    ordinal: int
    start: int
    end: int
    text: str
    tokens: int
    same: bool

    @property
    def ends(self) -> str:
        """The text, a long one without its middle: what matters is where it begins and ends."""
        if len(self.text) <= SHORT:
            return self.text
        head, tail = self.text[:200], self.text[-110:]
        return f"{head.rsplit(maxsplit=1)[0]} … {tail.split(maxsplit=1)[-1]}"


@dataclass(frozen=True, slots=True)
class Side:
    """One way of cutting: the first chunks, how many there are, and their sizes in tokens."""

    chunks: list[PreviewChunk]
    count: int
    shortest: int
    median: int
    longest: int


@dataclass(frozen=True, slots=True)
class Preview:
    """Today's chunks and those of the other settings; ``whole`` unless only the document's beginning was cut."""

    today: Side
    proposed: Side
    whole: bool

    @property
    def alike(self) -> bool:
        """Whether both cut the document in the same places; False also where not all chunks are at hand."""
        sides = (self.today, self.proposed)
        everything = all(side.count == len(side.chunks) for side in sides)
        return everything and all(chunk.same for side in sides for chunk in side.chunks)


Span = tuple[int, int, str, int]
"""Start, end, text and tokens."""


def checked_settings(max_tokens: int, overlap_sentences: int) -> ChunkingSettings:
    """The settings; DocumentsError ``invalid_chunking`` outside of what is sensible."""
    if not (FEWEST_TOKENS <= max_tokens <= MOST_TOKENS and 0 <= overlap_sentences <= MOST_OVERLAP):
        message = _("Choose %(fewest)s to %(most)s tokens, and 0 to %(overlap)s sentences that neighbours share.")
        limits = {"fewest": FEWEST_TOKENS, "most": MOST_TOKENS, "overlap": MOST_OVERLAP}
        raise DocumentsError("invalid_chunking", message % limits, 422)
    return ChunkingSettings(max_tokens, overlap_sentences)


def preview(document: Document, settings: ChunkingSettings) -> Preview:
    """Cut a document by other settings, beside today's chunks. Raises DocumentsError ``not_found`` without a text."""
    version = document.current_version
    if version is None:
        raise document_not_found()
    parsed, whole = _beginning(version)
    limit = len(parsed.text)
    rows = Chunk.objects.of_current(document).filter(end__lte=limit)
    today: list[Span] = list(rows.values_list("start", "end", "text", "tokens"))
    proposed: list[Span] = [(each.start, each.end, each.text, each.tokens) for each in cut(parsed, settings)]
    return Preview(_side(today, proposed), _side(proposed, today), whole)


def _beginning(version: DocumentVersion) -> tuple[ParsedDocument, bool]:
    """The stored reading, or as many of its blocks as fit; the words' boxes are left out, chunks need none."""
    text = version.text
    blocks = [Block(*raw) for raw in version.blocks]
    whole = len(text) <= MAX_CHARACTERS
    if not whole:
        blocks = blocks[: bisect_right([block.end for block in blocks], MAX_CHARACTERS)]
        text = text[: blocks[-1].end if blocks else 0]
    numbers = version.pages.values_list("number", "start", "end", "width", "height")
    pages = tuple(Page(*cast(Any, page)) for page in numbers)
    return ParsedDocument(cast(Kind, version.kind), version.title, text, tuple(blocks), pages), whole


def _side(spans: Sequence[Span], others: Sequence[Span]) -> Side:
    there = {(start, end) for start, end, *_rest in others}
    sizes = [tokens for *_rest, tokens in spans] or [0]
    chunks = [
        PreviewChunk(ordinal, start, end, text, tokens, (start, end) in there)
        for ordinal, (start, end, text, tokens) in enumerate(spans[:SHOWN])
    ]
    return Side(chunks, len(spans), min(sizes), round(median(sizes)), max(sizes))
