"""Filters of a search: what a document must be like for its chunks to be found."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from django.utils.translation import gettext as _

Operator = Literal["is", "is_not", "any_of", "none_of", "contains", "before", "after", "from", "until", "exists"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)

TEXTS = ("source", "kind", "author", "language", "filename", "title")
DATES = ("created", "modified", "date")
FIELDS = (*TEXTS, *DATES, "tag")
CUSTOM = "custom."
CUSTOM_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""Names of custom fields: they are keys of the API and words of a filter."""

SEVERAL: tuple[Operator, ...] = ("any_of", "none_of")
ORDERED: tuple[Operator, ...] = ("before", "after", "from", "until")
OF_TEXTS: tuple[Operator, ...] = ("is", "is_not", "any_of", "none_of", "contains", "exists")
OF_DATES: tuple[Operator, ...] = ("is", "is_not", "before", "after", "from", "until", "exists")

MAX_FILTERS = 20
MAX_VALUES = 100
MAX_VALUE_CHARS = 500

ISO_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on documents: a field, how it is compared, and with what. Several hold together.

    ``field`` is source (its id, slug or name), kind, author, created, modified, language (ISO 639-1), tag, filename,
    title, date or ``custom.<name>``. Texts are compared whatever the case. Dates are ISO, in UTC: a year, a month or a
    day, and the whole of it is meant, so that ``is`` 2023 and ``until`` 2023 take in its last day, ``after`` 2023
    begins the day after. ``date`` is when a document was written, or last changed where that is not known; with a year
    alone, ``is`` takes the year in the title or file name first, so that the report of 2023 is found which was written
    in 2024. ``any_of`` and ``none_of`` take several values, all others one. ``exists`` asks whether the document
    has the field at all, or with the value ``false`` whether it has not. A document without the field meets ``is_not``
    and ``none_of``. Custom fields are ordered by what the document holds, a
    number or a date.

    Raises ValueError, with a sentence for whoever made the filter.
    """

    field: str
    operator: Operator
    value: str | tuple[str, ...] = ""

    def __post_init__(self) -> None:
        """Refuse what no search could honour."""
        custom = self.field.startswith(CUSTOM) and CUSTOM_NAME.fullmatch(self.field.removeprefix(CUSTOM))
        if self.field not in FIELDS and not custom:
            message = _("No document has the field “%(field)s”. Use %(fields)s or custom.<name>.")
            raise ValueError(message % {"field": self.field[:60], "fields": ", ".join(FIELDS)})
        allowed = operators_of(self.field)
        if self.operator not in allowed:
            message = _("%(field)s cannot be compared by %(operator)s. Use %(operators)s.")
            told = {"field": self.field, "operator": self.operator, "operators": ", ".join(allowed)}
            raise ValueError(message % told)
        if (self.operator in SEVERAL) != isinstance(self.value, tuple):
            message = _("%(operator)s takes one value.")
            if self.operator in SEVERAL:
                message = _("%(operator)s takes a list of values.")
            raise ValueError(message % {"operator": self.operator})
        if len(self.values) > MAX_VALUES or any(len(each) > MAX_VALUE_CHARS for each in self.values):
            message = _("A filter takes %(most)s values of %(length)s characters at most.")
            raise ValueError(message % {"most": MAX_VALUES, "length": MAX_VALUE_CHARS})
        if any("\x00" in each for each in self.values):
            raise ValueError(_("A value cannot hold the character NUL."))
        self._check_values()

    @property
    def values(self) -> tuple[str, ...]:
        """The value, or all of several."""
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def custom_name(self) -> str | None:
        """The name of the custom field; None for any other field."""
        return self.field.removeprefix(CUSTOM) if self.field.startswith(CUSTOM) else None

    def _check_values(self) -> None:
        if self.operator == "exists":
            if self.value not in ("", "true", "false"):
                raise ValueError(_("exists takes no value, or true, or false."))
        elif self.field in DATES:
            period(self.values[0])
        elif not self.values or not all(each.strip() for each in self.values):
            raise ValueError(_("Say what %(field)s is to be compared with.") % {"field": self.field})
        elif self.operator in ORDERED and number(self.values[0]) is None:
            period(self.values[0])


def operators_of(field: str) -> tuple[Operator, ...]:
    """How a field may be compared; one of FIELDS or a custom field."""
    if field.startswith(CUSTOM):
        return OPERATORS
    if field in DATES:
        return OF_DATES
    if field == "source":
        # A document without a data source does not exist.
        return tuple(each for each in OF_TEXTS if each != "exists")
    return OF_TEXTS


def period(text: str) -> tuple[datetime, datetime]:
    """When the year, month or day of an ISO date begins, and when the next one does. ValueError for anything else."""
    found = ISO_DATE.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        year, month, day = (None if part is None else int(part) for part in found.groups())
        start = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
        days = (
            1
            if day
            else calendar.monthrange(start.year, start.month)[1]
            if month
            else 365 + calendar.isleap(start.year)
        )
        return start, start + timedelta(days=days)
    except (ValueError, OverflowError):
        message = _("“%(text)s” is no date. Write it as 2023, 2023-05 or 2023-05-31.")
        raise ValueError(message % {"text": text[:40]}) from None


def number(text: str) -> float | None:
    """The number that a text is, None when it is none; a year counts as a number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
