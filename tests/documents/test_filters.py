"""Filters say what is wrong with them, and what a date means."""

from datetime import UTC, datetime
from typing import Any

import pytest

from documents.retrieval.filters import Filter, period


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("source", "is", "Library"),
        ("kind", "any_of", ("pdf", "docx")),
        ("author", "contains", "Ada"),
        ("created", "is", "2023"),
        ("modified", "until", "2024-02"),
        ("language", "none_of", ("de",)),
        ("tag", "exists", ""),
        ("title", "exists", "false"),
        ("custom.cost_centre", "from", "1200"),
        ("custom.due", "before", "2024-05-01"),
    ],
)
def test_what_can_be_asked(field: str, operator: Any, value: Any) -> None:
    assert Filter(field, operator, value).values == (value if isinstance(value, tuple) else (value,))


@pytest.mark.parametrize(
    ("field", "operator", "value", "says"),
    [
        ("colour", "is", "red", "No document has the field"),
        ("custom.", "is", "red", "No document has the field"),
        ("custom.A b", "is", "red", "No document has the field"),
        ("kind", "before", "2023", "cannot be compared"),
        ("created", "contains", "2023", "cannot be compared"),
        ("source", "exists", "", "cannot be compared"),
        ("kind", "like", "pdf", "cannot be compared"),
        ("kind", "is", ("pdf",), "takes one value"),
        ("kind", "any_of", "pdf", "takes a list"),
        ("kind", "any_of", (), "Say what"),
        ("kind", "is", " ", "Say what"),
        ("tag", "any_of", ("x",) * 101, "at most"),
        ("tag", "is", "x" * 501, "at most"),
        ("tag", "is", "x\x00", "NUL"),
        ("tag", "exists", "maybe", "exists takes"),
        ("created", "is", "last year", "is no date"),
        ("created", "is", "2023-13", "is no date"),
        ("created", "is", "2023-02-30", "is no date"),
        ("created", "is", "0000", "is no date"),
        ("created", "is", "9999", "is no date"),
        ("custom.due", "after", "soon", "is no date"),
    ],
)
def test_what_is_wrong_is_said(field: str, operator: Any, value: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Filter(field, operator, value)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2023", (2023, 1, 1), (2024, 1, 1)),
        ("2024", (2024, 1, 1), (2025, 1, 1)),
        ("2024-02", (2024, 2, 1), (2024, 3, 1)),
        ("2023-12", (2023, 12, 1), (2024, 1, 1)),
        ("2023-12-31", (2023, 12, 31), (2024, 1, 1)),
    ],
)
def test_a_date_means_the_whole_of_it(text: str, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    assert period(text) == tuple(datetime(year, month, day, tzinfo=UTC) for year, month, day in (start, end))
