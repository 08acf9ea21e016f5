"""Numbers are written as the cells of a workbook show them."""

import pytest

from rag.parsing.number_formats import format_number, general

pytestmark = pytest.mark.formats


@pytest.mark.parametrize(
    ("number", "code", "shown"),
    [
        (1234.5, "General", "1234.5"),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "1E+20"),
        (12.0, '"Nr. "General', "Nr. 12"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234567, "#,##0,", "1,235"),
        (0.125, "0.0%", "12.5%"),
        (0.125, "0%", "13%"),
        (2.675, "0.00", "2.68"),
        (3, "0.##", "3"),
        (0.5, "#.00", ".50"),
        (-1234.5, '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', "($1,234.50)"),
        (-5, "0.0", "-5.0"),
        (1234.5, "#,##0.00 [$€-407]", "1,234.50 €"),
        (0, '0;-0;"none"', "none"),
        (7, ";;;", ""),
        (80, '[>=50]"pass";"fail"', "pass"),
        (20, '[>=50]"pass";"fail"', "fail"),
        (1.5, "# ?/?", "1 1/2"),
        (12345.678, "0.00E+00", "1.23E+04"),
        (123456789, "000-00-0000", "123-45-6789"),
        (5, '0 "units"', "5 units"),
        (45366, "yyyy-mm-dd", "2024-03-15"),
        (45366, "d. mmmm yyyy", "15. March 2024"),
        (45366, "dd.mm.yy", "15.03.24"),
        (45366.75, "m/d/yy h:mm", "3/15/24 18:00"),
        (45366.75, "dddd h AM/PM", "Friday 6 PM"),
        (0.5, "hh:mm:ss", "12:00:00"),
        (1.5, "[h]:mm", "36:00"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (-1, "yyyy-mm-dd", "-1"),
        (1e9, "yyyy", "1000000000"),
        (float("nan"), "0", ""),
        (5, "0" * 400, "5".zfill(30)),
        (1e300, "0.00", "1E+300"),
    ],
)
def test_a_number_is_shown_as_its_format_says(number, code, shown):
    assert format_number(number, code) == shown


def test_days_count_from_1904_where_the_workbook_says_so():
    assert format_number(0, "yyyy-mm-dd", from_1904=True) == "1904-01-01"


def test_general_keeps_whole_numbers_whole():
    assert [general(number) for number in (5.0, -3.0, 123456789012.0, 1.5e-7)] == ["5", "-3", "123456789012", "1.5E-07"]
