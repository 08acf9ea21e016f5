"""The versions of an assistant as its page tells them: what each holds, and what it changed."""

from dataclasses import dataclass

from django.utils import formats
from django.utils.translation import gettext as _

from chat.models import Assistant, AssistantVersion
from documents.rerankers import reranker_choices
from documents.retrieval.choices import FUSION_CHOICES


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that a version has otherwise than the one before it."""

    setting: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version with its settings in words, by their names, and what it changed; the prompt's change is elsewhere."""

    version: AssistantVersion
    settings: dict[str, str]
    changes: tuple[Change, ...]


def version_rows(assistant: Assistant) -> list[VersionRow]:
    """Every version, newest first."""
    versions = list(assistant.versions.select_related("model", "author").prefetch_related("sources"))
    settings = [_settings(version) for version in versions]
    earlier = [*settings[1:], None]
    return [VersionRow(*row) for row in zip(versions, settings, map(_changes, settings, earlier), strict=True)]


def _settings(version: AssistantVersion) -> dict[str, str]:
    named = (source.name for source in version.sources.all())
    search, question = version.search_settings, version.question_settings
    return {
        _("Model"): version.model.name,
        _("Data sources"): _("all that the asker may see") if version.all_sources else ", ".join(sorted(named)),
        _("Passages to use"): str(version.passages),
        _("Threshold"): _decimal(version.threshold),
        _("Search by"): str(dict(FUSION_CHOICES)[search.fusion]),
        _("Weight of meaning"): _decimal(search.dense_weight),
        _("Candidates of each side"): str(search.candidates),
        _("Reranker"): str(dict(reranker_choices()).get(search.reranker, search.reranker)),
        _("Candidates to rerank"): str(search.rerank_depth),
        _("Rewrite questions"): _yes(question.rewrite),
        _("Use filters said in words"): _yes(question.said_filters),
        _("Searches at most"): str(question.max_steps),
        _("Tokens to read"): str(question.passage_tokens),
    }


def _changes(settings: dict[str, str], before: dict[str, str] | None) -> tuple[Change, ...]:
    if before is None:
        return ()
    return tuple(Change(name, before[name], value) for name, value in settings.items() if before[name] != value)


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")


def _decimal(value: float) -> str:
    return str(formats.number_format(value, 2))
