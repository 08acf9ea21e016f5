"""Answers without a language model: quotes the sentences that answer, or says that the documents do not.

Candidates are the sentences and table rows of the passages. A cheap look at shared words leaves a few dozen of them,
one call embeds those, and two small regressions choose among them and say how sure they are.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.embeddings import Embedder
from rag.generation import AnswerPart, AnswerRequest, CitationMade, PromptPassage, QuestionPart, TextDelta
from rag.generation.candidates import Candidate, cut, header_of, label_of, with_list
from rag.generation.reading import refuse
from rag.generation.sentence_scoring import QuestionView, answered_probability, ranking_logits

# The least probability at which quoting does more good than harm, as measured by bench/answers.py.
DEFAULT_THRESHOLD = 0.5

EMBEDDED = 32  # candidates embedded per question
QUOTES = 3
NEAR_LOGIT = 1.0  # how far below the best a further quote may score
_WHOLE_WORDS = 5
_SAME = 0.9  # similarity above which two sentences say the same
_LEANS_BACK = re.compile(r"(?:it|they|he|she|this|these|those|that|its|their|his|her|however|but|also|such)\b", re.I)
_SHORT_CHARACTERS = 254  # a text has at most as many tokens as characters


@dataclass(frozen=True, slots=True)
class Quote:
    """A span of a passage to quote; ``passage`` is an index. ``header`` is the span of its table's header row."""

    passage: int
    start: int
    end: int
    header: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What an extractive answer quotes, in order, and how likely it is that it answers, 0..1."""

    quotes: tuple[Quote, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class _Ranking:
    """``chosen`` indexes ``candidates``; ``order`` indexes ``chosen``, ``vectors`` and ``logits``, best first."""

    candidates: list[Candidate]
    chosen: list[int]
    vectors: NDArray[np.float32]
    logits: NDArray[np.float64]
    order: list[int]
    probability: float


class ExtractiveAnswerer:
    """Quotes the passages; needs an embedder and nothing else."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def answer(self, request: AnswerRequest) -> AsyncGenerator[AnswerPart]:
        """Yield the quotes with their citations, or a refusal below ``request.threshold``.

        Each part of the question is answered by itself; parts below the threshold have no quotes.
        """
        quotes: list[Quote] = []
        said = " ".join(" ".join(turn.text.split()) for turn in request.history if turn.role == "assistant")
        for asked in request.parts or (QuestionPart(request.question, request.question),):
            # Off the event loop: embedding takes tens of milliseconds of every core.
            choice = await asyncio.to_thread(self.choose_next, asked, request.passages, said)
            if choice.probability >= request.threshold:
                quotes.extend(choice.quotes)
        if not quotes:
            for part in refuse():
                yield part
            return
        for part in _written(_merged(quotes, request.passages), request.passages):
            yield part

    def choose(self, question: str, passages: Sequence[PromptPassage]) -> Choice:
        """The quotes that answer best, whatever their probability; none when there is nothing to quote."""
        ranking = self._rank(question, passages)
        if ranking is None:
            return Choice((), 0.0)
        picked = _further(ranking)
        quotes = [_quote(ranking.candidates, ranking.chosen[row], passages) for row in picked]
        return Choice(_merged(quotes, passages), ranking.probability)

    def choose_next(self, part: QuestionPart, passages: Sequence[PromptPassage], said: str) -> Choice:
        """The quotes for a question that may lean on what was ``said`` before it.

        One that does is answered in its own words, with sentences that were not said yet: its topic in front would
        bring the former answer again. How sure that is lies between the question with its topic and without.
        """
        if part.asked == part.completed:
            return self.choose(part.asked, passages)
        ranking = self._rank(part.asked, passages, said)
        with_topic = self._rank(part.completed, passages, said)
        if ranking is None or with_topic is None:
            return Choice((), 0.0)
        quotes = [_quote(ranking.candidates, ranking.chosen[row], passages) for row in _further(ranking)]
        return Choice(_merged(quotes, passages), (ranking.probability + with_topic.probability) / 2)

    def ranked(self, question: str, passages: Sequence[PromptPassage]) -> tuple[list[Candidate], float]:
        """The candidates, best first, and the probability that the best answers; for measuring."""
        ranking = self._rank(question, passages)
        if ranking is None:
            return [], 0.0
        return [ranking.candidates[ranking.chosen[row]] for row in ranking.order], ranking.probability

    def _rank(self, question: str, passages: Sequence[PromptPassage], said: str = "") -> _Ranking | None:
        candidates = cut(passages)
        view = QuestionView(question, passages, candidates)
        chosen = view.prefilter(EMBEDDED)
        if not chosen:
            return None
        vectors, labels = embedded([candidates[index] for index in chosen], passages, self._embedder)
        rows = view.ranking_rows(chosen, self._embedder.embed_query(question), vectors, labels)
        logits = ranking_logits(rows)
        order = [
            int(row)
            for row in np.argsort(-logits, kind="stable")
            if candidates[chosen[row]].kind != "question" and " ".join(candidates[chosen[row]].text.split()) not in said
        ]
        if not order:
            return None
        probability = answered_probability(view.answered_row(chosen[order[0]], float(logits[order[0]])))
        return _Ranking(candidates, chosen, vectors, logits, order, probability)


