"""What a site's robots.txt permits (RFC 9309): our group or that for all, the longest rule, Allow on a tie."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote_to_bytes

AGENT = "footnote"
MAX_BYTES = 500 * 1024
MAX_RULES = 500
MAX_PATTERN = 500
MAX_SITEMAPS = 20
LONGEST_DELAY_S = 30.0


@dataclass(slots=True)
class Robots:
    """The rules that hold for us: (is it allowed, pattern); the delay in seconds; the sitemaps of the site."""

    rules: list[tuple[bool, str]] = field(default_factory=list)
    delay_s: float = 0.0
    sitemaps: list[str] = field(default_factory=list)

    def permits(self, path: str) -> bool:
        """Whether a path with its query may be fetched."""
        path = _spelled(path)
        best: tuple[int, bool] = (-1, True)
        for allowed, pattern in self.rules:
            if _matches(path, pattern):
                best = max(best, (len(pattern), allowed))
        return best[1]

    def as_json(self) -> dict[str, Any]:
        """For a cursor."""
        return {"rules": [[allowed, pattern] for allowed, pattern in self.rules], "delay_s": self.delay_s}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Robots":
        """From a cursor."""
        return cls([(bool(allowed), str(pattern)) for allowed, pattern in stored["rules"]], float(stored["delay_s"]))


def nothing_permitted() -> Robots:
    """The rules of a site whose robots.txt cannot be read."""
    return Robots([(False, "/")])


def parsed(text: str) -> Robots:
    """The rules of a robots.txt that concern us."""
    ours, everybodys = Robots(), Robots()
    sitemaps: list[str] = []
    named = False
    agents: list[str] = []
    in_rules = False
    for line in text[:MAX_BYTES].splitlines():
        key, _, value = line.split("#", 1)[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if key == "sitemap" and len(sitemaps) < MAX_SITEMAPS:
            sitemaps.append(value)
        elif key == "user-agent":
            agents = [value.lower()] if in_rules else [*agents, value.lower()]
            in_rules = False
            named = named or _is_us(value.lower())
        elif key in ("allow", "disallow", "crawl-delay"):
            in_rules = True
            for group, wanted in ((ours, any(map(_is_us, agents))), (everybodys, "*" in agents)):
                if wanted:
                    _add(group, key, value)
    chosen = ours if named else everybodys
    chosen.sitemaps = sitemaps
    return chosen


def _is_us(agent: str) -> bool:
    return agent.split("/", 1)[0].strip() == AGENT


def _add(group: Robots, key: str, value: str) -> None:
    if key == "crawl-delay":
        if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value):
            group.delay_s = min(float(value), LONGEST_DELAY_S)
    elif value and len(group.rules) < MAX_RULES:
        group.rules.append((key == "allow", _spelled(value[:MAX_PATTERN])))


def _spelled(path: str) -> str:
    """The path with every character escaped in the one way, so that two spellings of it are equal."""
    return quote(unquote_to_bytes(path), safe="/*$?&=:;,+@!~'()")


def _matches(path: str, pattern: str) -> bool:
    """Whether the pattern covers a beginning of the path; ``*`` is anything, a last ``$`` the end."""
    anchored = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not others:
        return len(path) == len(first) if anchored else True
    place = len(first)
    *middle, last = others
    for part in middle:
        # The earliest place leaves most room for what follows.
        place = path.find(part, place)
        if place < 0:
            return False
        place += len(part)
    if anchored:
        return path.endswith(last) and len(path) - len(last) >= place
    return path.find(last, place) >= 0
