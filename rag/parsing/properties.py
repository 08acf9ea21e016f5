"""What a file says of itself beside its text: author and dates. What makes no sense is left out, never an error."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from rag.parsing.building import clean, collapse
from rag.parsing.model import Properties

MAX_AUTHOR = 300
FIRST_YEAR = 1900
LAST_YEAR = 2100
"""Programs write 1601, 1970 or 9999 where they know no date."""

_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-])(\d\d)'?(\d\d)?'?)?")
_MONTH = re.compile(r"(\d{4})(?:-(\d\d))?")
_ADDRESS = re.compile(r"\s*<[^<>]*>\s*$")


def properties(*, author: str | None = "", created: str | None = "", modified: str | None = "") -> Properties:
    """The properties as a file writes them: dates in ISO 8601, as PDF has them or as e-mail has them."""
    return Properties(named(author or ""), when(created or ""), when(modified or ""))


def named(author: str) -> str:
    """The name of an author, without an e-mail address behind it."""
    name = collapse(clean(author[: 4 * MAX_AUTHOR]))
    return (_ADDRESS.sub("", name).strip("\"' ") or name)[:MAX_AUTHOR]


def when(text: str) -> datetime | None:
    """The moment that a text names, in UTC where it names no zone; None when it names none, or one out of reach."""
    text = text.strip()[:60]
    for read in (_iso, _pdf, parsedate_to_datetime):
        try:
            found = read(text)
            found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        return found if FIRST_YEAR <= found.year <= LAST_YEAR else None
    return None


def _iso(text: str) -> datetime:
    if short := _MONTH.fullmatch(text):
        return datetime(int(short[1]), int(short[2] or 1), 1, tzinfo=UTC)
    # 20230531 is a date of a PDF as well.
    return datetime.fromisoformat(text)


def _pdf(text: str) -> datetime:
    found = _PDF_DATE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = (None if part is None else int(part) for part in found.groups()[:6])
    ahead = timedelta(hours=int(found[8] or 0), minutes=int(found[9] or 0)) * (-1 if found[7] == "-" else 1)
    zone = timezone(ahead)
    return datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, min(second or 0, 59), tzinfo=zone)
