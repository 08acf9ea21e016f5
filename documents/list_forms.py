"""What the list of documents shows, as its address says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.languages import language_name
from accounts.models import User
from documents.listing import OF_METADATA, metadata_filter, metadata_filters
from documents.models import Audience, DataSource, Document, LanguageCount, Status, TermChange
from documents.retrieval import Filter

ORDERS = {
    "name": ("title", "filename", "pk"),
    "-name": ("-title", "-filename", "pk"),
    "size": ("size", "pk"),
    "-size": ("-size", "pk"),
    "status": ("status", "-created_at", "pk"),
    "-status": ("-status", "-created_at", "pk"),
    "uploaded": ("created_at", "pk"),
    "-uploaded": ("-created_at", "pk"),
}
NEWEST_FIRST = "-uploaded"
DATE_HELP = _("2023, 2023-05 or 2023-05-31")

WORDS: dict[str, Callable[[str], Any]] = {"status": lambda value: Status(value).label, "language": language_name}
"""What a chosen value is called, where it is a code."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on: what it is of, its value in words, and the list's query without it."""

    label: str
    value: str
    without: str


class DocumentFilter(forms.Form):
    """The filters and the order of the list; whatever is wrong in the address is left out, and told at its field."""

    q = forms.CharField(label=_("Search names"), required=False, max_length=200)
    source = forms.ModelChoiceField(
        DataSource.objects.none(), label=_("Data source"), required=False, to_field_name="slug",
        empty_label=_("All data sources"),
    )  # fmt: skip
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("Any status")), *Status.choices])
    author = forms.CharField(label=_("Author"), required=False, max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    tag = forms.CharField(label=_("Tag"), required=False, max_length=60)
    order = forms.ChoiceField(required=False, choices=[(name, name) for name in ORDERS], widget=forms.HiddenInput)

    def __init__(self, address: QueryDict, *, user: User) -> None:
        super().__init__(address)
        # Names of the address that Python keeps for itself.
        for name, label in (("from", _("Written from")), ("until", _("Written until"))):
            attributes = {"placeholder": DATE_HELP}
            self.fields[name] = forms.CharField(
                label=label, required=False, max_length=10, widget=forms.TextInput(attrs=attributes)
            )
        field = self.fields["source"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = DataSource.objects.visible_to(user)
        kinds = Document.objects.visible_to(user).filter(kind__gt="").order_by()
        self._offer("kind", _("Any kind"), kinds.values_list("kind", flat=True).distinct())
        self._offer("language", _("Any language"), _languages(user), language_name)
        self.full_clean()

    def _offer(self, name: str, anything: Any, values: Iterable[str], words: Callable[[str], str] = str) -> None:
        # What is chosen stays, though no document has it any more.
        chosen = self.data.get(name, "")[:20]
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        called = {each: words(each) for each in {*values, *([chosen] if chosen else [])}}
        field.choices = [("", anything), *sorted(called.items(), key=lambda each: each[1])]

    def clean(self) -> dict[str, Any]:
        """Refuse what no search could honour, each at its field."""
        data = super().clean() or {}
        for name in OF_METADATA:
            if data.get(name):
                try:
                    metadata_filter(name, data[name])
                except ValueError as error:
                    self.add_error(name, str(error))
        return data

    @property
    def chosen(self) -> dict[str, Any]:
        """The valid values by name; those not given are empty."""
        return {name: self.cleaned_data.get(name) for name in self.fields}

    @property
    def of_metadata(self) -> tuple[Filter, ...]:
        """What is asked of the documents' metadata."""
        return metadata_filters(self.chosen)

    @property
    def more_fields(self) -> list[forms.BoundField]:
        """The fields that are folded away: those of the metadata."""
        return [self[name] for name in OF_METADATA]

    @property
    def more_errors(self) -> bool:
        """Whether one of those is wrong."""
        return any(name in self.errors for name in OF_METADATA)

    @property
    def chips(self) -> list[Chip]:
        """The filters that are on."""
        chosen = self.chosen
        assert isinstance(self.data, QueryDict)
        found = []
        for name, field in self.fields.items():
            if name == "order" or not chosen[name]:
                continue
            rest = self.data.copy()
            for gone in (name, "page"):
                rest.pop(gone, None)
            value = WORDS[name](chosen[name]) if name in WORDS else chosen[name]
            found.append(Chip(str(field.label), str(value), rest.urlencode()))
        return found


def _languages(user: User) -> set[str]:
    """The languages of what ``user`` may see, as they are counted with the words: the texts are too many to ask."""
    audiences = Audience.objects.visible_to(user).values("pk")
    return {
        language
        for rows in (LanguageCount.objects.all(), TermChange.objects.all())
        for language in rows.filter(audience_id__in=audiences, chunks__gt=0, language__gt="")
        .values_list("language", flat=True)
        .distinct()
    }
