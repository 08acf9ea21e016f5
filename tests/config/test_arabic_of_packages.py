"""Where Django's or allauth's Arabic would be wrong on our pages, ours stands."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, override


@pytest.mark.parametrize(
    ("distance", "past", "future"),
    [
        (timedelta(minutes=2), "منذ دقيقتين", "بعد دقيقتين"),
        (timedelta(minutes=5), "منذ 5 دقائق", "بعد 5 دقائق"),
        (timedelta(hours=11), "منذ 11 ساعة", "بعد 11 ساعة"),
        (timedelta(days=1), "منذ يوم", "بعد يوم"),
        (timedelta(days=3), "منذ 3 أيام", "بعد 3 أيام"),
        (timedelta(weeks=2), "منذ أسبوعين", "بعد أسبوعين"),
    ],
)
def test_what_is_counted_agrees_with_its_number(distance: timedelta, past: str, future: str) -> None:
    now = timezone.now()
    with override("ar"):
        assert naturaltime(now - distance).replace("\xa0", " ") == past
        assert naturaltime(now + distance + timedelta(seconds=1)).replace("\xa0", " ") == future


def test_the_second_factor_is_no_ministry() -> None:
    with override("ar"):
        assert gettext("MFA") == "المصادقة الثنائية"


def test_a_word_of_ours_does_not_take_the_place_of_a_month() -> None:
    with override("ar"):
        assert date_format(date(2023, 5, 31), "j F Y") == "31 مايو 2023"


def test_a_day_with_a_time_has_the_day_first() -> None:
    moment = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
    with override("ar"):
        assert date_format(moment, "DATETIME_FORMAT") == "22 نوفمبر 2026، 10:05 ص"
        assert date_format(moment, "SHORT_DATETIME_FORMAT") == "22/11/2026 10:05 ص"
