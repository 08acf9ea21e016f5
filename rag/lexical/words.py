"""Finds what is counted as a word in a text: words, codes whole and in parts, pairs of characters where no spaces are.

Nothing here depends on a language; a word's stem does, and that is the business of ``rag.lexical.stemming``.

A token is what stands between spaces; its forms are the terms it gives before stemming. "Wi-Fi" gives "wifi" and both
parts, so that it is found by "wifi", "wi fi" and "Wi-Fi" alike. A form that no stemmer may touch (a code, a number, a
pair of characters) is marked as such.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from rag.lexical.normalising import combining, plain, uniform

LONGEST_TERM = 64  # characters that are read of a word; what is longer is cut, in chunk and question alike
_MOST_PARTS = 16  # of one token

# Scripts that put no spaces between words: Han, kana, Bopomofo; Hangul, whose endings stick to the word; Thai, Lao,
# Burmese, Khmer.
_DENSE = (
    "\u3005-\u3007\u3031-\u3035\u3041-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7ff"
    "\u0e01-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f"
    "\u1780-\u17d3\u17dc-\u17dd"
)
_MARKS = combining()
# Signs that tie what stands on both sides of them to one token. A comma and a colon do so between digits only.
_TIE = r"(?:['.@&\u200c\u00b7-]|(?<=\d)[,:](?=\d))"


def _pattern(letters: str) -> str:
    """Return the pattern of a token whose letters are those of a character class; no input makes it go back.

    Only classes are possessive: Python before 3.11.5 gets possessive groups wrong (its issue gh-106052).
    """
    word = rf"{letters}++(?:[{_MARKS}]++{letters}*+)*"
    return rf"(?:§{{1,2}}\ ?(?=\d))?{word}(?:{_TIE}{word}){{0,{_MOST_PARTS - 1}}}(?:\+\+|\#(?!\w))?"


_DENSE_SIGN = re.compile(f"[{_DENSE}]")
_SPACED_TOKEN = re.compile(_pattern(r"\w"))  # the quick one, for a text without dense scripts
_ANY_TOKEN = re.compile(f"[{_DENSE}][{_DENSE}{_MARKS}]*+|" + _pattern(rf"[^\W{_DENSE}]"))
_ONE_SIGN = re.compile(rf"[{_DENSE}][{_MARKS}]*+")
# Signs of which one is often a word: "猫" is asked for alone and stands in "黑猫" too.
_WORD_BY_ITSELF = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7a3\U00020000-\U0003ffff]")
_SEPARATORS = re.compile(r"['_.@&,:\u200c\u00b7-]+")
_JOINED = re.compile(r"['_&,:\u200c\u00b7-]+")  # what goes when a token is joined; dots stay: "v2.1" is not "v21"
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")  # of "getHTMLText2023"
_AMOUNT = re.compile(r"([0-9]+)(?!(?:st|nd|rd|th)$)([a-z]{2,4})")  # "5km", but not "5th"
_NUMBER = re.compile(r"[0-9][0-9,.:'-]*")
_GROUPED = re.compile(r"([0-9]{1,3}(?:([,.'])[0-9]{3})(?:\2[0-9]{3})*)(?:[,.]([0-9]{1,2}))?")
_DECIMAL = re.compile(r"[0-9]+[.,][0-9]+")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
# What an apostrophe parts from the word before it, in English, and from the word after it, in French and Italian.
_AFTER = frozenset(["s", "d", "m", "re", "ll", "ve"])
_ELISIONS = "l d j m n s t c qu jusqu lorsqu puisqu quelqu dell nell all sull dall coll un quell sant"
_BEFORE = frozenset(_ELISIONS.split())


class Form(NamedTuple):
    """One term of a token before stemming, in lower case; ``fixed`` says that it is no word and already a term."""

    text: str
    fixed: bool


def tokens(text: str) -> list[str]:
    """Return the tokens of a text in order, uniform but with their case and accents. Linear in the text's length."""
    text = uniform(text)
    pattern = _SPACED_TOKEN if text.isascii() or not _DENSE_SIGN.search(text) else _ANY_TOKEN
    return pattern.findall(text)


