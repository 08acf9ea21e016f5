"""The settings of a search, as people and programs may enter them."""

from dataclasses import asdict, fields
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field

from documents.forms import speak_plainly
from documents.rerankers import reranker_choices
from documents.retrieval import DEFAULT, MAX_CANDIDATES, Fusion, SearchSettings
from documents.retrieval.choices import FUSION_CHOICES

SETTING_NAMES = tuple(each.name for each in fields(SearchSettings))


class SearchSettingsFields(BaseModel):
    """The settings of a search by name, those of a question that says nothing else by default."""

    fusion: Fusion = DEFAULT.fusion
    dense_weight: float = Field(DEFAULT.dense_weight, ge=0, le=1)
    candidates: int = Field(DEFAULT.candidates, ge=1, le=MAX_CANDIDATES)
    reranker: str = Field(DEFAULT.reranker, pattern=r"^[a-zA-Z0-9_-]{1,60}$")
    rerank_depth: int = Field(DEFAULT.rerank_depth, ge=1, le=MAX_CANDIDATES)

    def search_settings(self) -> SearchSettings:
        """The settings as the search takes them."""
        return SearchSettings(**{name: getattr(self, name) for name in SETTING_NAMES})


class SearchSettingsForm(forms.Form):
    """The settings of a search, each with what it does."""

    fusion = forms.ChoiceField(
        label=_("Search by"),
        choices=FUSION_CHOICES,
        help_text=_(
            "Meaning finds what is said in other words, words find names and numbers. Adding scores keeps how much "
            "better one passage is than another; adding ranks only the order."
        ),
    )
    dense_weight = forms.FloatField(
        label=_("Weight of meaning"),
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "0.05"}),
        help_text=_("From 0 to 1; the words have the rest. Counts only where scores are added."),
    )
    candidates = forms.IntegerField(
        label=_("Candidates of each side"),
        min_value=1,
        max_value=MAX_CANDIDATES,
        help_text=_("How many passages are found by meaning, and how many by words. More miss less and take longer."),
    )
    reranker = forms.ChoiceField(
        label=_("Reranker"),
        help_text=_("Reads question and passage together and puts the best candidates in order again."),
    )
    rerank_depth = forms.IntegerField(
        label=_("Candidates to rerank"),
        min_value=1,
        max_value=MAX_CANDIDATES,
        help_text=_("How many of the best the reranker compares; the others are left out."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, value in asdict(DEFAULT).items():
            self.fields[name].initial = value
        reranker = self.fields["reranker"]
        assert isinstance(reranker, forms.ChoiceField)
        reranker.choices = reranker_choices()
        speak_plainly(self)

    @property
    def search_errors(self) -> bool:
        """Whether one of these settings is wrong."""
        return any(name in self.errors for name in SETTING_NAMES)

    def search_settings(self) -> SearchSettings:
        """The settings as the search takes them; of a valid form."""
        return SearchSettings(**{name: self.cleaned_data[name] for name in SETTING_NAMES})
