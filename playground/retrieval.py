"""One search, stage by stage: what each side found, how it was joined and put in order, and what each took."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from chat.models import step_name
from documents.rerankers import LATE_INTERACTION
from documents.retrieval import Filter, Retrieval, RetrievedPassage, SearchSettings, search

StageName = Literal["dense", "keyword", "fused", "reranked"]


@dataclass(frozen=True, slots=True)
class Configuration:
    """How to search: the settings, how many passages an answer would read, in which sources (None for all).

    Passages are of documents that meet all ``filters``.
    """

    settings: SearchSettings
    passages: int
    sources: Sequence[UUID] | None
    filters: Sequence[Filter] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk at its place in a stage, and by which score it stands there."""

    chunk: int
    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Stage:
    """A ranking, best first; ``absent`` is the sentence that says why there is none."""

    name: StageName
    label: str
    scored_by: str
    hits: tuple[Hit, ...]
    absent: str = ""


@dataclass(frozen=True, slots=True)
class StageTime:
    """What a step of the search took, in milliseconds; ``name`` as in a trace, ``label`` as people read it there."""

    name: str
    label: str
    ms: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a configuration found. ``read`` are the chunks that an answer would read, ``ms`` is the whole wall time."""

    stages: tuple[Stage, ...]
    times: tuple[StageTime, ...]
    read: tuple[int, ...]
    ms: float
    warning: str


def rank(user: User, query: str, configuration: Configuration) -> tuple[Ranked, list[RetrievedPassage]]:
    """Search as ``user`` with a configuration, as a question to an assistant does; all candidates come along."""
    started = time.perf_counter()
    found = search(
        user=user,
        query=query,
        limit=configuration.passages,
        sources=configuration.sources,
        settings=configuration.settings,
        filters=configuration.filters,
        candidates=True,
    )
    ms = round((time.perf_counter() - started) * 1000, 1)
    steps = {step.name: step.output for step in found.steps}
    sides = next(step.input["sides"] for step in found.steps if step.name == "retrieve")
    failed = "error" in steps.get("embed_question", {})
    by_meaning = sorted(
        (each for each in found.candidates if each.by_meaning), key=lambda each: (-each.dense_score, each.chunk_id)
    )
    by_words = sorted(
        (each for each in found.candidates if each.by_words), key=lambda each: (-each.keyword_score, each.chunk_id)
    )
    stages = (
        _stage("dense", by_meaning, "dense_score", "" if "dense" in sides else _no_meaning(failed)),
        _stage("keyword", by_words, "keyword_score", "" if "keyword" in sides else _("Not asked: by meaning alone.")),
        _stage("fused", found.candidates, "score", ""),
        _stage("reranked", found.reranked or [], "score", _no_reranking(found, configuration.settings, steps)),
    )
    if configuration.settings.reranker != LATE_INTERACTION:
        stages = (*stages[:-1], replace(stages[-1], scored_by=_("0 to 1, by the reranker")))
    times = tuple(StageTime(step.name, step_name(step.name), step.ms) for step in found.steps)
    warning = _("The embedding model did not answer, so this was found by words alone.") if failed else ""
    read = tuple(each.chunk_id for each in found.passages)
    return Ranked(stages, times, read, ms, warning), found.candidates


def _stage(name: StageName, passages: Sequence[RetrievedPassage], score: str, absent: str) -> Stage:
    label, scored_by = {
        "dense": (_("By meaning"), _("cosine")),
        "keyword": (_("By words"), _("BM25")),
        "fused": (_("Fused"), _("0 to 1, relative to the others")),
        "reranked": (_("Reranked"), _("chance to answer")),
    }[name]
    hits = (Hit(each.chunk_id, number, getattr(each, score)) for number, each in enumerate(passages, start=1))
    return Stage(name, label, scored_by, tuple(hits), absent)


def _no_meaning(failed: bool) -> str:
    return _("The embedding model did not answer.") if failed else _("Not asked: by words alone.")


def _no_reranking(found: Retrieval, settings: SearchSettings, steps: dict[str, dict[str, Any]]) -> str:
    if found.reranked is not None:
        return ""
    if settings.reranker == "none":
        return _("No reranker: the fused order is the last.")
    if "error" in steps.get("rerank", {}):
        return _("The reranker did not answer: its page says why. The fused order stays.")
    if steps.get("rerank", {}).get("kept"):
        return _("Some candidates have no token vectors yet; the worker makes them. Until then the fused order stays.")
    if found.by_words:
        return _("Late interaction needs the meaning of the question. The fused order stays.")
    return _("The embedding model gives no token vectors, so the fused order stays.")
