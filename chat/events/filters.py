"""Filters that a question says, in the words of whoever reads the answer."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.languages import language_name
from chat.events.payloads import FilterPayload


def filter_payload(stored: Mapping[str, Any]) -> FilterPayload:
    """A filter as it is kept with an answer, with its label."""
    return FilterPayload(**stored, label=_label(stored["field"], stored["operator"], stored["values"]))


def _label(field: str, operator: str, values: list[str]) -> str:
    if field == "date":
        forms = {
            "is": _("Of %(date)s"),
            "before": _("Before %(date)s"),
            "after": _("After %(date)s"),
            "from": _("Since %(date)s"),
            "until": _("Until %(date)s"),
        }
        return forms[operator] % {"date": _date(values[0])}
    if field == "language":
        return _("Language: %(name)s") % {"name": language_name(values[0])}
    if field == "kind":
        return _("Kind: %(kinds)s") % {"kinds": ", ".join(each.upper() for each in values)}
    forms = {"source": _("Source: %(name)s"), "author": _("Author: %(name)s"), "tag": _("Tag: %(name)s")}
    return forms[field] % {"name": ", ".join(values)}


def _date(iso: str) -> str:
    """A year, a month or a day of an ISO date as people write it."""
    if len(iso) == len("2023"):
        return iso
    if len(iso) == len("2023-05"):
        return date_format(date.fromisoformat(f"{iso}-01"), "YEAR_MONTH_FORMAT")
    return date_format(date.fromisoformat(iso))
