"""Turns bytes of unknown encoding into text, or says that they are not text at all."""

import codecs
import re

from charset_normalizer import from_bytes

from rag.parsing.single_byte import best_encoding

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
_WIDE_SAMPLE = 8192
_WIDE_SHARE = 0.9
_WIDE_SIGN = re.compile("[\t\n\r -~\u3000-\u3002\uff01\uff0c\uff1a\uff1b\uff1f]")
_NO_WIDE_SIGN = re.compile("[\t\n\r -~\u2000-\u206f\u3000-\u3002\uff01\uff0c\uff1a\uff1b\uff1f]")
_PLAIN = re.compile(r"[^\W\d_]|[\u0300-\u20cf\u3000-\u303f\uff00-\uffef]")
_SCRIPTS = tuple(
    re.compile(f"[{ranges}]")
    for ranges in (
        "\u0370-\u03ff", "\u0400-\u04ff", "\u0590-\u05ff", "\u0600-\u06ff", "\u0900-\u097f", "\u0980-\u0dff",
        "\u0e00-\u0e7f", "\u10a0-\u10ff", "\u0530-\u058f", "\u3040-\u30ff\u3005-\u301f\u4e00-\u9fff\uff00-\uffef",
        "\uac00-\ud7a3",
    )
)  # fmt: skip
_WITH_DAMAGE = "windows-1252"
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_LONE_BYTES = re.compile(rb"(?<![\x80-\xff])[\x80-\xff]{1,2}(?![\x80-\xff])")
# A letter beyond the 16 bits of old programs, written as two halves.
_SPLIT_LETTER = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_EBCDIC_RARE = re.compile("[|¢¬^]")
_ESCAPED = ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$", "iso2022_jp"), (b"\x1b(J", "iso2022_jp"))


def decode(data: bytes, declared: str | None = None) -> str | None:
    """The text of ``data``, or ``None`` when no encoding makes text of it.

    A byte order mark decides; then UTF-16 or UTF-32 without a mark, valid UTF-8, the encoding ``declared`` by the file
    itself, UTF-8 with damage, and last what charset-normalizer finds most plausible among what is left.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _plausible(data, encoding)
    wide = _wide_encoding(data[:_SAMPLE])
    if wide is not None:
        return _plausible(data, wide)
    if b"\x1b" not in data[:_SAMPLE]:
        text = _strict_utf8(data)
        if text is not None and _readable(text) is not None:
            return text
    wide = _wide_by_script(data[:_SAMPLE])
    if wide is not None:
        return _plausible(data, wide)
    for escape, encoding in _ESCAPED:
        if escape in data[:_SAMPLE]:
            return _plausible(data, encoding)
    if declared is not None and _known(declared):
        text = _plausible(data, declared)
        if text is not None:
            return text
    return _damaged_utf8(data) or _guess(data)


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


def _wide_by_script(sample: bytes) -> str | None:
    """UTF-16 without a mark in other scripts than Latin: one script makes up the text, and the spaces, digits and full
    stops between its letters have bytes that no other encoding has."""
    sample = sample[: len(sample) - len(sample) % 2]
    best, found = 0.0, None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample.decode(encoding, "replace")[:_WIDE_SAMPLE]
        signs = len(_WIDE_SIGN.findall(text))
        letters = _NO_WIDE_SIGN.sub("", text)
        if len(text) < 2 or len(_PLAIN.findall(letters)) + signs < _WIDE_SHARE * len(text):
            continue
        share = max(len(script.findall(letters)) for script in _SCRIPTS) / max(len(letters), 1)
        if share >= _WIDE_SHARE and signs > best:
            best, found = signs, encoding
    return found


def _damaged_utf8(data: bytes) -> str | None:
    """UTF-8 with bytes that do not belong there, which are read as Windows-1252; ``None`` for what is none at all."""
    if b"\x1b" in data[:_SAMPLE]:
        return None
    try:
        data.decode("utf-8")
        return None
    except UnicodeDecodeError as error:
        start = max(0, error.start - _SAMPLE // 2)
    window = data[start : start + _SAMPLE]
    sound = len(_UTF8_LETTER.findall(window))
    alone = _UTF8_LETTER.sub(b"", window)
    broken = sum(1 for byte in alone if byte > 0x7F)
    in_ascii = sum(map(len, _LONE_BYTES.findall(alone)))
    if sound >= 2 * broken or (sound >= 0.5 * broken and in_ascii >= 0.9 * broken):
        return _plausible(_SPLIT_LETTER.sub(_joined_halves, data), "utf-8", _WITH_DAMAGE)
    return None


def _joined_halves(match: re.Match[bytes]) -> bytes:
    return match[0].decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16").encode()


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_WITH_DAMAGE, _as_cp1252)


def _guess(data: bytes) -> str | None:
    if _JUNK.search(data[:_SAMPLE].decode("latin-1")) and 0 in data[:_SAMPLE]:
        return None
    best = from_bytes(data[:_SAMPLE]).best()
    if best is None:
        return None
    encoding = best_encoding(data[:_SAMPLE], best.encoding)
    if encoding == "cp037":
        # The two EBCDIC code pages differ in seven signs alone: brackets and "!" are more common than these.
        encoding = min(("cp037", "cp500"), key=lambda name: len(_EBCDIC_RARE.findall(data.decode(name))))
    return _plausible(data, encoding)


def _plausible(data: bytes, encoding: str, errors: str = "replace") -> str | None:
    return _readable(data.decode(encoding, errors=errors))


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
