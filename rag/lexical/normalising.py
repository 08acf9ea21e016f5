"""Brings a text into the one form in which words are compared.

``uniform`` gives NFKC without invisible signs and with ASCII digits; ``plain`` also takes case, accents and the
variants of letters away, as in a term at its end. A stemmer that needs the accents works between the two.
"""

import unicodedata

# Signs that must not split a word: soft hyphen, zero-width space and joiner, direction marks, the Arabic tatweel.
_INVISIBLE = [0xAD, 0x34F, 0x61C, 0x640, 0x180E, 0x200B, 0x200D, 0x200E, 0x200F, 0xFEFF]
_INVISIBLE += [*range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10)]

# NFKC would glue these to the word before them: a trade mark, the number of a footnote, a fraction.
_APART = "™℠ªº⁰¹²³⁴⁵⁶⁷⁸⁹¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_SPACED = {ord(sign): " " + unicodedata.normalize("NFKC", sign) for sign in _APART} | {0x2122: " ", 0x2120: " "}

# Accents, niqqud and harakat: what can be left out of a word in the Latin, Greek, Cyrillic, Hebrew and Arabic scripts.
# The combining signs of other scripts (Devanagari, Thai, kana) are letters to their readers.
_VOWEL_POINTS = [*range(0x591, 0x5BE), 0x5BF, 0x5C1, 0x5C2, 0x5C4, 0x5C5, 0x5C7, *range(0x610, 0x61B)]
_VOWEL_POINTS += [*range(0x64B, 0x653), *range(0x656, 0x660), 0x670, *range(0x6D6, 0x6DD), *range(0x6DF, 0x6E9)]
_VOWEL_POINTS += range(0x6EA, 0x6EE)
_ACCENTS = [*range(0x300, 0x370), *range(0x483, 0x488), 0x653, 0x654, 0x655, *range(0x1AB0, 0x1B00)]
_ACCENTS += [*range(0x1DC0, 0x1E00), *range(0x20D0, 0x20F1), *range(0xFE20, 0xFE30)]

# Letters that no normal form takes apart, and letters written in two ways.
_ONE_FOR_ONE = "øo đd ðd łl ħh ŧt ıi ſs ىي یي کك ةه ھه ہه ەه ςσ ґг"
_FOLDED = {ord(pair[0]): pair[1] for pair in _ONE_FOR_ONE.split()} | {ord("æ"): "ae", ord("œ"): "oe", ord("þ"): "th"}
_FOLDED |= dict.fromkeys([*_VOWEL_POINTS, *_ACCENTS])

# The blocks in which scripts have digits and combining signs of their own: looking through all of Unicode takes longer.
_BLOCKS = (range(0x300, 0x1E00), range(0x20D0, 0x20F1), range(0x3029, 0x309B), range(0xA600, 0xAC00),
           range(0xFB1E, 0xFB1F), range(0xFE20, 0xFE30), range(0x10A00, 0x11900))  # fmt: skip
_DIGITS = {code: str(unicodedata.decimal(chr(code))) for block in _BLOCKS for code in block if chr(code).isdecimal()}
# Hyphens and apostrophes of every kind. The dot that lower case leaves over a Turkish capital I goes.
_SIGNS = {
    0x2010: "-",
    0x2011: "-",
    0x2018: "'",
    0x2019: "'",
    0x2BC: "'",
    0x5F3: "'",
    0x60: "'",
    0x130: "i",
    0x30FB: " ",
}
_UNIFORM = dict.fromkeys(_INVISIBLE) | _DIGITS | _SIGNS


def uniform(text: str) -> str:
    """Return a text in which the same words have the same code points, save for case and accents. Linear in length."""
    if text.isascii():
        return text.replace("`", "'")
    normal = unicodedata.normalize("NFKC", text.translate(_SPACED))
    # A free-standing acute accent, typed for an apostrophe, has become a space with an accent on it.
    return normal.replace(" \u0301", "'").translate(_UNIFORM)


def plain(word: str) -> str:
    """Return a uniform word without case, accents, vowel points and variants of letters: "Café" and "cafe" are one."""
    word = word.casefold()
    if word.isascii():
        return word
    # The breve of й is no accent: nobody leaves it out, and Russian endings are told apart by it.
    apart = unicodedata.normalize("NFD", word).replace("и\u0306", "й")
    return unicodedata.normalize("NFC", apart.translate(_FOLDED))


_POINTS = dict.fromkeys(_VOWEL_POINTS)


def unpointed(word: str) -> str:
    """Return an Arabic or Hebrew word without the points that say its vowels, as it is usually written."""
    return word.translate(_POINTS)


def combining() -> str:
    """Return all combining characters as ranges for a character class: to ``re`` they are no part of a word."""
    ranges: list[list[int]] = []
    for code in (code for block in _BLOCKS for code in block if unicodedata.category(chr(code))[0] == "M"):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
