"""What the words of a question are worth: how many chunks hold them, read before the search, and what to ask for."""

import re
import threading
import time
from dataclasses import replace
from math import log

from django.db import connection

from documents.retrieval.scope import DOCUMENTS, Scope
from rag.lexical import question_terms
from rag.lexical.postings import LexicalQuestion, all_keys, asked
from rag.wording import STOPWORDS

MOST_LANGUAGES = 4
"""A question is too short to tell its language: its words are stemmed in those that most chunks are in."""

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
SHORTEST_WORD = 3
READ_OF_TEXT = 20_000

REMEMBERED_S = 5.0
ALL_BELOW = 10_000
"""With no more visible chunks than this, all that hold any of the words are compared."""

MOST_CANDIDATES = 5_000
LARGE = 100_000
"""From so many chunks on, more candidates are compared: as the root of their number grows."""

# Notes that are not folded yet count like the counts.
LANGUAGES = """
SELECT language FROM (
    SELECT language, chunks FROM documents_languagecount UNION ALL SELECT language, chunks FROM documents_termchange
) AS counted GROUP BY language HAVING sum(chunks) > 0 ORDER BY sum(chunks) DESC, language LIMIT %s
"""
COUNTS = """
WITH notes AS MATERIALIZED (
    SELECT audience_id, chunks, keys, counts FROM documents_termchange
), allowed AS MATERIALIZED (
    SELECT ARRAY({allowed}) AS audiences
), held AS (
    SELECT key, chunks FROM documents_termcount WHERE key = ANY(%(keys)s::int[])
    UNION ALL
    SELECT each.key, each.count FROM notes, unnest(notes.keys, notes.counts) AS each(key, count)
    WHERE each.key = ANY(%(keys)s::int[])
), by_audience AS (
    SELECT audience_id, chunks FROM documents_languagecount UNION ALL SELECT audience_id, chunks FROM notes
)
SELECT key, sum(chunks)::bigint, 0 FROM held GROUP BY key
UNION ALL
SELECT NULL, COALESCE(sum(chunks), 0)::bigint, COALESCE({left}, 0)::bigint
FROM by_audience
"""
VISIBLE = "sum(chunks) FILTER (WHERE audience_id = ANY((SELECT audiences FROM allowed)::uuid[]))"
MATCHING = """(
    SELECT sum(document.chunk_count) FROM {documents}
    WHERE document.audience_id = ANY((SELECT audiences FROM allowed)::uuid[]) AND {conditions}
)"""


RAREST = """
SELECT key, sum(chunks)::bigint FROM (
    SELECT key, chunks FROM documents_termcount WHERE key = ANY(%s::int[])
    UNION ALL
    SELECT each.key, each.count FROM documents_termchange AS notes, unnest(notes.keys, notes.counts) AS each(key, count)
    WHERE each.key = ANY(%s::int[])
) AS counted GROUP BY key HAVING sum(chunks) > 0
"""


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


def weighed(question: str, scope: Scope) -> LexicalQuestion:
    """The terms of a question, weighed by how many chunks hold them, and the keys to find candidates by.

    Of a large index, the smaller the part of the ``scope`` is, the more keys are asked for, as most of what these find
    is not of it. There are no keys where comparing all that may be seen costs less: where that is little, and the
    keys would find more.
    """
    groups = question_terms(question, _languages.get())
    keys = all_keys([term for group in groups for term in group])
    wanted = [key for its in keys.values() for key in its]
    holding: dict[int, int] = {}
    chunks = left = 0
    part = MATCHING.format(documents=DOCUMENTS, conditions=scope.conditions) if scope.conditions else VISIBLE
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(allowed=scope.allowed, left=part), {**scope.parameters, "keys": wanted})
        for key, count, of_scope in cursor.fetchall():
            if key is None:
                chunks, left = count, of_scope
            else:
                holding[key] = count
    most = MOST_CANDIDATES * max(1.0, (chunks / LARGE) ** 0.5) * chunks / max(left, 1)
    found = asked(groups, holding, chunks, most if left > ALL_BELOW else float("inf"))
    few = not scope.conditions and left <= min(ALL_BELOW, found.candidates)
    return replace(found, keys=()) if few else found


def informative(text: str, most: int) -> list[str]:
    """The ``most`` words of a text that say most of what it is about, in its order.

    Those that come most often for how few chunks hold them; what no chunk holds finds nothing and is left out. Chunks
    of all data sources are counted, as for the weights of any question. One statement.
    """
    seen: dict[str, tuple[int, list[int]]] = {}
    for word in WORD.findall(text[:READ_OF_TEXT]):
        plain = word.lower()
        if plain in STOPWORDS or len(plain) < SHORTEST_WORD:
            continue
        times, keys = seen.get(plain, (0, []))
        if not times:
            terms = [term for group in question_terms(plain, _languages.get()) for term in group]
            keys = [key for its in all_keys(terms).values() for key in its]
        seen[plain] = (times + 1, keys)
    wanted = list({key for _times, keys in seen.values() for key in keys})
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(RAREST, [wanted, wanted])
        holding: dict[int, int] = dict(cursor.fetchall())
    worth = {}
    for plain, (times, keys) in seen.items():
        chunks = sum(holding.get(key, 0) for key in keys)
        if chunks:
            worth[plain] = (1 + log(times)) / log(2 + chunks)
    best = set(sorted(worth, key=lambda plain: -worth[plain])[:most])
    return [plain for plain in seen if plain in best]
