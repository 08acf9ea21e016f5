"""The sentences that say most of what a document is about, in its own words and at their places."""

import numpy as np

from rag.embeddings import Embedder
from rag.sentences import Span, sentence_spans

MOST_COMPARED = 160
"""Sentences that are embedded: the first of the text, and others evenly from the rest."""

_FIRST = 40
_SHORTEST, _LONGEST = 40, 400
_ENDS = frozenset(".!?…。！？؟।”\"')")
_OTHERNESS = 0.5
"""What likeness to a chosen sentence takes away, against likeness to the whole."""

_EARLY = 0.06
"""What a sentence at the beginning gains over one at the end."""


def summary_spans(text: str, embedder: Embedder, most: int = 6) -> list[Span]:
    """At most ``most`` whole sentences of ``text``, in its order; offsets count code points.

    Those nearest to the mean of all are taken one after another, each less for what it repeats (maximal marginal
    relevance, Carbonell and Goldstein 1998), and a little more for standing early. Headings, rows of tables and what no
    mark ends are left out. Raises EmbeddingError.
    """
    whole = [span for span in sentence_spans(text) if _is_sentence(text[span.start : span.end])]
    spans = [span for span in _spread(whole) if _fits(text[span.start : span.end], embedder)]
    if len(spans) <= most:
        return spans
    vectors = embedder.embed_passages([text[span.start : span.end] for span in spans])
    centre = vectors.mean(axis=0)
    centre /= max(float(np.linalg.norm(centre)), 1e-9)
    places = np.array([span.start for span in spans]) / max(1, len(text))
    worth = vectors @ centre + _EARLY * (1 - places)
    likeness = np.zeros(len(spans))
    chosen: list[int] = []
    for _each in range(most):
        marginal = worth - _OTHERNESS * likeness
        marginal[chosen] = -np.inf
        chosen.append(int(marginal.argmax()))
        likeness = np.maximum(likeness, vectors @ vectors[chosen[-1]])
    return [spans[at] for at in sorted(chosen)]


def _is_sentence(words: str) -> bool:
    return _SHORTEST <= len(words) <= _LONGEST and words[-1] in _ENDS and "|" not in words and words[0] not in "#>"


def _fits(words: str, embedder: Embedder) -> bool:
    # Two tokens are the model's own.
    return len(embedder.token_offsets(words)) + 2 <= embedder.max_tokens


def _spread(spans: list[Span]) -> list[Span]:
    if len(spans) <= MOST_COMPARED:
        return spans
    rest = spans[_FIRST:]
    step = len(rest) / (MOST_COMPARED - _FIRST)
    return [*spans[:_FIRST], *(rest[int(at * step)] for at in range(MOST_COMPARED - _FIRST))]
