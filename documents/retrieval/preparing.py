"""Makes of the passages a search found those an answer reads: chosen, and put together where they are neighbours."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from documents.retrieval.passages import RetrievalStep, RetrievedPassage
from documents.retrieval.statement import texts_between
from rag.embeddings import shipped_embedder
from rag.parsing.model import LIST_MARKER
from rag.reading_passages import Piece, choose, neighbours


def prepare(
    passages: Sequence[RetrievedPassage], question: str, *, limit: int, tokens: int
) -> tuple[list[RetrievedPassage], RetrievalStep]:
    """At most ``limit`` of ``passages`` (best first), together of at most ``tokens``, as an answer reads them.

    A passage made of neighbours is one span of its document: ``text == document.text[start:end]``; it has the scores
    and the chunk of its best part. Costs one statement when there are neighbours that do not overlap.
    """
    started = time.perf_counter()
    pieces = [_piece(each) for each in passages]
    measure = cache(_tokens)  # each text is asked for twice
    chosen = choose(pieces, question, limit=limit, tokens=tokens, measure=measure)
    runs = _joined(passages, neighbours(pieces, chosen.pieces, measure))
    ready = [_one(run, between) for run, between in runs]
    told = {
        "passages": len(ready),
        "tokens": chosen.tokens,
        "joined": [[each.chunk_id for each in run] for run, _between in runs if len(run) > 1],
        "left_out": [
            {"chunk": passages[each.piece].chunk_id, "why": each.why}
            | ({} if each.like is None else {"like": passages[each.like].chunk_id})
            for each in chosen.left_out
        ],
    }
    ms = round((time.perf_counter() - started) * 1000, 3)
    return ready, RetrievalStep("prepare", ms, {"passages": len(passages), "limit": limit, "tokens": tokens}, told)


def put_together(passages: Sequence[RetrievedPassage]) -> list[RetrievedPassage]:
    """All of ``passages`` in their order, neighbours as one, as in ``prepare``."""
    pieces = [_piece(each) for each in passages]
    runs = _joined(passages, neighbours(pieces, range(len(pieces)), cache(_tokens)))
    return [_one(run, between) for run, between in runs]


def _piece(each: RetrievedPassage) -> Piece:
    label = f"{each.title} {each.heading}"
    counted = None if each.edited or each.context else each.tokens
    return Piece(
        each.version_id, each.start, each.end, each.read_text, label, each.score, alone=each.edited, tokens=counted
    )


def _tokens(text: str) -> int:
    return len(shipped_embedder().token_offsets(text))


Run = tuple[list[RetrievedPassage], list[str]]
"""Neighbours in the order of the text, and what stands between each of them and the next."""


def _joined(passages: Sequence[RetrievedPassage], runs: Sequence[Sequence[int]]) -> list[Run]:
    """The runs with what stands between their parts: white space or the marker of a list's item, else they are cut."""
    gaps = []
    for run in runs:
        end = 0
        for index in run:
            if end and passages[index].start > end:
                gaps.append((passages[index].version_id, end, passages[index].start))
            end = max(end, passages[index].end)
    texts = texts_between(gaps) if gaps else {}
    found: list[Run] = []
    for run in runs:
        parts, between, end = [passages[run[0]]], list[str](), passages[run[0]].end
        for index in run[1:]:
            each = passages[index]
            gap = texts.get((each.version_id, end, each.start), "?") if each.start > end else ""
            if gap.strip() and not LIST_MARKER.match(gap.strip()):
                found.append((parts, between))
                parts, between = [], []
            else:
                between.append(gap)
            parts.append(each)
            end = max(end, each.end)
        found.append((parts, between))
    return found


def _one(parts: Sequence[RetrievedPassage], between: Sequence[str]) -> RetrievedPassage:
    """One passage of neighbours. The first one's repeated header stays: what goes on below needs it once."""
    first = parts[0]
    if len(parts) == 1:
        return first
    text, end = first.text, first.end
    for part, gap in zip(parts[1:], between, strict=True):
        if part.end > end:
            text += gap + part.text[max(end - part.start, 0) :]
            end = part.end
    best = max(parts, key=lambda part: part.score)
    pages = sorted({page for part in parts for page in part.pages}, key=lambda page: page[1])
    return replace(
        best, text=text, start=first.start, end=end, page=first.page, pages=tuple(pages), context=first.context,
        edited_text=None, tokens=None,
    )  # fmt: skip
