"""Writes a workbook's numbers as its cells show them: decimals, thousands, percent, currencies, dates and times.

A number format is up to four sections between semicolons, for positive, negative, zero and text. Months and weekdays
are written in English; a date whose form is left to the reader's country is written as 2024-03-31.
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

# ECMA-376 part 1, 18.8.30: the formats that files name by number alone. 14 and 22 depend on the reader's country.
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
    21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 27: "yyyy-mm-dd", 28: "yyyy-mm-dd", 29: "yyyy-mm-dd", 30: "yyyy-mm-dd",
    31: "yyyy-mm-dd", 32: "h:mm", 33: "h:mm:ss", 36: "yyyy-mm-dd", 37: "#,##0;-#,##0", 38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0",
    49: "@", 50: "yyyy-mm-dd", 57: "yyyy-mm-dd", 58: "yyyy-mm-dd",
}  # fmt: skip
_LONGEST_FORMAT = 500
_MOST_DIGITS = 30
_LONGEST_NUMBER = 1e20
_LONGEST_WHOLE, _LONGEST_GENERAL, _SHORTEST = 1e15, 1e11, 1e-4
_LAST_DAY = 2_958_466  # the first day of the year 10000
_MONTH_NAMES = "January February March April May June July August September October November December"
_DAY_NAMES = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_MONTHS, _DAYS = _MONTH_NAMES.split(), _DAY_NAMES.split()
_TOKEN = re.compile(
    r'(?P<general>[Gg]eneral|GENERAL)|"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<half>AM/PM|A/P|am/pm|a/p)'
    r"|(?P<date>[yY]+|[mM]+|[dD]+|[hH]+|[sS]+(?:\.0+)?)|(?P<exponent>[eE][+-])|(?P<digits>[0#?]+|\.|,)|(?P<other>.)",
    re.DOTALL,
)
_ELAPSED = re.compile(r"[hms]+$", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)$")


@dataclass(frozen=True, slots=True)
class _Section:
    tokens: tuple[tuple[str, str], ...]
    condition: tuple[str, float] | None = None

    def has(self, kind: str) -> bool:
        return any(token[0] == kind for token in self.tokens)


def format_number(number: float, code: str, *, from_1904: bool = False) -> str:
    """The number as a cell with the format ``code`` shows it; an unreadable format counts as "General"."""
    if not math.isfinite(number):
        return ""
    sections = _sections(code[:_LONGEST_FORMAT])
    section, magnitude, sign = _chosen(sections, number)
    if not section.tokens:
        return ""
    if section.has("date") or section.has("elapsed"):
        shown = _date(number, section, from_1904)
        return general(number) if shown is None else shown
    return sign + _digits(magnitude, section)


def general(number: float) -> str:
    """The number as a cell without a format shows it: eleven places at most. Whole numbers are not shortened."""
    if number == int(number) and abs(number) < _LONGEST_WHOLE:
        return str(int(number))
    size = abs(number)
    if _SHORTEST <= size < _LONGEST_GENERAL:
        decimals = 10 - len(str(int(size)))
        return f"{number:.{max(decimals, 0)}f}".rstrip("0").rstrip(".")
    mantissa, _, power = f"{number:.5e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}E{power[0]}{power[1:].zfill(2)}"


@lru_cache(maxsize=2_000)
def _sections(code: str) -> tuple[_Section, ...]:
    found: list[_Section] = []
    tokens: list[tuple[str, str]] = []
    condition: tuple[str, float] | None = None
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or ""
        text = match.group(kind) if kind else ""
        if kind == "other" and text == ";":
            found.append(_Section(tuple(tokens), condition))
            tokens, condition = [], None
        elif kind == "bracket":
            condition = _condition(text) or condition
            if text.startswith("$"):
                tokens.append(("text", text[1:].partition("-")[0]))
            elif _ELAPSED.match(text):
                tokens.append(("elapsed", text.lower()))
        elif kind in ("quoted", "escaped", "other"):
            tokens.append(("text", text))
        elif kind == "half":
            tokens.append(("date", "half"))
        elif kind:
            tokens.append((kind, text.lower() if kind == "date" else text))
        else:
            tokens.append(("text", " " if match.group().startswith("_") else ""))
    found.append(_Section(tuple(tokens), condition))
    return tuple(found)


def _condition(text: str) -> tuple[str, float] | None:
    match = _CONDITION.match(text)
    return (match.group(1), float(match.group(2))) if match else None


def _chosen(sections: tuple[_Section, ...], number: float) -> tuple[_Section, float, str]:
    """The section that shows the number, the number without its sign, and the sign to put before it."""
    sign = "-" if number < 0 else ""
    if any(section.condition for section in sections):
        for section in sections[:3]:
            if section.condition is None or _holds(number, *section.condition):
                return section, abs(number), sign
        return sections[0], abs(number), sign
    if number < 0 and len(sections) > 1:
        return sections[1], -number, ""
    if number == 0 and len(sections) > 2:
        return sections[2], 0.0, ""
    return sections[0], abs(number), sign


def _holds(number: float, comparison: str, bound: float) -> bool:
    return {
        "<": number < bound, ">": number > bound, "=": number == bound,
        "<=": number <= bound, ">=": number >= bound, "<>": number != bound,
    }[comparison]  # fmt: skip


def _digits(number: float, section: _Section) -> str:
    tokens = section.tokens
    if section.has("general") or any(token == ("text", "@") for token in tokens):
        shown = general(number)
        return "".join(shown if kind == "general" or text == "@" else text for kind, text in tokens)
    places = [i for i, (kind, _) in enumerate(tokens) if kind in ("digits", "exponent")]
    if not places:
        return "".join(text for _, text in tokens)
    first, last = places[0], places[-1]
    if section.has("exponent"):
        pattern = "".join(text for kind, text in tokens[first : last + 1] if kind in ("digits", "exponent"))
        shown = _scientific(number, pattern)
    elif ("text", "/") in tokens[first:last]:
        shown = _fraction(number, tokens[first : last + 1])
    else:
        pattern = "".join(text for kind, text in tokens[first : last + 1] if kind == "digits")
        percents = sum(text.count("%") for kind, text in tokens if kind == "text")
        shown = _fixed(number * 100 ** min(percents, 4), pattern)
        inner = [text for kind, text in tokens[first : last + 1] if kind == "text" and text.strip()]
        if inner and "." not in pattern:  # a mask, such as 000-00-0000
            shown = _masked(shown, tokens[first : last + 1])
    before = "".join(text for _, text in tokens[:first])
    return before + shown + "".join(text for _, text in tokens[last + 1 :])


def _fixed(number: float, pattern: str) -> str:
    whole, point, decimals = pattern.partition(".")
    trailing = len(whole) - len(whole.rstrip(",")) if not point else len(decimals) - len(decimals.rstrip(","))
    number /= 1000 ** min(trailing, 5)
    decimals = decimals.replace(",", "").replace(".", "")[:_MOST_DIGITS]
    grouped = "," in whole.rstrip(",")
    if number >= _LONGEST_NUMBER:
        return general(number)
    with localcontext(prec=2 * _MOST_DIGITS):
        text = format(Decimal(repr(number)).quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP), "f")
    left, _, right = text.partition(".")
    least = min(whole.count("0"), _MOST_DIGITS)
    left = left.lstrip("0").zfill(least) if least or left.strip("0") else ""
    if grouped and left:
        left = _grouped(left)
    kept = len(right)
    while kept and right[kept - 1] == "0" and decimals[kept - 1 : kept] != "0":
        kept -= 1
    return f"{left}.{right[:kept]}" if kept else left


def _grouped(digits: str) -> str:
    head = len(digits) % 3
    return ",".join(filter(None, (digits[:head], *(digits[i : i + 3] for i in range(head, len(digits), 3)))))


def _scientific(number: float, pattern: str) -> str:
    mantissa, _, power = re.split(r"[eE]([+-])", pattern, maxsplit=1)
    decimals = min(len(mantissa.partition(".")[2]), _MOST_DIGITS)
    left, _, exponent = format(number, f".{decimals}e").partition("e")
    return f"{left}E{exponent[0]}{exponent[1:].lstrip('0').zfill(min(power.count('0'), 3))}"


def _fraction(number: float, tokens: tuple[tuple[str, str], ...]) -> str:
    slash = tokens.index(("text", "/"))
    below = "".join(text for _, text in tokens[slash + 1 :])
    if below.isdecimal() and int(below):
        part = Fraction(round(number * int(below)), int(below))
    else:
        part = Fraction(number).limit_denominator(10 ** min(max(len(below), 1), 4) - 1)
    whole, rest = divmod(part, 1)
    if not rest:
        return str(whole)
    return f"{whole} {rest}" if whole else str(rest)


def _masked(digits: str, tokens: tuple[tuple[str, str], ...]) -> str:
    """The digits spread, from the right, over the places of a pattern that has other characters between them."""
    left, parts = digits.replace(",", ""), []
    for kind, text in reversed(tokens):
        if kind == "digits":
            size = len(text)
            parts.append(left[-size:])
            left = left[:-size]
        else:
            parts.append(text)
    return left + "".join(reversed(parts))


def _date(number: float, section: _Section, from_1904: bool) -> str | None:
    """The day and time that a serial number stands for, ``None`` for a number that is none."""
    tokens = list(section.tokens)
    if number < 0 or number >= _LAST_DAY:
        return None
    finest = max((len(text.partition(".")[2]) for kind, text in tokens if kind == "date"), default=0)
    seconds = round(number * 86_400, min(finest, 6))
    if not finest:
        seconds = math.floor(number * 86_400 + 0.5)
    first = 31 if seconds < 60 * 86_400 else 30
    # Excel counts from 1900 and takes that year for a leap year: before March the count is one day less.
    start = datetime(1904, 1, 1, tzinfo=UTC) if from_1904 else datetime(1899, 12, first, tzinfo=UTC)
    try:
        moment = start + timedelta(seconds=seconds)
    except OverflowError:
        return None
    halves = ("date", "half") in tokens
    parts: list[str] = []
    for i, (kind, text) in enumerate(tokens):
        if kind == "date":
            minutes = text in ("m", "mm") and _is_minute(tokens, i)
            parts.append(_part(moment, text, minutes=minutes, halves=halves))
        elif kind == "elapsed":
            unit = {"h": 3600, "m": 60, "s": 1}[text[0]]
            parts.append(str(int(seconds // unit)).zfill(min(len(text), 9)))
        elif text not in ("@",):
            parts.append(text)
    return "".join(parts)


def _is_minute(tokens: list[tuple[str, str]], at: int) -> bool:
    """Whether "m" means minutes: after hours or before seconds."""
    before = next((text for kind, text in reversed(tokens[:at]) if kind in ("date", "elapsed") and text != "half"), "")
    after = next((text for kind, text in tokens[at + 1 :] if kind in ("date", "elapsed") and text != "half"), "")
    return before.startswith("h") or after.startswith("s")


def _part(moment: datetime, text: str, *, minutes: bool, halves: bool) -> str:
    first, size = text[0], len(text)
    if text == "half":
        return "AM" if moment.hour < 12 else "PM"
    if first == "y":
        return f"{moment.year:04d}" if size > 2 else f"{moment.year % 100:02d}"
    if first == "d":
        day = _DAYS[moment.weekday()]
        return str(moment.day).zfill(size) if size < 3 else (day[:3] if size == 3 else day)
    if first == "h":
        return str((moment.hour % 12 or 12) if halves else moment.hour).zfill(min(size, 2))
    if first == "s":
        whole, _, decimals = text.partition(".")
        shown = str(moment.second).zfill(min(len(whole), 2))
        return f"{shown}.{moment.microsecond:06d}"[: len(shown) + 1 + len(decimals)] if decimals else shown
    if minutes:
        return str(moment.minute).zfill(size)
    month = _MONTHS[moment.month - 1]
    if size < 3:
        return str(moment.month).zfill(size)
    return {3: month[:3], 5: month[:1]}.get(size, month)
