"""Takes a question apart by rule: several questions in one, and what a long text asks in the end.

English is known well, of German, French and Spanish the words that begin a question.
"""

import re
from collections.abc import Sequence

from rag.sentences import sentence_spans
from rag.wording import STOPWORDS

MOST_PARTS = 4
LONG_WORDS = 60
"""From so many words on a question is a text that has a question in it."""

MOST_ASKED = 3
"""Sentences of a long text that are taken for what it asks."""

_READ = 20_000
_LONGEST_PART = 400
_ENGLISH = "what|how|who|whom|whose|when|where|why|which"
_ELSEWHERE = (
    "was|wer|wem|wen|wie|wo|wann|warum|wieso|welche[rsmn]?|wieviel|comment|quand|où|pourquoi|qui|quels?|quelles?|combien|"
    "qué|quién|cuándo|cuánto|cómo|dónde|cuáles|cuál|por qué"
)
_BEGINS = re.compile(rf"\W*(?:{_ENGLISH}|{_ELSEWHERE})\b", re.I)
_SUBJECT = r"(?:it|they|there|i|we|you|he|she|the|a|an|my|our|any|all|this|that|these|those)"
_JOINT = re.compile(
    rf"\s*(?:;|,?\s+(?:and|or|und|et|y)\b)\s*(?:(?:also|then|auch|aussi|también)\s+)?"
    rf"(?=(?:{_ENGLISH}|{_ELSEWHERE}|(?:is|are|do|does|did|can|may|must|should|will)\s+{_SUBJECT})\b)",
    re.I,
)
_COMPARED = re.compile(
    r"\W*(?:compare|(?:what|which)\b.{0,30}\bdifferences?\s+between|how (?:do|does|is|are)\b.{0,20}\bcompared?)\s+"
    r"(.{3,150}?)\s+(?:and|with|to|versus|vs\.?)\s+(.{3,150}?)[?.!]*\s*$",
    re.I | re.S,
)
_NAME = r"(?=[^,?;]{0,20}[A-ZÀ-Þ])[A-Z0-9À-Þ][^,?;]{1,80}?"
# "Which came first, Old House or New House?", "Were Anna Berg and Tom Lee born in the same year?"
_CHOICE = re.compile(
    rf"(?:(?:,|:|\beither)\s+(?:the )?({_NAME})\s*,?\s+or|\b(?:out of|between)\s+(?:the )?({_NAME})\s*,?\s+and)\s+"
    rf"(?:the )?({_NAME})\W*$"
)
_BOTH = re.compile(
    rf"^\W*(?:is|are|was|were|do|does|did|have|has|can)\s+(?:both\s+)?(?:the )?(?:\w+ )?({_NAME})\s+(?:and|or)\s+"
    r"(?:the )?([A-Z0-9À-Þ][\w'’.-]*(?:\s+(?:[A-Z0-9À-Þ(][\w'’.)-]*|of|the|de|in|a|is|for|to|with))*)",
    re.I,
)
_ASKS = re.compile(
    r"\?[\"'”’)]*\s*$|\b(?:(?:would|should) like to know|(?:my|our|one|the) question (?:is|was)|want(?:s|ed)? to know|"
    r"wonder(?:ing)?|find out|ask(?:s|ing)? (?:you |me |us |for |if |whether )|"
    r"(?:please|kindly|can you|could you)\b.{0,20}\b(?:tell|let|explain|inform|advise|confirm|send|say)|"
    r"(?:ich|wir) (?:möchte|würde|wüsste)n?\b|meine frage|bitte (?:teilen|sagen|erklären)|"
    r"j'aimerais savoir|je voudrais savoir|quisiera saber|me gustaría saber)\b",
    re.I | re.S,
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def parts_of(question: str) -> list[str]:
    """The questions that one holds, in order, at most ``MOST_PARTS``; itself when it is one.

    Of a comparison the whole comes first, then what is compared.
    """
    text = " ".join(question[:_READ].split())
    short = text[:_LONGEST_PART] if len(text) <= _LONGEST_PART else ""
    compared = _COMPARED.match(short) or _CHOICE.search(short) or _BOTH.match(short)
    sentences = [text[span.start : span.end] for span in sentence_spans(text)] or [text]
    asking = [sentence for sentence in sentences if sentence.rstrip("\"'”’)* ").endswith("?")]
    if len(asking) < 2:
        if compared is not None:
            return [text, *(name.strip() for name in compared.groups() if name)]
        asking = [text]
    cut = [part for sentence in asking for part in _cut(sentence)]
    return cut[:MOST_PARTS] if len(cut) > 1 else [question]


def is_long(question: str) -> bool:
    """Whether a question is a text that asks something, a pasted mail for instance."""
    return len(_WORD.findall(question[:_READ])) >= LONG_WORDS


def asked_in(text: str) -> list[str]:
    """The sentences of a long text that ask, the last ``MOST_ASKED`` of them; none where none does."""
    text = text[:_READ]
    found = [" ".join(text[span.start : span.end].split()) for span in sentence_spans(text)]
    return [sentence[-_LONGEST_PART:] for sentence in found if _ASKS.search(sentence)][-MOST_ASKED:]


def _cut(sentence: str) -> list[str]:
    """A question cut where another begins in it, as long as both sides say something."""
    parts: list[str] = []
    start = 0
    for joint in _JOINT.finditer(sentence):
        end = joint.start()
        left, right = sentence[max(start, end - _LONGEST_PART) : end], sentence[joint.end() :][:_LONGEST_PART]
        if _says(left) and _says(right) and (parts or _BEGINS.match(sentence, start)):
            parts.append(sentence[start:end].strip() + "?")
            start = joint.end()
            if len(parts) == MOST_PARTS:
                break
    return [*parts, sentence[start:].strip()]


def _says(part: str) -> bool:
    found: Sequence[str] = _WORD.findall(part)
    return len(found) >= 2 and any(word.lower() not in STOPWORDS for word in found)
