"""What people may enter on the pages of this app."""

import json
import re
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from accounts.models import User
from documents.chunk_preview import FEWEST_TOKENS, MOST_OVERLAP, MOST_TOKENS
from documents.connectors.base import ConnectorKind, Label
from documents.ingest.rows import MAX_AUTHOR
from documents.models import DataSource, Document, Visibility
from documents.services import Grants, iso_day

MOST_OFFERED = 200
"""Documents in a list to choose from."""


PLAINLY = {
    "required": _("Fill this in."),
    "min_value": _("Choose %(limit_value)s or more."),
    "max_value": _("Choose %(limit_value)s or less."),
}
"""What Django's own checks say here, by their code."""


def speak_plainly(form: forms.BaseForm) -> None:
    """Have the fields of ``form`` say what is wrong as the rest of the product does."""
    for field in form.fields.values():
        field.error_messages.update(PLAINLY)


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

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        speak_plainly(self)

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


class ShareForm(forms.Form):
    """Who sees a document."""

    visibility = forms.ChoiceField(
        label=_("Who may see it"), widget=forms.RadioSelect,
        choices=[("source", _("Whoever sees its data source")), *Visibility.choices],
    )  # fmt: skip
    groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"), label=_("Groups"), required=False, widget=forms.CheckboxSelectMultiple
    )
    users = PeopleField(
        User.objects.filter(is_active=True), label=_("People"), required=False, widget=forms.CheckboxSelectMultiple
    )

    @classmethod
    def of(cls, document: Document) -> "ShareForm":
        """The form with what holds now; reads the document's audience."""
        audience = document.audience
        kind = "source" if audience.inherits else Visibility.EVERYONE if audience.everyone else Visibility.RESTRICTED
        initial = {"visibility": str(kind), "groups": audience.groups, "users": audience.users}
        return cls(initial=initial, auto_id="share_%s")

    def grants(self) -> Grants | None:
        """What ``document_share`` takes."""
        data = self.cleaned_data
        if data["visibility"] == "source":
            return None
        if data["visibility"] == Visibility.EVERYONE:
            return Grants(everyone=True)
        return Grants(users=list(data["users"]), groups=list(data["groups"]))


class DetailsForm(forms.Form):
    """What is known of a document; ``document_describe`` checks it."""

    author = forms.CharField(label=_("Author"), required=False, max_length=MAX_AUTHOR)
    created = forms.CharField(
        label=_("Written"), required=False, max_length=40, help_text=_("A day such as 2023-05-31, a month or a year.")
    )
    tags = forms.CharField(label=_("Tags"), required=False, help_text=_("Separated by commas."))
    custom = forms.CharField(
        label=_("Further facts"), required=False, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One in a line: name: value. Names have small letters, digits and underscores."),
    )  # fmt: skip

    @classmethod
    def of(cls, document: Document) -> "DetailsForm":
        """The form with what is known now."""
        lines = [
            f"{name}: {json.dumps(fact) if isinstance(fact, bool) else fact}" for name, fact in document.custom.items()
        ]
        initial = {
            "author": document.author,
            "created": iso_day(document.created),
            "tags": ", ".join(document.tags),
            "custom": "\n".join(lines),
        }
        return cls(initial=initial, auto_id="details_%s")

    def changes(self, document: Document) -> dict[str, Any]:
        """What ``document_describe`` takes: the fields that say something else than ``of`` the document."""
        shown = self.of(document).initial
        given = {name: str(self.data[name]) for name in self.fields if name in self.data}
        given = {name: text for name, text in given.items() if text.split() != shown[name].split()}
        found: dict[str, Any] = {name: given[name] for name in ("author", "created") if name in given}
        if "tags" in given:
            # The comma of the Latin script or that of the Arabic one.
            found["tags"] = re.split("[,،]", given["tags"])
        if "custom" in given:
            lines = [line.partition(":") for line in given["custom"].splitlines() if line.strip()]
            found["custom"] = {name.strip(): _fact(value.strip()) for name, _colon, value in lines}
        return found


