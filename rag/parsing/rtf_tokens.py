"""Takes RTF apart: groups, control words, and text as bytes in the code page of its font."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

_PIECE = re.compile(
    rb"(?P<open>\{)|(?P<close>\})|\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?"
    rb"|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<symbol>[^a-zA-Z])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|.",
    re.DOTALL,
)
CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
"""The code page of each \\fcharset, where it is not that of Western Europe."""
CHARACTERS = {
    "tab": " ", "line": "\n", "lbr": "\n", "softline": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ", "~": " ",
    "_": "-", "\\": "\\", "{": "{", "}": "}", "\t": " ",
}  # fmt: skip
"""What control words and symbols stand for in the text."""
_CODE_PAGES = {
    10000: "mac_roman", 932: "cp932", 936: "gb18030", 949: "cp949", 950: "cp950", 1361: "johab", 65001: "utf-8",
    **{number: f"cp{number}" for number in (
        437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 874, *range(1250, 1259),
    )},
}  # fmt: skip


def code_page(number: int) -> str:
    """The codec of a code page's number, that of Western Europe for an unknown one."""
    return _CODE_PAGES.get(number, "cp1252")


class Token(NamedTuple):
    """One piece. ``word`` is a control word or symbol; ``number`` its argument; ``data`` text, or one byte as \\'hh."""

    kind: Literal["open", "close", "word", "text", "byte"]
    word: str = ""
    number: int | None = None
    data: bytes = b""


def tokens(content: bytes) -> Iterator[Token]:
    """The pieces of an RTF file in their order; line ends between them mean nothing."""
    at, end = 0, len(content)
    while at < end:
        match = _PIECE.match(content, at)
        if match is None:
            return
        at = match.end()
        kind = match.lastgroup
        if kind in ("word", "number"):
            word = match["word"].decode("ascii")
            number = int(match["number"]) if match["number"] is not None else None
            if word == "bin" and number is not None and number > 0:
                at += number
            else:
                yield Token("word", word, number)
        elif kind == "text":
            yield Token("text", data=match["text"])
        elif kind == "hex":
            yield Token("byte", data=bytes.fromhex(match["hex"].decode("ascii")))
        elif kind == "symbol":
            yield Token("word", match["symbol"].decode("latin-1"))
        elif kind == "open":
            yield Token("open")
        elif kind == "close":
            yield Token("close")
