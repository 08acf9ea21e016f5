"""Reads what a model writes: citations out of the text, a refusal told from an answer, thinking left out."""

import re
from itertools import product

from rag.citations import CitationParser
from rag.generation import AnswerPart, Beginning, CitationMade, PromptPassage, Refusal, TextDelta, failures
from rag.going_on import Joint
from rag.prompts import REFUSAL_SENTENCE

MAX_ANSWER_CHARACTERS = 100_000

_THINK_OPEN = "<think>"
_THINK_CLOSE = "</think>"
_ARABIC_MARKS = re.compile("[\u064b-\u0652]")


def _every(*parts: tuple[str, ...]) -> tuple[str, ...]:
    """Every sentence that has one of each of the parts, in their order."""
    return tuple("".join(words) for words in product(*parts))


_DOCUMENTS_DE = ("die dokumente", "die bereitgestellten dokumente", "die passagen", "die textstellen", "die auszüge")
_QUESTION_DE = (" das", " dies", " diese frage", " die frage", " ihre frage", " deine frage")
_DOCUMENTS_AR = ("المستندات", "الوثائق", "المقاطع")
_QUESTION_AR = (" هذا", " ذلك", " هذا السؤال", " السؤال", " سؤالك")
# The exact sentence, the ways in which models that paraphrase have been seen to bend it, and what those may say that
# keep to the language of the question all the same.
_REFUSALS = (
    *_every(
        ("", "sorry ", "sorry but ", "i m sorry but ", "im sorry but ", "unfortunately "),
        ("the documents", "the provided documents", "the passages", "the provided passages"),
        (
            " do not answer",
            " don t answer",
            " dont answer",
            " do not contain the answer to",
            " do not contain an answer to",
        ),
        (" this", " this question", " that", " that question", " the question", " your question"),
    ),
    *_every(
        ("", "entschuldigung ", "tut mir leid ", "es tut mir leid ", "tut mir leid aber ", "es tut mir leid aber "),
        _DOCUMENTS_DE,
        (
            *_every((" beantworten",), _QUESTION_DE, (" nicht",)),
            *_every((" enthalten keine antwort auf",), _QUESTION_DE),
        ),
    ),
    *_every(("leider beantworten ",), _DOCUMENTS_DE, _QUESTION_DE, (" nicht",)),
    *_every(("leider enthalten ",), _DOCUMENTS_DE, (" keine antwort auf",), _QUESTION_DE),
    *_every(
        ("", "عذرا ", "للأسف "),
        (
            *_every(_DOCUMENTS_AR, (" لا تجيب عن", " لا تجيب على", " لا تحتوي على إجابة عن")),
            *_every(("لا تجيب ",), _DOCUMENTS_AR, (" عن", " على")),
        ),
        _QUESTION_AR,
    ),
)
_LONGEST_REFUSAL = 2 * max(map(len, _REFUSALS))


def refuse() -> list[AnswerPart]:
    """The parts of a refusal."""
    return [Refusal(), TextDelta(REFUSAL_SENTENCE)]


class AnswerReader:
    """Raw model text in, parts of an answer out; what is certain comes out at once.

    Only a beginning that may still become the refusal sentence, or the model's thinking, is held back. With a
    ``beginning`` the text goes on from there: it may say nothing more, and a refusal then says no more than that.
    """

    def __init__(self, passages: tuple[PromptPassage, ...], beginning: Beginning | None = None) -> None:
        self._parser = CitationParser(passages, beginning)
        self._joint = Joint(beginning.text, [passage.text for passage in passages]) if beginning else None
        self._held: str | None = ""  # the beginning, until it is certain that it refuses nothing
        self._thinking = False
        self._received = 0
        self._surrogate = ""
        self._wrote = beginning is not None

    def feed(self, piece: str) -> list[AnswerPart]:
        """Parts that are certain after ``piece``. Raises GenerationError ("llm_malformed") when it never ends."""
        self._received += len(piece)
        if self._received > MAX_ANSWER_CHARACTERS:
            raise failures.endless(MAX_ANSWER_CHARACTERS)
        piece = self._joined(piece)
        if self._held is None:
            return self._parsed(self._parser.feed(self._joined_on(piece)))
        self._held += piece
        if not self._skip_thinking() or _may_refuse(self._held):
            return []
        held, self._held = self._held, None
        return self._parsed(self._parser.feed(self._begun(held)))

    def finish(self) -> list[AnswerPart]:
        """The rest, at the end of the text. Raises GenerationError ("llm_malformed") when there was no text."""
        if self._held is not None:
            held = "" if self._thinking else self._held.strip()
            self._held = None
            if _plain(held) in _REFUSALS:
                if self._joint is None:
                    return refuse()
                held = ""
            parts = self._ended(self._begun(held))
        else:
            parts = self._ended("")
        if not self._wrote:
            raise failures.empty()
        return parts

    def rest(self) -> list[AnswerPart]:
        """What was held back when the model broke off: shown as it came, never taken for a refusal."""
        held = "" if self._held is None or self._thinking else self._begun(self._held)
        self._held = None
        return self._ended(held)

    def _begun(self, held: str) -> str:
        """The beginning of what the model wrote, once it is certain that it is the answer's."""
        return held.lstrip() if self._joint is None else self._joint.feed(held)

    def _joined_on(self, piece: str) -> str:
        return piece if self._joint is None else self._joint.feed(piece)

    def _ended(self, last: str) -> list[AnswerPart]:
        rest = self._joint.finish() if self._joint else ""
        return self._parsed([*self._parser.feed(last + rest), *self._parser.finish()])

    def _parsed(self, parts: list[TextDelta | CitationMade]) -> list[AnswerPart]:
        self._wrote = self._wrote or any(isinstance(part, TextDelta) and part.text.strip() for part in parts)
        return list(parts)

    def _skip_thinking(self) -> bool:
        """Drop what stands between the think tags at the very beginning; whether the answer has begun."""
        held = (self._held or "").lstrip()
        if not self._thinking:
            if len(held) < len(_THINK_OPEN) and _THINK_OPEN.startswith(held):
                return False
            if not held.startswith(_THINK_OPEN):
                return True
            self._thinking = True
        _, closed, after = held.partition(_THINK_CLOSE)
        if not closed:
            return False
        self._thinking = False
        self._held = after
        return bool(after.strip())

    def _joined(self, piece: str) -> str:
        """The piece with surrogate pairs joined, also across pieces, and lone halves replaced.

        JSON can carry an emoji as two halves, and some servers cut between them.
        """
        if not self._surrogate and piece.isascii():
            return piece
        text = self._surrogate + piece
        self._surrogate = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._surrogate, text = text[-1], text[:-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _plain(text: str) -> str:
    """Its words, without the marks above and below Arabic letters, which not everybody writes."""
    return " ".join(re.sub(r"[^\w]+", " ", _ARABIC_MARKS.sub("", text.casefold())).split())


def _may_refuse(text: str) -> bool:
    """Whether the beginning of an answer may still become a refusal."""
    if len(text) > _LONGEST_REFUSAL:
        return False
    plain = _plain(text)
    return any(refusal.startswith(plain) for refusal in _REFUSALS)
