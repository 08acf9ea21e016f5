"""Where Django's or allauth's German would be wrong on our pages, ours stands."""

from datetime import date, timedelta

import pytest
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, override


@pytest.mark.parametrize(
    ("distance", "past", "future"),
    [
        (timedelta(minutes=5), "vor 5 Minuten", "in 5 Minuten"),
        (timedelta(days=1), "vor 1 Tag", "in 1 Tag"),
        (timedelta(days=3), "vor 3 Tagen", "in 3 Tagen"),
        (timedelta(weeks=1, days=2), "vor 1 Woche, 2 Tagen", "in 1 Woche, 2 Tagen"),
    ],
)
def test_times_are_told_in_the_right_case(distance: timedelta, past: str, future: str) -> None:
    now = timezone.now()
    with override("de"):
        assert naturaltime(now - distance).replace("\xa0", " ") == past
        assert naturaltime(now + distance + timedelta(seconds=1)).replace("\xa0", " ") == future


def test_account_pages_address_people_with_sie() -> None:
    with override("de"):
        assert gettext("Your password is now changed.") == "Ihr Passwort ist geändert."
        assert gettext("Please type your current password.") == "Bitte geben Sie Ihr aktuelles Passwort ein."


def test_a_word_of_ours_does_not_take_the_place_of_a_month() -> None:
    with override("de"):
        assert date_format(date(2023, 5, 31), "j. F Y") == "31. Mai 2023"