def is_dense(token: str) -> bool:
    """Return whether a token is a run in a script without spaces."""
    return token[0] >= "\u0e01" and _DENSE_SIGN.match(token) is not None


def forms(token: str) -> tuple[Form, ...]:
    """Return the forms of one token: the whole first, then its parts, each once; of a run every pair, as they come."""
    if is_dense(token):
        return tuple(Form(pair, True) for pair in pairs(token))
    token = token[: LONGEST_TERM * _MOST_PARTS]
    if token.isalpha() and (not token.isascii() or token[1:].islower() or token.isupper()):
        return (_form(token, fixed=False),)
    return tuple(dict.fromkeys(_compound(token)))


def _form(text: str, *, fixed: bool) -> Form:
    text = text[:LONGEST_TERM]
    return Form(plain(text) if fixed else text.casefold(), fixed)


def _is_code(text: str) -> bool:
    return "." in text or any(character.isdigit() for character in text)


def pairs(run: str) -> list[str]:
    """Return every two neighbouring signs of a run, with the vowels they carry, then each Han and Hangul sign alone.

    A run of one sign gives that sign.
    """
    signs = _ONE_SIGN.findall(run)
    if len(signs) == 1:
        return [run[:LONGEST_TERM]]
    both = [(one + two)[:LONGEST_TERM] for one, two in pairwise(signs)]
    return both + [sign[:LONGEST_TERM] for sign in signs if _WORD_BY_ITSELF.match(sign)]


def _compound(token: str) -> Iterator[Form]:
    if token[0] == "§":
        token = token.lstrip("§ ")
        yield _form("§" + token, fixed=True)
    if token[-1] in "+#":
        bare = token.rstrip("+#")
        if len(bare) <= 2:  # C++, C#
            yield _form(token, fixed=True)
            return
        token = bare
    if "@" in token:
        yield _form(token, fixed=True)
        for side in token.split("@"):
            yield from _compound(side)
    elif _NUMBER.fullmatch(token):
        yield from _number(token)
    elif _INITIALS.fullmatch(token):
        yield _form(token.replace(".", ""), fixed=False)
    else:
        yield from _joined_and_parts(_without_particles(token))


def _number(token: str) -> Iterator[Form]:
    """Yield a number without what groups its digits, and with a point for a decimal comma; a date also in parts."""
    grouped = _GROUPED.fullmatch(token)
    if grouped:
        digits = re.sub(r"[,.']", "", grouped[1])
        yield _form(f"{digits}.{grouped[3]}" if grouped[3] else digits, fixed=True)
    elif _DECIMAL.fullmatch(token):
        yield _form(token.replace(",", "."), fixed=True)
    else:
        yield _form(token, fixed=True)
        yield from (_form(part, fixed=True) for part in _SEPARATORS.split(token) if part)


def _without_particles(token: str) -> str:
    """Return the token without what an apostrophe ties to it: "company's", "l'homme"."""
    head, apostrophe, tail = token.rpartition("'")
    if apostrophe and tail.lower() in _AFTER and len(head) > 1:
        token = head
    head, apostrophe, tail = token.partition("'")
    return tail if apostrophe and head.lower() in _BEFORE else token


def _joined_and_parts(token: str) -> Iterator[Form]:
    joined = _JOINED.sub("", token)
    if joined:
        yield _form(joined, fixed=_is_code(joined))
    pieces = [piece for piece in _SEPARATORS.split(token) if piece]
    if len(pieces) == 1 and pieces[0] == joined:
        yield from _humps(joined)
        return
    for piece in pieces:
        if len(piece) > 1 or piece.isdigit():
            yield _form(piece, fixed=_is_code(piece))
            yield from _humps(piece)


def _humps(piece: str) -> Iterator[Form]:
    """Yield the parts of a word that capitals or digits part, where at least two are longer than one character."""
    amount = _AMOUNT.fullmatch(piece)
    parts = [*amount.groups()] if amount else [part for part in _HUMPS.findall(piece) if len(part) > 1]
    if len(parts) > 1 and piece.isascii():
        yield from (_form(part, fixed=_is_code(part)) for part in parts)
