"""What the words of a question are worth: how many chunks hold them, read before the search, and what to ask for."""

import threading
import time
from typing import Any

from django.db import connection

from rag.lexical import question_terms
from rag.lexical.postings import LexicalQuestion, all_keys, asked

MOST_LANGUAGES = 4
"""A question is too short to tell its language: its words are stemmed in those that most chunks are in."""

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
    SELECT key, chunks FROM documents_termcount WHERE key = ANY(%s::int[])
    UNION ALL
    SELECT each.key, each.count FROM notes, unnest(notes.keys, notes.counts) AS each(key, count)
    WHERE each.key = ANY(%s::int[])
), by_audience AS (
    SELECT audience_id, chunks FROM documents_languagecount UNION ALL SELECT audience_id, chunks FROM notes
)
SELECT key, sum(chunks)::bigint, 0 FROM held GROUP BY key
UNION ALL
SELECT NULL, COALESCE(sum(chunks), 0)::bigint,
    COALESCE(sum(chunks) FILTER (WHERE audience_id = ANY((SELECT audiences FROM allowed)::uuid[])), 0)::bigint
FROM by_audience
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


def weighed(question: str, allowed: str, parameters: tuple[Any, ...]) -> LexicalQuestion:
    """The terms of a question, weighed by how many chunks hold them, and the keys to find candidates by.

    ``allowed`` with ``parameters`` is the SQL of the ids of the audiences to search: of a large index, the smaller
    their part is, the more keys are asked for, as most of what these find is not theirs.
    """
    groups = question_terms(question, _languages.get())
    keys = all_keys([term for group in groups for term in group])
    wanted = [key for its in keys.values() for key in its]
    holding: dict[int, int] = {}
    chunks = visible = 0
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(allowed=allowed), [*parameters, wanted, wanted])
        for key, count, seen in cursor.fetchall():
            if key is None:
                chunks, visible = count, seen
            else:
                holding[key] = count
    most = MOST_CANDIDATES * max(1.0, (chunks / LARGE) ** 0.5) * chunks / max(visible, 1)
    return asked(groups, holding, chunks, most if visible > ALL_BELOW else float("inf"))
