"""Tells which language a text is in: by its script, and among languages of one script by common words and letters.

A wrong guess costs little: the chunk is stemmed by another language's rules, and a question is stemmed by those too.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

from rag.lexical.language_words import ARABIC, CYRILLIC, DEVANAGARI, LATIN, LETTERS
from rag.lexical.normalising import combining

_ENOUGH = 6_000  # characters that are looked at, taken from three places of a longer text
_LETTER_WEIGHT = 0.35
_LEAST_SCORE = 0.5  # a word that two languages share
_LEAST_SHARE = 0.02  # of the words; less is chance

# One language to a script, or a table of words for the languages that share it.
_SCRIPTS: tuple[tuple[str, str, str | Mapping[str, frozenset[str]]], ...] = (
    ("latin", "A-Za-z\u00aa-\u024f\u1e00-\u1eff", LATIN),
    ("cyrillic", "\u0400-\u052f", CYRILLIC),
    ("arabic", "\u0620-\u06ff\u0750-\u077f", ARABIC),
    ("devanagari", "\u0904-\u0939\u0958-\u0961", DEVANAGARI),
    ("kana", "\u3041-\u3096\u30a1-\u30fa", "ja"),
    ("han", "\u3400-\u4dbf\u4e00-\u9fff", "zh"),
    ("hangul", "\u1100-\u11ff\uac00-\ud7a3", "ko"),
    ("greek", "\u0370-\u03ff\u1f00-\u1fff", "el"), ("hebrew", "\u05d0-\u05ea", "he"),
    ("armenian", "\u0531-\u0587", "hy"), ("georgian", "\u10a0-\u10ff", "ka"), ("thai", "\u0e01-\u0e30", "th"),
    ("lao", "\u0e81-\u0eb0", "lo"), ("khmer", "\u1780-\u17b3", "km"), ("burmese", "\u1000-\u102a", "my"),
    ("bengali", "\u0985-\u09b9", "bn"), ("gurmukhi", "\u0a05-\u0a39", "pa"), ("gujarati", "\u0a85-\u0ab9", "gu"),
    ("tamil", "\u0b85-\u0bb9", "ta"), ("telugu", "\u0c05-\u0c39", "te"), ("kannada", "\u0c85-\u0cb9", "kn"),
    ("malayalam", "\u0d05-\u0d39", "ml"), ("sinhala", "\u0d85-\u0dc6", "si"), ("ethiopic", "\u1200-\u137f", "am"),
    ("tibetan", "\u0f40-\u0f6c", "bo"),
)  # fmt: skip
_SCRIPT = re.compile("|".join(f"(?P<{name}>[{letters}]+)" for name, letters, _ in _SCRIPTS))
_LANGUAGES = {name: languages for name, _, languages in _SCRIPTS}
_MARKS = combining()
_WORD = re.compile(rf"[^\W\d_]++(?:['{_MARKS}]++[^\W\d_]*+)*")
# What a script is taken for where its words decide nothing.
_LIKELIEST = {"cyrillic": "ru", "arabic": "ar", "devanagari": "hi"}
# A sign of these says more than a letter does.
_DENSITY = {"han": 3, "kana": 3, "hangul": 2}


def language_of(text: str) -> str:
    """Return the language (ISO 639-1) that most of a text is written in, "" where that cannot be told."""
    sample = unicodedata.normalize("NFC", _sample(text)).replace("’", "'")
    letters: Counter[str] = Counter()
    for run in _SCRIPT.finditer(sample):
        name = run.lastgroup or ""
        letters[name] += (run.end() - run.start()) * _DENSITY.get(name, 1)
    # Japanese writes Han too, and mostly.
    if letters["kana"] > 0.08 * letters["han"]:
        letters["kana"] += letters.pop("han", 0)
    if not letters:
        return ""
    script = max(letters, key=letters.__getitem__)
    languages = _LANGUAGES[script]
    if isinstance(languages, str):
        return languages
    return _by_words(sample.casefold(), languages) or _LIKELIEST.get(script, "")


def _sample(text: str) -> str:
    """Return the text, or pieces from its beginning, middle and end: a cover page may be in another language."""
    if len(text) <= _ENOUGH:
        return text
    piece = _ENOUGH // 3
    middle = (len(text) - piece) // 2
    return f"{text[:piece]} {text[middle : middle + piece]} {text[-piece:]}"


def _by_words(text: str, languages: Mapping[str, frozenset[str]]) -> str:
    """Return the language with most of its common words and letters in the text; one that many share counts less."""
    scores = dict.fromkeys(languages, 0.0)
    words = _WORD.findall(text)
    for word, count in Counter(words).items():
        sharing = [language for language, common in languages.items() if word in common]
        for language in sharing:
            scores[language] += count / len(sharing)
    for letter, count in Counter(text).items():
        sharing = [language for language in LETTERS.get(letter, ()) if language in scores]
        for language in sharing:
            scores[language] += _LETTER_WEIGHT * count / len(sharing)
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= max(_LEAST_SCORE, _LEAST_SHARE * len(words)) else ""
