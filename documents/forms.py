"""What people may enter on the pages of this app."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from documents.models import DataSource, Status, Visibility

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


class DocumentFilter(forms.Form):
    """What the list of documents shows, as its address says; whatever is wrong in the address is left out."""

    q = forms.CharField(label=_("Search names"), required=False, max_length=200)
    source = forms.ModelChoiceField(
        DataSource.objects.none(), label=_("Data source"), required=False, to_field_name="slug",
        empty_label=_("All data sources"),
    )  # fmt: skip
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("Any status")), *Status.choices])
    order = forms.ChoiceField(required=False, choices=[(name, name) for name in ORDERS], widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["source"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = DataSource.objects.visible_to(user)
        self.full_clean()

    @property
    def chosen(self) -> dict[str, Any]:
        """The valid values: ``q``, ``source``, ``status``, ``order``; those not given are empty."""
        return {name: self.cleaned_data.get(name) for name in self.fields}


class PeopleField(forms.ModelMultipleChoiceField[User]):
    """People to choose from, told apart by their address."""

    def label_from_instance(self, obj: User) -> str:
        """Name and address."""
        return f"{obj.name} ({obj.email})" if obj.name else obj.email


class SourceForm(forms.ModelForm[DataSource]):
    """A data source: what it is, and who may see it."""

    groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"), label=_("Groups"), required=False, widget=forms.CheckboxSelectMultiple
    )
    users = PeopleField(
        User.objects.filter(is_active=True), label=_("People"), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = DataSource
        fields = ("name", "description", "visibility", "groups", "users")
        widgets = {"visibility": forms.RadioSelect, "description": forms.Textarea(attrs={"rows": 3})}  # noqa: RUF012

    def clean_name(self) -> str:
        """A name of more than white space."""
        name = " ".join(self.cleaned_data["name"].split())
        if not name:
            raise forms.ValidationError(_("Give the data source a name."))
        return name

    def service_arguments(self) -> dict[str, Any]:
        """What ``source_create`` and ``source_update`` take."""
        data = dict(self.cleaned_data)
        if data["visibility"] == Visibility.EVERYONE:
            data["groups"] = data["users"] = ()
        return data
