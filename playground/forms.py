"""What may be entered on the playground's pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from chat.models import DEFAULT_PASSAGES, MAX_PASSAGES
from documents.models import DataSource
from documents.search_forms import SearchSettingsForm


class ConfigurationForm(SearchSettingsForm):
    """How the retrieval test searches; its script reads the fields and sends them."""

    passages = forms.IntegerField(
        label=_("Passages to use"),
        min_value=1,
        max_value=MAX_PASSAGES,
        initial=DEFAULT_PASSAGES,
        help_text=_("How many of the best an answer would read."),
    )
    sources = forms.ModelMultipleChoiceField(
        DataSource.objects.listed(),
        label=_("Data sources"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen stands for all."),
    )