def embedded(
    candidates: Sequence[Candidate], passages: Sequence[PromptPassage], embedder: Embedder
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors of the candidates, and of the title and headings of each passage (zeros where there are none)."""
    above = [label_of(passage) for passage in passages]
    different = list(dict.fromkeys(label for label in above if label))
    texts = [*(candidate.text for candidate in candidates), *different]
    vectors = embedder.embed_passages([fitted(text, embedder) for text in texts])
    place = {label: len(candidates) + offset for offset, label in enumerate(different)}
    nothing = np.zeros(embedder.dimensions, np.float32)
    return vectors[: len(candidates)], np.stack([vectors[place[label]] if label else nothing for label in above])


def fitted(text: str, embedder: Embedder) -> str:
    """The text, cut to what the embedder reads: a sentence that long has said what it is about by then."""
    if len(text) <= min(_SHORT_CHARACTERS, embedder.max_tokens - 2):
        return text
    offsets = embedder.token_offsets(text)
    limit = embedder.max_tokens - 2
    return text if len(offsets) <= limit else text[: offsets[limit - 1][1]]


def _further(ranking: _Ranking) -> list[int]:
    """The best row, and up to two more that score nearly as well and say something else."""
    picked = [ranking.order[0]]
    least = ranking.logits[ranking.order[0]] - NEAR_LOGIT
    for row in ranking.order[1:8]:
        if len(picked) == QUOTES or ranking.logits[row] < least:
            break
        candidate = ranking.candidates[ranking.chosen[row]]
        # A scrap of a list says nothing on its own; a row of a table does.
        whole = candidate.kind == "row" or len(candidate.text.split()) >= _WHOLE_WORDS
        if whole and all(float(ranking.vectors[row] @ ranking.vectors[other]) < _SAME for other in picked):
            picked.append(row)
    return picked


def _quote(candidates: Sequence[Candidate], index: int, passages: Sequence[PromptPassage]) -> Quote:
    candidate = candidates[index]
    text = passages[candidate.passage].text
    if candidate.kind == "row":
        row = text[candidate.start : candidate.end]
        inner = row.strip().strip("|").strip()
        start = candidate.start + row.index(inner)
        return Quote(candidate.passage, start, start + len(inner), header_of(text, candidate.start))
    start, end = with_list(text, candidate)
    before = candidates[candidate.before] if candidate.before is not None else None
    # "It costs 5 EUR." says little without the sentence before.
    leans_back = before is not None and before.kind == "sentence" and _LEANS_BACK.match(candidate.text)
    if leans_back and before is not None and "\n\n" not in text[before.end : candidate.start]:
        start = before.start
    return Quote(candidate.passage, start, end)


def _merged(quotes: Sequence[Quote], passages: Sequence[PromptPassage]) -> tuple[Quote, ...]:
    """Quotes in order of their passages' first choice, then of the text; neighbours and overlaps become one."""
    first_seen = {quote.passage: order for order, quote in reversed(list(enumerate(quotes)))}
    merged: list[Quote] = []
    for quote in sorted(quotes, key=lambda quote: (first_seen[quote.passage], quote.start)):
        last = merged[-1] if merged else None
        if last is not None and last.passage == quote.passage and last.header is None and quote.header is None:
            between = passages[quote.passage].text[last.end : quote.start] if quote.start > last.end else ""
            if quote.start <= last.end or not between.strip():
                merged[-1] = Quote(last.passage, last.start, max(last.end, quote.end))
                continue
        merged.append(quote)
    return tuple(merged)


def _written(quotes: Sequence[Quote], passages: Sequence[PromptPassage]) -> list[AnswerPart]:
    """The answer's text with each quote followed by its citation; rows of one table share its header."""
    parts: list[AnswerPart] = []
    length = 0
    previous: Quote | None = None
    for quote in quotes:
        passage = passages[quote.passage]
        lead = _joint(previous, quote, passage)
        end = ""
        if quote.header is not None:
            end = " |"
        words = passage.text[quote.start : quote.end]
        parts.append(TextDelta(lead + words + end))
        start = length + len(lead)
        parts.append(CitationMade(start, start + len(words), passage.number, quote.start, quote.end))
        length = start + len(words) + len(end)
        previous = quote
    return parts


def _joint(previous: Quote | None, quote: Quote, passage: PromptPassage) -> str:
    """What stands between two quotes."""
    same = previous is not None and previous.passage == quote.passage
    if quote.header is not None:
        if same and previous is not None and previous.header == quote.header:
            return "\n| "
        header = passage.text[quote.header[0] : quote.header[1]]
        columns = len(re.findall(r"(?<!\\)\|", header)) - 1
        return ("\n\n" if previous else "") + header + "\n|" + " --- |" * columns + "\n| "
    if previous is None:
        return ""
    return " " if same and previous.header is None else "\n\n"
