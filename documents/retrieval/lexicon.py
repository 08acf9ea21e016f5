"""What the words of a question are worth, by how many chunks hold them, and the chunks that they find.

Only chunks that the asker may see are counted: no score tells of what is hidden.
"""

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from math import log, sqrt
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import connection

from documents.binary_rows import fetch_binary
from documents.retrieval.scope import DOCUMENTS, Scope, scope_of
from rag.lexical import question_terms, term_id
from rag.lexical.postings import DIMENSIONS, LexicalQuestion, asked, best
from rag.wording import STOPWORDS

if TYPE_CHECKING:
    from accounts.models import User

MOST_LANGUAGES = 4
"""A question is too short to tell its language: its words are stemmed in those that most chunks are in."""

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
SHORTEST_WORD = 3
READ_OF_TEXT = 20_000

REMEMBERED_S = 5.0

MOST_POSTINGS = 100_000
"""Of one question: so many are read, the rarest words first. What the others would add is in the exact scores."""

SPARE = 100
"""So many more chunks are compared exactly than are asked for, as the choice has not read all words."""

LARGE = 100_000
"""From so many chunks on both grow, as the root of their number."""

# Notes that are not folded yet count like the counts.
LANGUAGES = """
SELECT language FROM (
    SELECT language, chunks FROM documents_languagecount UNION ALL SELECT language, chunks FROM documents_termchange
) AS counted GROUP BY language HAVING sum(chunks) > 0 ORDER BY sum(chunks) DESC, language LIMIT %s
"""
COUNTS = """
WITH allowed AS MATERIALIZED (SELECT ARRAY({allowed}) AS audiences), notes AS MATERIALIZED (
    SELECT audience_id, chunks, terms, counts FROM documents_termchange
    WHERE audience_id = ANY((SELECT audiences FROM allowed)::uuid[])
), held AS (
    SELECT term, chunks FROM documents_termcount
    WHERE term = ANY(%(terms)s::int[]) AND audience_id = ANY((SELECT audiences FROM allowed)::uuid[])
    UNION ALL
    SELECT each.term, each.count FROM notes, unnest(notes.terms, notes.counts) AS each(term, count)
    WHERE each.term = ANY(%(terms)s::int[])
), seen AS (
    SELECT chunks FROM documents_languagecount WHERE audience_id = ANY((SELECT audiences FROM allowed)::uuid[])
    UNION ALL
    SELECT chunks FROM notes
)
SELECT term, sum(chunks)::bigint FROM held GROUP BY term
UNION ALL
SELECT NULL, COALESCE(sum(chunks), 0)::bigint FROM seen
"""
MATCHING = """
SELECT COALESCE(sum(document.chunk_count), 0) FROM {documents}
WHERE document.audience_id IN ({allowed}) AND {conditions}
"""
POSTINGS = """
WITH allowed AS MATERIALIZED (SELECT ARRAY({allowed}) AS audiences)
SELECT block, term, entries, NULL::float8 FROM documents_posting
WHERE term = ANY(%(terms)s::int[]) AND audience_id = ANY((SELECT audiences FROM allowed)::uuid[])
UNION ALL
SELECT chunk_id, NULL, NULL, NULL FROM documents_staleposting
WHERE audience_id = ANY((SELECT audiences FROM allowed)::uuid[])
UNION ALL
SELECT chunk_id, NULL, NULL, (
    SELECT -(terms.weights <#> %(weights)s::sparsevec) FROM documents_chunkterms AS terms
    WHERE terms.chunk_id = waiting.chunk_id
) FROM documents_unpostedchunk AS waiting WHERE audience_id = ANY((SELECT audiences FROM allowed)::uuid[])
"""
"""One statement, for a chunk that waits for its postings and one that has them are the same at different times."""


