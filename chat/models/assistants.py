"""What a user talks to. Everything that shapes an answer stands in a numbered version that never changes."""

from dataclasses import fields
from typing import Any, Self

from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from chat.models.language_models import LanguageModel
from chat.models.question_settings import (
    DEFAULT_QUESTION,
    MAX_PASSAGE_TOKENS,
    MIN_PASSAGE_TOKENS,
    MOST_STEPS,
    QuestionSettings,
)
from documents.models import DataSource
from documents.retrieval import DEFAULT as DEFAULT_SEARCH
from documents.retrieval import MAX_CANDIDATES, SearchSettings

MAX_PASSAGES = 50
DEFAULT_PASSAGES = 8
DEFAULT_THRESHOLD = 0.5
"""For the extractive model: how sure it must be."""

LLM_THRESHOLD = 0.15
"""For an LLM: how similar to the question a passage must be (cosine) to be read. It then decides itself."""


class AssistantQuerySet(models.QuerySet["Assistant"]):
    """Reads of assistants."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Assistants one can talk to: those with a published version. What they may read is decided per question."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(published__isnull=False)


class Assistant(models.Model):
    """A name that people know, and the version that answers under it."""

    slug = models.SlugField(_("short name"), unique=True, max_length=80)
    name = models.CharField(_("name"), max_length=100)
    description = models.TextField(_("description"), blank=True, max_length=1000)
    suggestions = models.TextField(
        _("suggested questions"), blank=True, max_length=1000, help_text=_("One on each line, shown in an empty chat.")
    )
    is_default = models.BooleanField(_("default"), default=False)
    shareable = models.BooleanField(_("conversations may be shared"), default=False)
    published = models.ForeignKey(
        "AssistantVersion",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("published version"),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AssistantQuerySet.as_manager()

    class Meta:
        verbose_name = _("assistant")
        verbose_name_plural = _("assistants")
        ordering = ("-is_default", "name")
        constraints = (
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_assistant"
            ),
        )

    def __str__(self) -> str:
        return self.name


class AssistantVersion(models.Model):
    """Prompt, model, data sources and retrieval settings under one number. Rows are written once."""

    assistant = models.ForeignKey(Assistant, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    system_prompt = models.TextField(_("system prompt"), blank=True, max_length=20_000)
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="versions", verbose_name=_("model"))
    all_sources = models.BooleanField(_("all data sources"), default=True)
    sources = models.ManyToManyField(DataSource, blank=True, related_name="+", verbose_name=_("data sources"))
    passages = models.PositiveSmallIntegerField(
        _("passages to use"),
        default=DEFAULT_PASSAGES,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PASSAGES)],
    )
    threshold = models.FloatField(
        _("threshold"), default=DEFAULT_THRESHOLD, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    fusion = models.CharField(_("search by"), default=DEFAULT_SEARCH.fusion, max_length=20)
    dense_weight = models.FloatField(
        _("weight of meaning"),
        default=DEFAULT_SEARCH.dense_weight,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
    )
    candidates = models.PositiveSmallIntegerField(
        _("candidates of each side"),
        default=DEFAULT_SEARCH.candidates,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_CANDIDATES)],
    )
    reranker = models.CharField(_("reranker"), default=DEFAULT_SEARCH.reranker, max_length=80)
    rerank_depth = models.PositiveSmallIntegerField(
        _("candidates to rerank"),
        default=DEFAULT_SEARCH.rerank_depth,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_CANDIDATES)],
    )
    rewrite = models.BooleanField(_("rewrite questions"), default=DEFAULT_QUESTION.rewrite)
    said_filters = models.BooleanField(_("use filters said in words"), default=DEFAULT_QUESTION.said_filters)
    max_steps = models.PositiveSmallIntegerField(
        _("searches at most"),
        default=DEFAULT_QUESTION.max_steps,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_STEPS)],
    )
    passage_tokens = models.PositiveIntegerField(
        _("tokens to read"),
        default=DEFAULT_QUESTION.passage_tokens,
        validators=[MinValueValidator(MIN_PASSAGE_TOKENS), MaxValueValidator(MAX_PASSAGE_TOKENS)],
    )
    note = models.CharField(_("what changed"), max_length=200, blank=True)
    author = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("assistant version")
        verbose_name_plural = _("assistant versions")
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=["assistant", "number"], name="assistant_version_number_once"),)

    def __str__(self) -> str:
        return f"{self.assistant} {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row once; a change is a new version."""
        if not self._state.adding:
            raise TypeError("An assistant version never changes. Make a new one.")
        super().save(*args, **kwargs)

    @property
    def search_settings(self) -> SearchSettings:
        """How a question to this version finds its passages."""
        return SearchSettings(**{each.name: getattr(self, each.name) for each in fields(SearchSettings)})

    @property
    def question_settings(self) -> QuestionSettings:
        """How a question to this version is understood, and how much is searched and read for it."""
        return QuestionSettings(**{each.name: getattr(self, each.name) for each in fields(QuestionSettings)})
