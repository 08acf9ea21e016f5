"""Tells a question that leans on the conversation from one that stands alone, and carries the topic over, by rule.

For where no language model rewrites the question. English is known well; of other languages only what opens a follow-up
("Und in Spanien?") and what is too short to stand alone.
"""

import re
from collections.abc import Sequence

from rag.generation import Turn
from rag.wording import STOPWORDS, content_words

LONGEST_TOPIC = 300
"""Characters of the conversation that are carried over; the embedder reads about a thousand."""

MOST_NAMES = 4
_LOOKED_BACK = 8  # turns
_LONGEST_LEANING = 14  # words: who writes more says what it is about
_SHORT = 6  # words of a follow-up in a language that is not known well
_READ_OF_TURN = 2_000

_WORDS = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_OPENS = re.compile(
    r"\W*(?:and|or|but|also|then|so)\b|\W*(?:what|how) about\b|\W*what if\b|\W*not even\b|\W*(?:what|anything) else\b|"
    r"\W*(?:why|how) (?:not|so|come)\b|\W*(?:the )?same\b|\W*(?:otherwise|instead)\b",
    re.I,
)
_OPENS_ELSEWHERE = re.compile(
    r"\W*(?:und|oder|aber|et|ou|mais|y|pero|ed?|ma|mas|en|of|maar|och|og|ja|entä|a co|ve|peki|а|и|или|но)\b", re.I
)
# What may stand for something said before. A name before it in the same question is what it stands for instead; so are
# other words, for "its" and "themselves" sooner than for "it".
_PERSON = re.compile(r"\b(?:he|she|him|her|hers)\b", re.I)
_THING = re.compile(
    r"\b(?:it|they|them|theirs|the same|the (?:other|others|former|latter)|(?:this|that|each) one|"
    r"(?:these|those)(?: ones)?)\b",
    re.I,
)
_OWN = re.compile(r"\b(?:its|their|his|itself|themselves|himself|herself)\b", re.I)
_WORDS_BEFORE = {_PERSON: 99, _THING: 4, _OWN: 1}
# "Is it allowed to bring a dog?": it stands for what follows.
_EMPTY_IT = re.compile(
    r"\bit (?:is |be |was |still |also |ever |really )*(?:allowed|possible|permitted|okay|ok|safe|true|necessary|"
    r"required|better|best|important|legal|enough|worth|mandatory|compulsory|forbidden|easy|hard|difficult)\b|"
    r"\b(?:does|will|would|did) it (?:take|cost|matter|make sense|need)\b(?=.{0,40}\b(?:to|for|if|when)\b)|"
    r"\bis it (?:that|when|raining|open season)\b|\bwhat time is it\b",
    re.I,
)
# "that" and "this" point back where no noun follows or they stand after a function word; else "that" opens a clause.
_POINTS = re.compile(
    r"(?:^|\b(?:is|was|are|does|do|did|can|could|will|would|should|must|may|for|of|about|with|in|on|to|by|at|like|than|after|"
    r"before|without|from|during|has|had|have|if)\s+)(?:this|that|these|those)\b",
    re.I,
)
_PLACE = re.compile(r"\b(?:there|then)\W*$", re.I)
_INNER_NAME = re.compile(r"(?<=\w )[A-Z][\w'’-]")
_QUOTED = re.compile(r"[\"“«][^\"”»]{0,200}[\"”»]")
_NAME = re.compile(r"(?<![.!?:•|\n-] )(?<![.!?|\n])(?<!^)\b[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+){0,3}")
# A noun that a part of something has: without the whole, "Who was the captain?" asks for nobody.
_PARTS = re.compile(r"^\W*(?:who|what|where|when|why|how)\b.{0,20}\b(?:is|was|are|were)\b.{0,6}\bthe\b\s+\w+\W*$", re.I)


def leans_back(question: str) -> bool:
    """Whether a question needs the conversation before it to be understood."""
    text = _QUOTED.sub(" ", question).strip()
    found = _WORDS.findall(text)
    if not found or len(found) > _LONGEST_LEANING:
        return False
    return bool(
        _OPENS.match(text)
        or _pronoun(text)
        or _PARTS.match(text)
        or (len(found) <= _SHORT and _OPENS_ELSEWHERE.match(text))
        or len(_carrying(text)) <= 1
    )


def carried_over(question: str, history: Sequence[Turn]) -> str:
    """The question with the topic of the conversation in front, to search by; as it is when it stands alone.

    The topic is the last question that stood alone with what was asked since, and, for a pronoun, the names that the
    last answer brought in.
    """
    topic = _topic(history)
    if not topic or not leans_back(question):
        return question
    names = _names(history, topic) if _pronoun(question) else ""
    return " ".join(part for part in (topic, names, question) if part)


def _pronoun(text: str) -> bool:
    plain = _EMPTY_IT.sub(" ", text)
    if _POINTS.search(plain) or _PLACE.search(plain):
        return True
    for pattern, most in _WORDS_BEFORE.items():
        found = pattern.search(plain)
        if found and not _INNER_NAME.search(plain, 0, found.start()) and len(_carrying(plain[: found.start()])) < most:
            return True
    return False


def _carrying(text: str) -> list[str]:
    """The words of a question that could be its topic."""
    return [word for word in _WORDS.findall(text) if word.lower() not in STOPWORDS and len(word) > 1]


def _topic(history: Sequence[Turn]) -> str:
    topic = ""
    for turn in history[-_LOOKED_BACK:]:
        if turn.role != "user":
            continue
        asked = " ".join(turn.text[:_READ_OF_TURN].split())
        if topic and leans_back(asked):
            # The first question names the topic; of those since, the latest says where it stands.
            room = LONGEST_TOPIC - len(topic)
            topic = f"{topic} {asked}" if len(asked) < room else topic
        else:
            topic = _cut(asked)
    return topic


def _names(history: Sequence[Turn], topic: str) -> str:
    """Names of the last answer that the topic lacks."""
    last = next((turn.text[:_READ_OF_TURN] for turn in reversed(history) if turn.role == "assistant"), "")
    known = set(content_words(topic))
    new = [name for name in dict.fromkeys(_NAME.findall(last)) if not known.issuperset(content_words(name))]
    return " ".join(new[:MOST_NAMES])


def _cut(text: str) -> str:
    """The end of a text that is too long for a topic: a question stands at the end of what leads to it."""
    if len(text) <= LONGEST_TOPIC:
        return text
    kept = text[-LONGEST_TOPIC:]
    return kept[kept.find(" ") + 1 :]
