"""Reduces a form of a token to the terms under which a chunk in one language holds it.

Snowball knows the endings of each language. People leave accents out when they type, so the stem is taken of the plain
word. In languages whose endings have accents, a word whose stem with them is another gives both.
"""

import threading

import Stemmer

from rag.lexical.normalising import plain, unpointed
from rag.lexical.words import Form

# ISO 639-1 to Snowball's names.
STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "fa": "persian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "es": "spanish", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_OTHER_SCRIPTS = "am ar be bg bn bo el fa gu he hi hy ja ka km kn ko lo mk ml mr my ne pa ru si ta te th uk ur yi zh"
# Those whose endings Snowball does not know without their accents: "información", "qualità".
_ACCENTED_LANGUAGES = "ca cs eo fr ga it pl pt ro es"
_NOT_LATIN, _ACCENTED = frozenset(_OTHER_SCRIPTS.split()), frozenset(_ACCENTED_LANGUAGES.split())
_SPELLINGS = {"ar": str.maketrans({"ی": "ي", "ک": "ك"}), "fa": str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک"})}
_threads = threading.local()


def stems(form: Form, language: str) -> tuple[str, ...]:
    """Return the terms of a form in a language (ISO 639-1, "" where unknown): one or two."""
    whole = form.text if form.fixed else plain(form.text)
    if form.fixed or not whole:
        return (whole,) if whole else ()
    # A Latin word in a text of another script is English more often than anything else.
    if language in _NOT_LATIN and whole.isascii():
        language = "en"
    if language not in STEMMERS:
        return (whole,)
    stem = _snowball(STEMMERS[language]).stemWord
    if language in _SPELLINGS:
        return (plain(stem(unpointed(form.text).translate(_SPELLINGS[language]))) or whole,)
    bare = plain(stem(whole)) or whole
    if language not in _ACCENTED or whole == form.text:
        return (bare,)
    accented = plain(stem(form.text)) or whole
    return (accented,) if accented == bare else (accented, bare)


def _snowball(algorithm: str) -> Stemmer.Stemmer:
    """Return this thread's stemmer: it keeps a buffer, so that two threads must not share it."""
    own = _threads.__dict__
    if algorithm not in own:
        own[algorithm] = Stemmer.Stemmer(algorithm, 0)  # 0: no cache of its own
    stemmer: Stemmer.Stemmer = own[algorithm]
    return stemmer
