"""Which paths are taken: glob patterns as people write them, one on each line, and the settings that hold them."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated

from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator

from documents.connectors.base import ConnectorSettings, Label

MAX_PATTERNS = 200
MAX_LENGTH = 300


def lines_of(text: str) -> list[str]:
    """The patterns in a field of several lines, without empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def check_patterns(text: str) -> str:
    """The text itself; ValueError when it holds too many patterns or one that is too long."""
    patterns = lines_of(text)
    if len(patterns) > MAX_PATTERNS or any(len(each) > MAX_LENGTH for each in patterns):
        message = _("Write at most %(patterns)d patterns of %(length)d characters.")
        raise ValueError(message % {"patterns": MAX_PATTERNS, "length": MAX_LENGTH})
    return text


def taken(path: str, include: str, exclude: str) -> bool:
    """Whether ``path`` matches one of ``include`` (all when empty) and none of ``exclude``.

    ``*`` stands for anything within one part of the path, ``**`` for any number of parts. A pattern without a slash is
    held against the last part alone.
    """
    wanted, unwanted = lines_of(include), lines_of(exclude)
    if any(_matches(path, pattern) for pattern in unwanted):
        return False
    return not wanted or any(_matches(path, pattern) for pattern in wanted)


def _matches(path: str, pattern: str) -> bool:
    subject = path if "/" in pattern else path.rsplit("/", 1)[-1]
    return _fits(subject.casefold(), _pieces(pattern))


@lru_cache(maxsize=1000)
def _pieces(pattern: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\*\*+/?|\*|\?|[^*?]+", pattern.lstrip("/").casefold()))


def _fits(path: str, pieces: tuple[str, ...]) -> bool:
    """Whether the pieces cover the path; all ways are tried at once, so that no pattern takes long."""
    places = {0}
    for piece in pieces:
        places = {after for place in _outermost(path, places, piece) for after in _steps(path, place, piece)}
    return len(path) in places


def _outermost(path: str, places: set[int], piece: str) -> set[int]:
    """Of places from which everything behind can be reached, for ``*`` within one part, the first is enough."""
    if not places or not piece.startswith("*"):
        return places
    if piece != "*":
        return {min(places)}
    first, *others = sorted(places)
    kept = {first}
    for place in others:
        if path.find("/", first, place) >= 0:
            kept.add(place)
            first = place
    return kept


def _steps(path: str, place: int, piece: str) -> Iterator[int]:
    if piece.startswith("**/"):
        yield place
        yield from (at + 1 for at in range(place, len(path)) if path[at] == "/")
    elif piece.startswith("**"):
        yield from range(place, len(path) + 1)
    elif piece == "*":
        end = path.find("/", place)
        yield from range(place, (len(path) if end < 0 else end) + 1)
    elif piece == "?":
        if place < len(path) and path[place] != "/":
            yield place + 1
    elif path.startswith(piece, place):
        yield place + len(piece)


Patterns = Annotated[str, AfterValidator(check_patterns)]
Include = Annotated[
    Patterns,
    Label(
        _("Only these"),
        _("Patterns such as *.pdf or reports/**, one on each line. Empty: everything."),
        lines=3,
        chooses=True,
    ),
]
Exclude = Annotated[Patterns, Label(_("Not these"), _("Patterns, one on each line."), lines=3, chooses=True)]
ExcludeFiles = Annotated[
    Patterns,
    Label(
        _("Not these"),
        _("Patterns, one on each line. Names that begin with a dot are always left out."),
        lines=3,
        chooses=True,
    ),
]


class PatternSettings(ConnectorSettings):
    """Settings of a connector that chooses by path."""

    include: Include = ""
    exclude: Exclude = ""

    def takes(self, path: str) -> bool:
        """Whether the patterns choose this path, written without a leading slash."""
        return taken(path, self.include, self.exclude)


class FileSettings(PatternSettings):
    """Settings of a connector that reads folders of files: hidden ones are left out."""

    exclude: ExcludeFiles = ""

    def takes(self, path: str) -> bool:
        """Whether the patterns choose this path, and no part of it begins with a dot."""
        return not any(part.startswith(".") for part in path.split("/")) and super().takes(path)
