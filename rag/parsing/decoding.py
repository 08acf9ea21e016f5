"""Turns bytes of unknown encoding into text, or says that they are not text at all."""

import codecs
import re
from collections import Counter

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 64 * 1024
_JUNK = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_JUNK_SHARE = 0.01
_SIGN_IN_WORD = re.compile(r"(?<=\S)[\x80-\xa9\xab-\xb4\xb5-\xb9\xbb-\xbf\u02c0-\u036f](?=[^\W\d_])")
_EBCDIC_RARE = re.compile("[|¢¬^]")
_LATIN = ("cp1252", "cp1250", "iso8859_2", "cp1254", "iso8859_9", "cp1257")
# The letters beyond ASCII of languages that are written in these encodings.
_ALPHABETS = (
    "äöüß", "àâæçèéêëîïôœùûüÿ", "áéíñóúü", "àáâãçéêíóôõúü", "àèéìîòù", "åäöé", "æøåéò", "äöåšž", "áðéíóúýþæö",
    "čćđšž", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "ăâîșşțţ", "çğıöşüâîû",
    "āčēģīķļņšūž", "ąčęėįšųūž", "õäöüšž",
)  # fmt: skip
_ESCAPED = ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$", "iso2022_jp"), (b"\x1b(J", "iso2022_jp"))


def decode(data: bytes, declared: str | None = None) -> str | None:
    """The text of ``data``, or ``None`` when no encoding makes text of it.

    A byte order mark decides; then valid UTF-8, the encoding ``declared`` by the file itself, UTF-16 or UTF-32 without
    a mark, and last what charset-normalizer finds most plausible.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _plausible(data, encoding)
    wide = _wide_encoding(data[:_SAMPLE])
    if wide is not None:
        return _plausible(data, wide)
    if b"\x1b" not in data[:_SAMPLE]:
        text = _strict_utf8(data)
        if text is not None:
            return _readable(text)
    for escape, encoding in _ESCAPED:
        if escape in data[:_SAMPLE]:
            return _plausible(data, encoding)
    if declared is not None and _known(declared):
        text = _plausible(data, declared)
        if text is not None:
            return text
    return _guess(data)


def _strict_utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A sample may end inside a character.
        if error.start >= len(data) - 3 and error.reason == "unexpected end of data":
            return data[: error.start].decode("utf-8")
        return None


def _wide_encoding(sample: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark: the zero bytes of Latin text stand in fixed places."""
    if len(sample) < 4 or 0 not in sample:
        return None
    size = len(sample) - len(sample) % 4
    zeros = [sample[offset:size:4].count(0) / (size // 4) for offset in range(4)]
    if min(zeros[1:]) > 0.7 > zeros[0]:
        return "utf-32-le" if zeros[1] > 0.7 else None
    if min(zeros[:3]) > 0.7 > zeros[3]:
        return "utf-32-be"
    little, big = zeros[1] + zeros[3], zeros[0] + zeros[2]
    if max(little, big) > 0.4 and min(little, big) < 0.1 * max(little, big):
        return "utf-16-le" if little > big else "utf-16-be"
    return None


def _guess(data: bytes) -> str | None:
    if _JUNK.search(data[:_SAMPLE].decode("latin-1")) and 0 in data[:_SAMPLE]:
        return None
    best = from_bytes(data[:_SAMPLE]).best()
    if best is None:
        return None
    # Strict Latin-1 means Windows-1252 in practice, which has quotes and dashes where Latin-1 has control codes.
    encoding = "cp1252" if best.encoding in ("latin_1", "iso8859_1") else best.encoding
    if encoding in _LATIN:
        encoding = min((encoding, *_LATIN), key=lambda name: _strangeness(data[:_SAMPLE], name))
    if encoding == "cp037":
        # The two EBCDIC code pages differ in seven signs alone: brackets and "!" are more common than these.
        encoding = min(("cp037", "cp500"), key=lambda name: len(_EBCDIC_RARE.findall(data.decode(name))))
    return _plausible(data, encoding)


def _strangeness(sample: bytes, encoding: str) -> float:
    """How many letters are foreign to the language that fits best, and signs stand inside of words: both are many when
    a close relative of the right encoding is used."""
    text = sample.decode(encoding, errors="replace")
    letters = Counter(character.lower() for character in text if character.isalpha() and not character.isascii())
    known = max(sum(letters[letter] for letter in alphabet) for alphabet in _ALPHABETS)
    return letters.total() - known + 2 * len(_SIGN_IN_WORD.findall(text)) + 10 * len(_JUNK.findall(text))


def _plausible(data: bytes, encoding: str) -> str | None:
    return _readable(data.decode(encoding, errors="replace"))


def _readable(text: str) -> str | None:
    sample = text[:_SAMPLE]
    if len(_JUNK.findall(sample)) > max(2, _JUNK_SHARE * len(sample)):
        return None
    return text


def _known(encoding: str) -> bool:
    try:
        return bool(codecs.lookup(encoding)._is_text_encoding)
    except LookupError:
        return False
