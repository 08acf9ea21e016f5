"""What could be asked next: questions that passages answer which were found but not cited, by rule.

A passage's own questions are taken as they stand; a sentence with a figure is turned round (``figure_questions``, in
English and German); else its heading is asked for, in the passage's language where there is a form for it. Only what a
reader of the passages could answer is worth offering, so each question is tried before it is. Better none than a silly
one: where no rule fits, nothing is made up.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from rag.figure_questions import figure_question
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
مقدمة المقدمة تمهيد محتويات المحتويات فهرس الفهرس ملخص الملخص خلاصة الخلاصة خاتمة الخاتمة ملحق الملحق
ملاحظات الغرض النطاق عام
"""
_EMPTY_HEADINGS = frozenset(_EMPTY.split())
_FILE = re.compile(r"\.\w{1,5}$")


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
    made = [heading for heading in clean if heading.endswith(("?", "؟")) and len(content_words(heading)) > 1]
    language = language_of(passage.text)
    sentences = [piece.text for piece in pieces if piece.kind == "sentence"]
    made += filter(None, (figure_question(sentence, passage.text, language) for sentence in sentences))
    if language in _FORMS:
        made += filter(None, (_of_heading(heading, passage, language) for heading in clean))
    return (Suggestion(question, index) for question in dict.fromkeys(made) if len(question) <= _LONGEST)


def _cleaned(heading: str) -> str:
    return _NUMBERING.sub("", _MARKS.sub("", _MARKS.sub("", " ".join(heading.split()))))


def _of_heading(heading: str, passage: PromptPassage, language: str) -> str:
    words = heading.split()
    if not 0 < len(words) <= _HEADING_WORDS or heading.endswith(("?", "؟", ".", "!")) or heading == passage.title:
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


def _alike(words: frozenset[str], others: frozenset[str]) -> bool:
    if not words or words <= others:
        return True
    return len(words & others) >= _LIKE * len(words | others)
