"""What a row of the table of addresses says: how one is called, and what each person gets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

GONE = 404
FORBIDDEN = 403


@dataclass(frozen=True)
class Row:
    """A page: how it is called, and the status each person gets; ``ok`` is what those who may get.

    Those who may see what it is about, but not do this with it, are told so with 403; for the others it is not there.
    """

    method: str
    arguments: Callable[[dict[str, Any]], list[Any]]
    may: str
    ok: int = 200
    told: str = ""

    def status(self, who: str) -> int:
        """What ``who`` gets."""
        if who in self.may.split():
            return self.ok
        return FORBIDDEN if who in self.told.split() else GONE


def none(_things: dict[str, Any]) -> list[Any]:
    return []


EVERYBODY = "owner teammate stranger member admin"
EDITORS = "owner teammate stranger admin"
READERS = "owner teammate member admin"


@dataclass(frozen=True)
class Call:
    """An endpoint: its body, and who gets ``ok``; see Row."""

    body: Callable[[dict[str, Any]], Any]
    may: str
    ok: int
    told: str = ""

    def status(self, who: str) -> int:
        """What ``who`` gets."""
        if who in self.may.split():
            return self.ok
        return FORBIDDEN if who in self.told.split() else GONE


def no_body(_things: dict[str, Any]) -> None:
    return None
