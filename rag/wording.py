"""Reduces text to comparable words: lower case, no accents, no endings, pairs of characters where words run together.

Used where two texts are compared by what they share: a sentence of an answer with a passage, a question with a
sentence. It is light on purpose; the search has its own terms.
"""

import re
import unicodedata
from functools import lru_cache

from rag.irregular import BASES

# Runs of letters and digits, numbers kept whole: "1,250.50", "3.11", "e-mail" gives two words.
# Vowel signs and accents that stand alone belong to the word, though \w leaves them out.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
_LETTERS = rf"[^\W\d_](?:[^\W\d_]|[{_MARKS}])*"
_WORD = re.compile(rf"\d+(?:[.,:/]\d+)*|{_LETTERS}(?:['’]{_LETTERS})?|\w+")
# Scripts that write no spaces: Han, kana, Hangul syllables stay single words, Thai runs together.
_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f]+")

# English first; of German, French and Spanish only what is no English word of weight ("die", "war", "son" are).
_STOPWORD_LIST = """
a about above after again all also am an and any are as at be because been before being below between both but by
can could did do does doing down during each few for from further had has have having he her here hers him his how i
if in into is it its itself just me more most my no nor not now of off on once only or other our ours out over own
please same she should so some such than that the their theirs them then there these they this those through to too
under until up us very was we were what when where which while who whom whose why will with would you your yours
tell know let many much don't isn't aren't wasn't weren't doesn't didn't i'm it's may might must shall
der das dem des ein eine einen einem einer und oder ist sind waren wird werden nicht von zu zum zur auf für wie wer
wo wann warum welche welcher welches ich du er sie es wir ihr le la les un une du de et est sont dans sur avec que
qui quoi où quand comment el los las unos unas y o en para quien donde cuando como
"""
STOPWORDS = frozenset(_STOPWORD_LIST.split())


def words(text: str) -> list[str]:
    """The comparable words of a text, in order, stop words included."""
    if _RUN.search(text):
        return [word for word, _, _ in word_spans(text)]
    # Every passage of every answer comes through here: without spans it takes less than half the time.
    return [stem(word) for word in _WORD.findall(text)]


def content_words(text: str) -> list[str]:
    """The words that carry meaning; all of them when a text has nothing but stop words."""
    found = word_spans(text)
    kept = [word for word, start, end in found if text[start:end].lower() not in STOPWORDS]
    return kept or [word for word, _, _ in found]


def word_spans(text: str) -> list[tuple[str, int, int]]:
    """Each comparable word with the span of the text it came from."""
    spans: list[tuple[str, int, int]] = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        run = _RUN.search(match.group())
        if run is None:
            spans.append((stem(match.group()), start, end))
        else:
            spans.extend(_pairs(match.group(), start))
    return spans


def _pairs(run: str, offset: int) -> list[tuple[str, int, int]]:
    """Overlapping pairs of characters: the usual stand-in for words where a script writes no spaces."""
    if len(run) == 1:
        return [(run, offset, offset + 1)]
    return [(run[i : i + 2].lower(), offset + i, offset + i + 2) for i in range(len(run) - 1)]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A word without case, accents and the commonest English endings, so that "approved" meets "approval".

    Irregular forms become their base first.
    """
    plain = unicodedata.normalize("NFKD", word.lower().replace("’", "'"))
    plain = "".join(char for char in plain if not unicodedata.combining(char)) or word.lower()
    plain = plain.removesuffix("'s")
    plain = BASES.get(plain, plain)
    if not plain.isascii() or not plain.isalpha() or len(plain) <= 3:
        return plain
    return _without_ending(plain)


_ENDINGS = (
    ("ization", "ize"),
    ("isation", "ise"),
    ("ational", "ate"),
    ("fulness", "ful"),
    ("iveness", "ive"),
    ("ousness", "ous"),
    ("ements", ""),
    ("ations", "ate"),
    ("ement", ""),
    ("ation", "ate"),
    ("ments", ""),
    ("ities", "ity"),
    ("ment", ""),
    ("ness", ""),
    ("ings", ""),
    ("ions", ""),
    ("ies", "y"),
    ("ied", "y"),
    ("ing", ""),
    ("ion", ""),
    ("als", ""),
    ("ers", ""),
    ("ed", ""),
    ("es", ""),
    ("al", ""),
    ("er", ""),
    ("ly", ""),
    ("s", ""),
    ("e", ""),
    ("y", ""),
)


def _without_ending(word: str) -> str:
    """The longest known ending taken off, as long as three letters stay; twins at the end become one."""
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    # "approve" and "approval", "date" and "dates" meet without their silent letter.
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word
