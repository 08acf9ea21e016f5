"""The terms of a chunk and of a question. Both go the same way, so that what is asked for meets what is held.

A term is a stem, a code, a number or a pair of signs, made of at most ``LONGEST_TERM`` characters, and
the same for "Café", "cafe" and "CAFÉ". Terms carry no language: names and codes are found across languages.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from functools import lru_cache
from hashlib import blake2b

from rag.lexical.stemming import stems
from rag.lexical.words import forms, is_dense, pairs, tokens

TITLE_COUNTS = 2  # times: a word of the title says more about a chunk than one of its words does
_MOST_ALTERNATIVES = 12
_MOST_GROUPS = 256  # of a question; a pasted page is no question, and every term costs a look-up
_CACHED_LENGTH = 32
_HIGHEST_ID = 999_999_999  # sparse vectors of pgvector have up to 10^9 dimensions


def chunk_terms(text: str, language: str, title: str = "") -> dict[str, int]:
    """Return how often each term is in a chunk whose document is in ``language`` (ISO 639-1, "" where unknown).

    The chunk's length, as BM25 counts it, is the sum. ``title`` is what stands above the chunk, its headings or the
    document's title; its terms count ``TITLE_COUNTS`` times. Linear in the text's length; never raises.
    """
    counts: Counter[str] = Counter()
    for token in tokens(text):
        counts.update(_terms(token, language))
    for token in tokens(title):
        for term in _terms(token, language):
            counts[term] += TITLE_COUNTS
    return dict(counts)


def question_terms(question: str, languages: Collection[str]) -> list[tuple[str, ...]]:
    """Return for each word, code and part of a code in a question the terms under which chunks may hold it, in order.

    ``languages`` are those that the searched chunks are in, as ``chunk_terms`` was given them, the commonest first: at
    most twelve alternatives of a word are kept. The score of a chunk is the sum over all terms, each counted once.
    At most 256 words are looked at.
    """
    groups: dict[tuple[str, ...], None] = {}
    for token in tokens(question):
        for form in forms(token):
            alternatives = dict.fromkeys(term for language in languages or ("",) for term in stems(form, language))
            if alternatives:
                groups[tuple(alternatives)[:_MOST_ALTERNATIVES]] = None
        if len(groups) >= _MOST_GROUPS:
            break
    return list(groups)[:_MOST_GROUPS]


@lru_cache(maxsize=65_536)
def term_id(term: str) -> int:
    """Return the number (1 to 999,999,999) that stands for a term, the same on every machine and in every version.

    Of 100,000 terms about five share a number with another; their counts then add up.
    """
    return 1 + int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "big") % _HIGHEST_ID


def _terms(token: str, language: str) -> Iterable[str]:
    if is_dense(token):  # a run of Han or Thai is a clause, which hardly comes again
        return pairs(token)
    return _cached_terms(token, language) if len(token) <= _CACHED_LENGTH else _terms_of_token(token, language)


def _terms_of_token(token: str, language: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(term for form in forms(token) for term in stems(form, language)))


_cached_terms = lru_cache(maxsize=32_768)(_terms_of_token)
