"""Tells apart the encodings of one byte a letter, by how strange the text looks that each makes of the same bytes."""

import re
from collections import Counter

_LATIN = ("cp1252", "cp1250", "iso8859_2", "cp1254", "iso8859_9", "cp1257", "iso8859_15", "mac_roman", "cp850", "cp852",
          "mac_latin2")  # fmt: skip
_CYRILLIC = ("cp1251", "koi8_r", "koi8_u", "cp866", "mac_cyrillic", "iso8859_5")
_OTHERS = ("cp1253", "cp1255", "cp1256", "cp874")
"""The candidates in order of preference, those that are as plausible as each other."""
_OLD = frozenset(("mac_roman", "mac_latin2", "cp850", "cp852", "iso8859_15"))
_RARELY = 2.5
"""Few files are in the encodings of old Macs and of DOS: two dashes within words do not make one."""
_RELATED = frozenset((
    *_LATIN, "latin_1", "iso8859_1", "iso8859_3", "iso8859_4", "iso8859_10", "iso8859_13", "iso8859_14", "iso8859_16",
    "cp437", "cp858", "mac_turkish", "mac_iceland", "hp_roman8", "cp775", "cp857", "cp1140",
))  # fmt: skip
# The letters beyond ASCII of languages that are written in these encodings.
_ALPHABETS = (
    "äöüß", "àâæçèéêëîïôœùûüÿ", "áéíñóúü", "àáâãçéêíóôõúü", "àèéìîòù", "åäöé", "æøåéò", "äöåšž", "áðéíóúýþæö",
    "čćđšž", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "ăâîșşțţ", "çğıöşüâîû",
    "āčēģīķļņšūž", "ąčęėįšųūž", "õäöüšž", "абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "абвгдђежзијклљмнњопрстћуфхцчџш",
)  # fmt: skip
_ASCII = re.compile("[\x00-\x7f]+")
_OTHER_SCRIPTS = re.compile("[\u0370-\u03ff\u0590-\u06ff\u0e00-\u0e7f]")
_SIGN_IN_WORD = re.compile(r"(?<=\S)[\x80-\x9f\xa1-\xa9\xab-\xb4\xb5-\xb9\xbb-\xbf\u02c0-\u036f](?=[^\W\d_])")
_SIGN_AFTER_LETTER = re.compile(r"(?<=[^\W\d_])[\xa1-\xa8\xac\xaf\xb1\xb4\xb8\xbc-\xbf\u2020-\u2022\u2030](?=\s)")
_SIGN_BEFORE_LETTER = re.compile(r"(?<![\w\xbc-\xbe])[\xbc-\xbe\u2020\u2021](?=[^\W\d_])")
_RARE_SIGN = re.compile("[\xa4\x80-\x9f\u2500-\u259f]")
_DASH_IN_WORD = re.compile(r"(?<=[a-z])[\u2013\u2014\u2026\u2020-\u2022\u2030\u02c6\u02dc](?=[a-z])")
_CAPITALS = "".join(character for character in map(chr, range(0xC0, 0x460)) if character.isupper())
_CAPITAL_IN_WORD = re.compile(f"(?<=[a-zß-öø-ÿа-я])[{_CAPITALS}](?=[a-zß-öø-ÿа-я])|(?<=[а-я])[А-Я]")
_TWO_SCRIPTS = re.compile("[A-Za-z](?=[\u0370-\u06ff\u0e00-\u0e7f])|[\u0370-\u06ff\u0e00-\u0e7f](?=[A-Za-z])")
_JUNK = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_DOUBTFUL, _FEW = 0.03, 8
_BETTER = 0.25


def best_encoding(sample: bytes, proposed: str) -> str:
    """The encoding that makes the least strange text of ``sample``; ``proposed`` is what a statistic found.

    Near relatives are always compared, all when the proposed one makes text that is plainly wrong.
    """
    if proposed in _RELATED:
        # Windows-1252 first, which is also what Latin-1 means in practice: quotes and dashes for its control codes.
        proposed = min(_LATIN, key=lambda name: _strangeness(sample, name))
    elif proposed in _CYRILLIC:
        proposed = min(_CYRILLIC, key=lambda name: _strangeness(sample, name))
    elif proposed not in _OTHERS:
        return proposed
    strange = _strangeness(sample, proposed)
    foreign = sum(1 for byte in sample if byte > 0x7F)
    if strange <= max(_DOUBTFUL * foreign, _FEW):
        return proposed
    other = min((*_LATIN, *_CYRILLIC, *_OTHERS), key=lambda name: _strangeness(sample, name))
    return other if _strangeness(sample, other) <= _BETTER * strange else proposed


def _strangeness(sample: bytes, encoding: str) -> float:
    """How many letters are foreign to the language that fits best, signs or capitals stand inside of words: all are
    many when a close relative of the right encoding is used."""
    text = sample.decode(encoding, errors="replace")
    letters = Counter(filter(str.isalpha, _ASCII.sub("", text.lower())))
    if len(_OTHER_SCRIPTS.findall(text)) > letters.total() // 2:
        foreign = letters.total() - sum(count for letter, count in letters.items() if _OTHER_SCRIPTS.match(letter))
    else:
        foreign = letters.total() - max(sum(letters[letter] for letter in alphabet) for alphabet in _ALPHABETS)
    signs = sum(
        len(pattern.findall(text)) for pattern in (_SIGN_AFTER_LETTER, _SIGN_BEFORE_LETTER, _RARE_SIGN, _DASH_IN_WORD)
    )
    inside = sum(len(pattern.findall(text)) for pattern in (_SIGN_IN_WORD, _CAPITAL_IN_WORD, _TWO_SCRIPTS))
    return _RARELY * (encoding in _OLD) + foreign + signs + 2 * inside + 10 * len(_JUNK.findall(text))