def _fact(text: str) -> str | float | int | bool:
    """A number, true or false where it reads like one."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d{1,15}\.\d{1,15}", text) else text


PROBLEMS = {
    "string_pattern_mismatch": _("This cannot be a name there. Check its letters."),
    "string_too_long": _("This is too long. Shorten it."),
    "string_too_short": _("Fill this in."),
}
"""What a person is told of the settings' own checks, by their type; the rest have sentences of their own."""

SCHEDULES = (
    (5, _("Every 5 minutes")),
    (15, _("Every 15 minutes")),
    (60, _("Every hour")),
    (360, _("Every 6 hours")),
    (1440, _("Every day")),
    (10080, _("Every week")),
)


class ConnectorForm(forms.Form):
    """What a connector needs, as its settings label it, and how often to sync. A stored secret is never shown."""

    prefix = "connector"

    def __init__(self, *args: Any, kind: ConnectorKind, source: DataSource | None = None, **options: Any) -> None:
        self._kind = kind
        stored = source.settings if source else {}
        initial = {
            name: stored.get(name, None if info.default is PydanticUndefined else info.default)
            for name, info in kind.settings.model_fields.items()
        }
        options["initial"] = {**initial, "sync_minutes": source.sync_minutes if source else None}
        super().__init__(*args, **options)
        for name, label in kind.labels().items():
            self.fields[name] = _field(kind.settings.model_fields[name], label, kept=source is not None)
            # What has a value before anybody writes one is not called optional.
            self.fields[name].widget.is_required |= bool(kind.settings.model_fields[name].default)
        self.fields["sync_minutes"] = _schedule_field(kind, source.sync_minutes if source else None)
        speak_plainly(self)

    def clean(self) -> dict[str, Any]:
        """What the connector itself says of the settings, each at its field."""
        data: dict[str, Any] = super().clean() or {}
        values = {name: value for name, value in self._values(data).items() if value not in (None, "")}
        try:
            self._kind.settings.model_validate(values)
        except ValidationError as error:
            for each in error.errors(include_url=False, include_context=False, include_input=False):
                name = str(each["loc"][0]) if each["loc"] else None
                if name is None or name not in self.errors:
                    self.add_error(name, PROBLEMS.get(each["type"]) or each["msg"].removeprefix("Value error, "))
        return data

    def place_fields(self) -> list[forms.BoundField]:
        """What says where the source is and who may read it."""
        labels = self._kind.labels()
        return [self[name] for name, label in labels.items() if not label.chooses]

    def choice_fields(self) -> list[forms.BoundField]:
        """What says which of its things are taken."""
        labels = self._kind.labels()
        return [self[name] for name, label in labels.items() if label.chooses]

    def first_problem(self) -> str:
        """The first error of a form that is not valid, with the name of its field."""
        name, problems = next(iter(self.errors.items()))
        label = self.fields[name].label if name in self.fields else None
        return (f"{label}: " if label else "") + " ".join(map(str, problems))

    def settings(self) -> dict[str, Any]:
        """The valid settings, the secrets that were entered among them."""
        return {name: value for name, value in self._values(self.cleaned_data).items() if value is not None}

    def service_arguments(self) -> dict[str, Any]:
        """What ``source_create`` and ``source_update`` take besides the source's own fields."""
        return {"settings": self.settings(), "sync_minutes": self.cleaned_data["sync_minutes"]}

    def _values(self, data: dict[str, Any]) -> dict[str, Any]:
        return {name: data.get(name) for name in self._kind.labels()}


