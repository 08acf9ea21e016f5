"""What could be asked next: questions that passages answer which were found but not cited, by rule.

A passage's own questions are taken as they stand; a sentence with a figure is turned round; else its heading is asked
for. Only what a reader of the passages could answer is worth offering, so each question is tried before it is.
Better none than a silly one: where no rule fits, nothing is made up.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from rag.generation import PromptPassage
from rag.generation.candidates import Candidate, cut
from rag.lexical.languages import language_of
from rag.wording import content_words

MOST = 3
TRIED = 8
"""So many questions are tried at most: each costs as much as an answer that quotes."""

_LIKE = 0.6  # share of the words from which on two questions ask the same
_LONGEST = 110
_HEADING_WORDS = 8

_FORMS = {
    "en": ("What does “{title}” say about “{heading}”?", "What do the documents say about “{heading}”?"),
    "de": ("Was steht in „{title}“ zu „{heading}“?", "Was steht in den Dokumenten zu „{heading}“?"),
    "fr": ("Que dit « {title} » sur « {heading} » ?", "Que disent les documents sur « {heading} » ?"),
    "ar": ("ماذا يقول «{title}» عن «{heading}»؟", "ماذا تقول المستندات عن «{heading}»؟"),
    "es": ("¿Qué dice «{title}» sobre «{heading}»?", "¿Qué dicen los documentos sobre «{heading}»?"),
}
"""A question for a heading by language, with the document's title and without."""

_MARKS = re.compile(r"^[#>*\s]+|[*_`#\s:]+$")
_NUMBERING = re.compile(r"^(?:(?:§|art(?:icle|ikel)?\.?|section|chapter|kapitel)\s*)?[\dA-Z]{1,3}(?:[.)]\d*)+\s+", re.I)
_EMPTY = """
introduction overview contents summary general appendix annex notes preface purpose scope about background
einleitung überblick inhalt inhaltsverzeichnis zusammenfassung allgemeines anhang hinweise vorwort zweck
sommaire résumé annexe préface introducción resumen contenido anexo généralités
"""
_EMPTY_HEADINGS = frozenset(_EMPTY.split())
_FILE = re.compile(r"\.\w{1,5}$")
_NUMBER = r"(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty)"
_SMALL = r"(?:in|on|at|and|or|to|for|from|by|with|when|if|as|a|an|the|per|each|that|which|is|are|before|after)\b"
_COUNTED = re.compile(
    rf"(?P<who>[A-Z][\w’'-]*(?: [\w’'-]+){{0,4}}?) (?P<verb>have|has|get|gets|receive|receives|work|works|earn|earns|"
    rf"need|needs|employ|employs|run|runs) (?:up to |at least |about |more than )?{_NUMBER} "
    rf"(?P<what>(?:[a-z-]+ )??[a-z-]{{3,}}s(?: of(?: (?!{_SMALL})[a-z-]+){{1,2}}(?=[ ,.;]))?)"
    r"(?P<per> (?:a|per|each) [a-z]+)?(?=[ ,.;])"
)
_NO_SUBJECT = re.compile(
    r"(?:it|this|that|these|those|there|they|he|she|we|you|i|if|when|while|each|every|anyone|nobody|who|up|in|on|at|"
    r"after|before|from|for|with|without|until|during)\b",
    re.I,
)
_BASE = {"has": "have", "gets": "get", "receives": "receive", "works": "work", "earns": "earn", "needs": "need",
         "employs": "employ", "runs": "run"}  # fmt: skip
