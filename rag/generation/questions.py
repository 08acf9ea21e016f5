"""What kind of answer a question asks for, and whether a sentence holds one of that kind."""

import re
from typing import Literal

Expected = Literal["decision", "person", "time", "number", "place", "reason", "way", ""]

_NUMBER_WORD = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion|half|"
    r"twice|once|quarter|third|percent|no|none|unlimited)"
)
_PATTERNS: tuple[tuple[Expected, re.Pattern[str]], ...] = (
    # First, because what is decided upon may be a price or a date.
    (
        "decision",
        re.compile(
            r"\bwhat\b.{0,60}\b(?:decided?|decisions?|agreed?|resolved?)\b|\bwhat\b.{0,15}\b(?:outcome|verdict)\b|"
            r"\bwas\b.{0,60}\b(?:beschlossen|entschieden)\b",
            re.I,
        ),
    ),
    ("number", re.compile(r"\bhow (?:many|much|old|far|tall|high|deep|large|big|heavy|fast|wide)\b", re.I)),
    (
        "number",
        re.compile(
            r"\b(?:what|which)\b.{0,20}\b(?:number|percentage|percent|share|amount|price|cost|rate|fee|limit|size|"
            r"population|distance|temperature|salary|budget)\b|\b(?:cost|price) of\b|\bwieviele?\b|\bwie viele?\b",
            re.I,
        ),
    ),
    (
        "time",
        re.compile(r"^\W*when\b|\bhow (?:long|often|soon|late|early)\b|\b(?:since|until|by) when\b|\bwann\b", re.I),
    ),
    (
        "time",
        re.compile(r"\b(?:what|which|in what|in which)\b.{0,15}\b(?:year|date|day|month|time|century|decade)\b", re.I),
    ),
    ("person", re.compile(r"\b(?:who|whom|whose)\b|\bwer\b|\bwem\b", re.I)),
    ("place", re.compile(r"\bwhere\b|\b(?:what|which)\b.{0,15}\b(?:city|country|place|state|location|office)\b", re.I)),
    ("reason", re.compile(r"\bwhy\b|\bwhat\b.{0,10}\b(?:reason|caused?|purpose)\b|\bwarum\b", re.I)),
    ("way", re.compile(r"^\W*how (?:do|does|did|can|should|to|is|are|was|were|must|would)\b", re.I)),
)

_DIGITS = re.compile(r"\d")
_YEAR = re.compile(r"1[89]\d\d|20\d\d")
_NUMBER = re.compile(rf"\d|\b{_NUMBER_WORD}\b", re.I)
_TIME = re.compile(
    r"\b(?:1\d{3}|20\d{2})s?\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|"
    r"december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|century|decade|"
    r"(?:second|minute|hour|day|week|month|quarter|year)s?|daily|weekly|monthly|quarterly|annually|yearly|today|"
    r"immediately|noon|midnight|spring|summer|autumn|winter|before|after|until)\b|"
    r"\b\d{1,2}[:.]\d{2}\b|\b\d{1,2} ?[ap]\.?m\b",
    re.I,
)
_NAME = re.compile(r"(?<![.!?:•|\-]\s)(?<!^)(?<!^[\"“(*])\b[A-Z][\w'’-]+")
_CONTACT = re.compile(
    r"@|#\w|https?://|\b(?:team|office|manager|director|officer|supervisor|department|staff|lead|chief|"
    r"desk|contact|president|king|queen|captain|owner|employees?|anyone|everyone|people)\b",
    re.I,
)
_PLACE = re.compile(
    r"\b(?:in|at|near|from|to|on|of|inside|outside|between)\b\s+(?:the\s+)?[A-Z]|https?://|\b(?:page|folder|"
    r"drive|channel|building|floor|room|office|website|street|online)\b|\[[^\]]+\]\(",
    re.I,
)
_REASON = re.compile(
    r"\b(?:because|since|due to|so that|in order|therefore|as a result|reason|causes?d?|to avoid|"
    r"to ensure|to help|to make|to prevent|purpose|owing to|thus|hence)\b",
    re.I,
)
_DECIDED = re.compile(
    r"\b(?:will|won['’]t|shall|decisions?|decided|agreed|adopted|approved|accepted|rejected|refused|resolved|postponed|"
    r"granted|declined|ruled|voted|(?:is|are|was|were) to|beschlossen|entschieden|beschluss)\b",
    re.I,
)
_WAY = re.compile(
    r"\b(?:by|using|through|via|click|select|open|go to|fill|submit|send|contact|ask|use|visit|e-?mail|form|"
    r"steps?|first|then|must|should|need to|request|complete|sign)\b",
    re.I,
)


def _figures(text: str) -> set[str]:
    return {figure.rstrip(".,") for figure in re.findall(r"\d[\d.,]*", text)}


def expected_kind(question: str) -> Expected:
    """The kind of answer a question asks for; empty when it does not say."""
    for kind, pattern in _PATTERNS:
        if pattern.search(question):
            return kind
    return ""


def names_in(text: str) -> set[str]:
    """Words that are names or numbers by their look, in lower case; the first word of a sentence does not count."""
    return {match.lower() for match in _NAME.findall(text)} | {
        n.lower() for n in re.findall(r"\b\w*\d[\w.,:]*\b", text)
    }


def holds_kind(kind: Expected, sentence: str, question: str) -> float:
    """1 when a sentence holds an answer of the kind besides what the question itself says, 0.5 perhaps, else 0."""
    if kind == "decision":
        return 1.0 if _DECIDED.search(sentence) else 0.0
    if kind == "number":
        # A year is no count.
        numbers = {n for n in _figures(sentence) - _figures(question) if not _YEAR.fullmatch(n)}
        return 1.0 if numbers else 0.5 if _NUMBER.search(re.sub(_DIGITS, "", sentence)) else 0.0
    if kind == "time":
        found = {m.lower() for m in _TIME.findall(sentence)} - {m.lower() for m in _TIME.findall(question)}
        return 1.0 if found and _DIGITS.search(sentence) else 0.5 if found or _DIGITS.search(sentence) else 0.0
    if kind == "person":
        return 1.0 if names_in(sentence) - names_in(question) else 0.5 if _CONTACT.search(sentence) else 0.0
    if kind == "place":
        return (
            1.0
            if _PLACE.search(sentence) and names_in(sentence) - names_in(question)
            else 0.5
            if _PLACE.search(sentence)
            else 0.0
        )
    if kind == "reason":
        return (
            1.0
            if re.search(r"\b(?:because|due to|so that|in order|since|reason|cause)", sentence, re.I)
            else (0.5 if _REASON.search(sentence) else 0.0)
        )
    if kind == "way":
        return 1.0 if _WAY.search(sentence) else 0.0
    return 0.5