def _field(info: FieldInfo, label: Label, *, kept: bool) -> forms.Field:
    """The form field of one setting, with the limits that the setting itself has."""
    common: dict[str, Any] = {"label": label.text, "help_text": label.help, "required": info.is_required()}
    attributes = {"placeholder": label.placeholder} if label.placeholder else {}
    limits = {
        name: limit
        for name, wanted in (("min_value", "ge"), ("max_value", "le"))
        for each in info.metadata
        if (limit := getattr(each, wanted, None)) is not None
    }
    if info.annotation is bool:
        return forms.BooleanField(**{**common, "required": False})
    if info.annotation is int:
        return forms.IntegerField(**{**common, **limits, "required": False})
    if info.annotation is float:
        return forms.FloatField(**{**common, **limits, "required": False})
    if label.choices:
        return forms.ChoiceField(choices=label.choices, **common)
    if label.secret:
        if kept:
            common["help_text"] = _("Stored encrypted and never shown again. Leave it empty to keep the stored one.")
        widget = forms.PasswordInput(attrs={"autocomplete": "off"})
        common["required"] = label.needed and not kept
        return forms.CharField(max_length=10_000, widget=widget, **common)
    if label.lines:
        area = forms.Textarea(attrs={"rows": label.lines, "spellcheck": "false", "class": "prompt", **attributes})
        return forms.CharField(max_length=60_000, widget=area, **common)
    return forms.CharField(max_length=1000, widget=forms.TextInput(attrs=attributes), **common)


def schedule_label(minutes: int | None, *, watched: bool = False) -> str:
    """How often a source is synced, in words; one that is ``watched`` needs no schedule."""
    if watched:
        return str(_("When something changes"))
    if minutes is None:
        return str(_("Only when somebody asks for it"))
    known = dict(SCHEDULES).get(minutes) or (_("Every minute") if minutes == 1 else None)
    return str(known or _("Every %(minutes)d minutes") % {"minutes": minutes})


def _schedule_field(kind: ConnectorKind, present: int | None) -> forms.Field:
    choices: list[tuple[Any, Any]] = [("", _("Only when somebody asks for it"))]
    if kind.shortest_minutes <= 1:
        choices.append((1, _("Every minute")))
    choices.extend(SCHEDULES)
    if present and present not in {minutes for minutes, _label in choices}:
        choices.append((present, schedule_label(present)))
    field = forms.TypedChoiceField(
        label=_("Sync"), choices=choices, coerce=int, empty_value=None, required=False,
        help_text=_("What has not changed is not fetched again."),
    )  # fmt: skip
    field.widget.is_required = True
    return field


class ChunkingForm(forms.Form):
    """How documents are cut, and the document to try it on."""

    max_tokens = forms.IntegerField(
        label=_("Most tokens of a chunk"), min_value=FEWEST_TOKENS, max_value=MOST_TOKENS,
        help_text=_("A token is about four letters. Short chunks find single facts, long ones keep what belongs "
                    "together."),
    )  # fmt: skip
    overlap_sentences = forms.IntegerField(
        label=_("Sentences that neighbours share"), min_value=0, max_value=MOST_OVERLAP,
        help_text=_("What is said across the end of a chunk is found from both sides."),
    )  # fmt: skip
    document = forms.ModelChoiceField(
        Document.objects.none(), label=_("Try it on"), required=False, empty_label=None,
        error_messages={"invalid_choice": _("This document is gone. Choose another one.")},
    )  # fmt: skip

    def __init__(self, *args: Any, source: DataSource, applying: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["document"]
        assert isinstance(field, forms.ModelChoiceField)
        readable = Document.objects.filter(source=source, current_version__isnull=False)
        # The newest are offered; any of them is taken, as another page may lead here.
        field.queryset = readable.order_by("-created_at")
        newest = list(readable.order_by("-created_at")[:MOST_OFFERED])
        field.choices = [(str(document.pk), str(document)) for document in newest]
        self.has_documents = bool(newest)
        field.required = self.has_documents and not applying
        if newest:
            self.initial.setdefault("document", str(newest[0].pk))
        if newest and self.is_bound and "document" not in self.data:
            # Settings in an address without a document are tried on the newest.
            self.data = {**dict(self.data.items()), "document": str(newest[0].pk)}
        speak_plainly(self)
