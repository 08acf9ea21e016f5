"""A search's settings and filters in plain words, for pages; ``documents.rerankers`` has those of rerankers."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from documents.retrieval.filters import CUSTOM, MAX_FILTERS, Operator, operators_of
from documents.retrieval.settings import Fusion

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

FUSION_CHOICES: tuple[tuple[Fusion, "StrOrPromise"], ...] = (
    ("convex", _("Meaning and words, scores added")),
    ("rrf", _("Meaning and words, ranks added")),
    ("dense", _("Meaning alone")),
    ("keyword", _("Words alone")),
)

FIELD_LABELS: dict[str, "StrOrPromise"] = {
    "source": _("Data source"),
    "kind": _("Kind"),
    "author": _("Author"),
    "date": _("Date"),
    "created": _("Written"),
    "modified": pgettext_lazy("date of a document", "Changed"),
    "language": _("Language"),
    "tag": _("Tag"),
    "filename": _("File name"),
    "title": _("Title"),
    CUSTOM: _("Further fact"),
}
OPERATOR_LABELS: dict[Operator, "StrOrPromise"] = {
    "is": _("is"),
    "is_not": _("is not"),
    "any_of": _("is one of"),
    "none_of": _("is none of"),
    "contains": _("contains"),
    "before": _("before"),
    "after": _("after"),
    "from": _("from"),
    "until": _("until"),
    "exists": _("is known"),
}
MISSING = _("is not known")
"""``exists`` with the value ``false``."""


def filter_choices() -> dict[str, Any]:
    """What a script needs to offer rows of filters: fields with their operators, in words, and how many rows."""
    return {
        "fields": [
            {"name": name, "label": str(label), "operators": operators_of(name)} for name, label in FIELD_LABELS.items()
        ],
        "operators": {name: str(label) for name, label in OPERATOR_LABELS.items()},
        "missing": str(MISSING),
        "most": MAX_FILTERS,
    }