_PLURAL_QUESTION = "How many {what} do {who} {verb}?"
_SINGULAR_QUESTION = "How many {what} does {who} {verb}?"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question, and the index of the passage that is to answer it."""

    question: str
    passage: int


Answers = Callable[[str], int | None]
"""The index of the passage that answers a question; None where none does."""


def suggest(
    passages: Sequence[PromptPassage], cited: Collection[int], asked: Sequence[str], answers: Answers, most: int = MOST
) -> list[Suggestion]:
    """At most ``most`` questions that passages answer which are not ``cited`` (their numbers), best passages first.

    Nothing that is like what was ``asked`` before, nor like another of them, and no two from the same heading.
    """
    seen = [frozenset(content_words(question)) for question in asked]
    found: list[Suggestion] = []
    tried = 0
    for each in _possible(passages, cited):
        words = frozenset(content_words(each.question))
        if any(_alike(words, others) for others in seen):
            continue
        if tried == TRIED or len(found) == most:
            break
        tried += 1
        seen.append(words)
        if answers(each.question) == each.passage:
            found.append(each)
    return found


def _possible(passages: Sequence[PromptPassage], cited: Collection[int]) -> Iterator[Suggestion]:
    """What may be asked, the best of each passage before the second of any."""
    pieces = cut(passages)
    queues = [
        list(_of_passage(index, passage, [piece for piece in pieces if piece.passage == index]))
        for index, passage in enumerate(passages)
        if passage.number not in cited
    ]
    for turn in range(max(map(len, queues), default=0)):
        yield from (queue[turn] for queue in queues if turn < len(queue))


def _of_passage(index: int, passage: PromptPassage, pieces: Sequence[Candidate]) -> Iterator[Suggestion]:
    last = passage.heading.rsplit(" > ", 1)[-1]
    headings = [last, *(piece.text for piece in pieces if piece.kind in ("heading", "question"))]
    clean = list(dict.fromkeys(_cleaned(heading) for heading in headings))
    made = [heading for heading in clean if heading.endswith("?") and len(content_words(heading)) > 1]
    language = language_of(passage.text)
    if language == "en":
        made += filter(None, (_of_figure(piece.text, passage.text) for piece in pieces if piece.kind == "sentence"))
    if language in _FORMS:
        made += filter(None, (_of_heading(heading, passage, language) for heading in clean))
    return (Suggestion(question, index) for question in dict.fromkeys(made) if len(question) <= _LONGEST)


def _cleaned(heading: str) -> str:
    return _NUMBERING.sub("", _MARKS.sub("", _MARKS.sub("", " ".join(heading.split()))))


def _of_heading(heading: str, passage: PromptPassage, language: str) -> str:
    words = heading.split()
    if not 0 < len(words) <= _HEADING_WORDS or heading.endswith(("?", ".", "!")) or heading == passage.title:
        return ""
    if heading.casefold() in _EMPTY_HEADINGS or sum(char.isalpha() for char in heading) < 4:
        return ""
    if heading.isupper():
        heading = heading.capitalize() if language != "de" else heading.title()
    title = passage.title
    named, unnamed = _FORMS[language]
    if not title or _FILE.search(title) or len(title) > 60 or any(mark in title for mark in "“”„«»"):
        return unnamed.format(heading=heading)
    return named.format(title=title, heading=heading)


def _of_figure(sentence: str, text: str) -> str:
    """ "Full-time employees have 27 days of annual leave ..." asks how many days of annual leave they have."""
    match = _COUNTED.match(sentence)
    if match is None or _NO_SUBJECT.match(match["who"]):
        return ""
    who, verb, per = match["who"], match["verb"], match["per"] or ""
    # "How many weeks do they work?" asks for nothing that the sentence says.
    if verb.startswith("work") and not per:
        return ""
    first, _space, rest = who.partition(" ")
    # A name keeps its capital; a word that begins the sentence does not.
    if (rest and rest.islower()) or re.search(rf"(?<![.?!] )\b{re.escape(first.lower())}\b", text):
        who = first.lower() + who[len(first) :]
    form = _SINGULAR_QUESTION if verb in _BASE else _PLURAL_QUESTION
    return form.format(what=match["what"] + per, who=who, verb=_BASE.get(verb, verb))


def _alike(words: frozenset[str], others: frozenset[str]) -> bool:
    if not words or words <= others:
        return True
    return len(words & others) >= _LIKE * len(words | others)
