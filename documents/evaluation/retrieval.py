"""Asks a data set's queries as a chat asks its questions, in several configurations, and judges what is found."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import connection
from django.utils.translation import gettext as _

from accounts.models import User
from documents.errors import DocumentsError
from documents.retrieval import FUSIONS, RetrievedPassage, SearchSettings, search
from rag.evaluation.metrics import METRICS, judge

PASSAGES = 50
"""Asked for, so that twenty entries are left when several passages are of one."""

WARM_UP = 20
_SIDES_FIRST = sorted(FUSIONS, key=lambda name: name not in ("dense", "keyword"))
CONFIGURATIONS: Mapping[str, SearchSettings] = {
    name: SearchSettings(fusion=name, reranker="none") for name in _SIDES_FIRST
} | {"reranked": SearchSettings()}


@dataclass(frozen=True, slots=True)
class Corpus:
    """Where to search, as whom, and the entry that each document there is."""

    user: User
    source: uuid.UUID
    entries: Mapping[uuid.UUID, str]


@dataclass(slots=True)
class Measured:
    """What one configuration gave: for each metric, and in milliseconds, one value per query; searches a second."""

    settings: SearchSettings
    scores: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in METRICS})
    ms: list[float] = field(default_factory=list)
    per_second: float = 0.0


def measure(
    corpus: Corpus,
    queries: Mapping[str, str],
    judged: Mapping[str, Mapping[str, int]],
    configurations: Mapping[str, SearchSettings],
    on_progress: Callable[[], object],
) -> dict[str, Measured]:
    """Ask every query once in each configuration, in this thread; the scores are in the order of ``queries``.

    The configurations take turns, another one first for each query, so that what else the machine does meets all
    alike. ``on_progress`` is called after each query. Raises DocumentsError ``embedder_away``.
    """
    found = {name: Measured(settings) for name, settings in configurations.items()}
    names = list(configurations)
    for text in list(queries.values())[:WARM_UP]:
        for settings in configurations.values():
            _ask(corpus, text, settings)
    for number, (key, text) in enumerate(queries.items()):
        turn = number % len(names)
        for name in (*names[turn:], *names[:turn]):
            row = found[name]
            started = time.perf_counter()
            passages = _ask(corpus, text, row.settings)
            row.ms.append((time.perf_counter() - started) * 1000)
            for metric, value in judge(ranked(passages, corpus.entries, key, judged[key]), judged[key]).items():
                row.scores[metric].append(value)
        on_progress()
    return found


def ranked(
    passages: Sequence[RetrievedPassage], entries: Mapping[uuid.UUID, str], query: str, grades: Mapping[str, int]
) -> list[str]:
    """The entries of the passages, each at the rank of its best one.

    An entry of the same key as the query, unless it is judged, is the query itself, as some data sets have it.
    """
    keys = dict.fromkeys(entries[passage.document_id] for passage in passages)
    return [key for key in keys if key != query or key in grades]


def throughput(
    corpus: Corpus, queries: Sequence[str], settings: SearchSettings, *, clients: int, seconds: float
) -> float:
    """Searches a second that ``clients`` threads get done within ``seconds``, each asking again at once."""

    def ask(client: int) -> float:
        try:
            _ask(corpus, queries[client % len(queries)], settings)  # opens the thread's connection
            started = time.perf_counter()
            done, took = 0, 0.0
            while took < seconds:
                _ask(corpus, queries[(client + done * clients) % len(queries)], settings)
                done += 1
                took = time.perf_counter() - started
            return done / took
        finally:
            connection.close()

    with ThreadPoolExecutor(clients, thread_name_prefix="client") as pool:
        return sum(pool.map(ask, range(clients)))


def _ask(corpus: Corpus, text: str, settings: SearchSettings) -> list[RetrievedPassage]:
    found = search(user=corpus.user, query=text, limit=PASSAGES, sources=[corpus.source], settings=settings)
    if found.by_words and settings.fusion != "keyword":
        message = _("The embedding model did not answer, so that nothing can be measured. Try again later.")
        raise DocumentsError("embedder_away", message, 502)
    return found.passages