class _Languages:
    """The languages that most chunks are in, as this process last read them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: tuple[float, list[str]] | None = None

    def get(self) -> list[str]:
        """Return them, read again when what is known is old."""
        with self._lock:
            found = self._found
        if found is not None and time.monotonic() - found[0] < REMEMBERED_S:
            return found[1]
        with connection.cursor() as cursor:
            cursor.execute(LANGUAGES, [MOST_LANGUAGES])
            languages = [row[0] for row in cursor.fetchall()]
        with self._lock:
            self._found = (time.monotonic(), languages)
        return languages

    def forget(self) -> None:
        """Read them afresh the next time."""
        with self._lock:
            self._found = None


_languages = _Languages()


def forget_languages() -> None:
    """Read the languages of the chunks afresh the next time, in this process."""
    _languages.forget()


@dataclass(frozen=True, slots=True)
class Weighed:
    """A question's words, weighed by the chunks that the asker may see.

    ``seen`` is how many chunks these are, ``left`` how many of them are in documents that meet the filters.
    """

    words: LexicalQuestion
    seen: int
    left: int


def weighed(question: str | None, scope: Scope) -> Weighed:
    """Weigh the terms of a question by how many chunks of the ``scope`` hold them; None asks for no words.

    Filters do not change what a word is worth. Costs one statement, and another one with filters.
    """
    groups = question_terms(question, _languages.get()) if question is not None else []
    terms = list({term_id(term) for group in groups for term in group})
    holding, seen = _holding(terms, scope)
    left = seen
    if scope.conditions:
        statement = MATCHING.format(documents=DOCUMENTS, allowed=scope.allowed, conditions=scope.conditions)
        with connection.cursor() as cursor:
            cursor.execute(statement, scope.parameters)
            left = int(cursor.fetchone()[0])
    return Weighed(asked(groups, holding, seen, MOST_POSTINGS * growth(seen)), seen, left)


def growth(chunks: int) -> float:
    """How much more is looked at among so many chunks."""
    return max(1.0, sqrt(chunks / LARGE))


def best_by_words(words: LexicalQuestion, scope: Scope, count: int) -> list[int]:
    """The ids of ``count`` chunks of the scope's audiences that the words score highest, best first.

    Filters are not looked at. Scores are near enough to BM25 for a choice, not for an order. Costs one statement.
    """
    worth = dict(zip(words.ids, words.idfs, strict=True))
    read: list[tuple[int, float, bytes]] = []
    without: list[int] = []
    scored: dict[int, float] = {}
    parameters = {**scope.parameters, "terms": list(words.read), "weights": sparse_text(words.ids, words.idfs)}
    for number, term, entries, score in fetch_binary(POSTINGS.format(allowed=scope.allowed), parameters):
        if term is not None:
            read.append((number, worth[term], entries))
        elif score is None:
            without.append(number)
        elif score > 0:
            scored[number] = score
    return best(read, without, scored, count)


def informative(text: str, most: int, user: "User | AnonymousUser") -> list[str]:
    """The ``most`` words of a text that say most of what it is about, in its order.

    Those that come most often for how few of the chunks that ``user`` may see hold them; what none of these holds finds
    nothing and is left out. One statement.
    """
    seen: dict[str, tuple[int, set[int]]] = {}
    for word in WORD.findall(text[:READ_OF_TEXT]):
        plain = word.lower()
        if plain in STOPWORDS or len(plain) < SHORTEST_WORD:
            continue
        times, terms = seen.get(plain, (0, set()))
        if not times:
            terms = {term_id(term) for group in question_terms(plain, _languages.get()) for term in group}
        seen[plain] = (times + 1, terms)
    scope = scope_of(user, None, ())
    if not seen or scope.allowed is None:
        return []
    holding, _seen = _holding(list({term for _times, terms in seen.values() for term in terms}), scope)
    worth = {}
    for plain, (times, terms) in seen.items():
        chunks = sum(holding.get(term, 0) for term in terms)
        if chunks:
            worth[plain] = (1 + log(times)) / log(2 + chunks)
    found = set(sorted(worth, key=lambda plain: -worth[plain])[:most])
    return [plain for plain in seen if plain in found]


def _holding(terms: list[int], scope: Scope) -> tuple[dict[int, int], int]:
    """How many chunks of the scope's audiences hold each term, and how many these audiences have."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(allowed=scope.allowed), {**scope.parameters, "terms": terms})
        holding: dict[int | None, int] = dict(cursor.fetchall())
    seen = holding.pop(None)
    return {term: chunks for term, chunks in holding.items() if term is not None}, seen


def sparse_text(ids: Iterable[int], values: Iterable[float]) -> str:
    """A sparse vector as PostgreSQL reads it; ``ids`` count from 1."""
    places = ",".join(f"{each}:{value:.6g}" for each, value in zip(ids, values, strict=True))
    return f"{{{places}}}/{DIMENSIONS}"
