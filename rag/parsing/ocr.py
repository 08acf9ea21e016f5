"""Reads the text in pictures with Tesseract, as a library in this process: no program is started, nothing fetched.

A picture is read upright in English first. Its words then tell the language, and a low confidence that it is turned or
in another script; what was found out is tried first on the document's next picture. Only pixels are given to the
library: decoding files of strangers is for others.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.parsing import limits
from rag.parsing.ocr_languages import Language, guessed, installed

Pixels = NDArray[np.uint8]

MAX_PIXELS = 10_000_000
"""Of one picture given to the reader: a page of A4 at 300 dots per inch has 8.7 million."""

_SURE, _ENOUGH = 70.0, 8
_MIN_CONFIDENCE = 25.0
_SIGN_CONFIDENCE = 60.0
_MOST_SCRIPTS = 6
_OPEN_LANGUAGES = 3
_SECONDS_KEPT = 8.0
_SINGLE_BLOCK, _AUTOMATIC = 6, 3


@dataclass(frozen=True, slots=True)
class SeenWord:
    """A word and its box in pixels of the picture as given, origin top left.

    ``line`` and ``block`` count within the picture; ``size`` is the height of its line, pixels.
    """

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    block: int
    line: int
    size: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Sight:
    """What was read in a picture turned clockwise by ``turned`` degrees to stand upright."""

    words: tuple[SeenWord, ...] = ()
    confidence: float = 0.0
    turned: int = 0
    language: str = ""

    @property
    def letters(self) -> int:
        """Characters of all words."""
        return sum(len(word.text) for word in self.words)

    @property
    def sure(self) -> bool:
        """Whether this is text for certain."""
        return self.confidence >= _SURE and self.letters >= _ENOUGH

    @property
    def score(self) -> float:
        """How much was read, weighed by its confidence."""
        return self.letters * max(self.confidence - 30.0, 0.0)


@cache
def available() -> bool:
    """Whether pictures can be read here: the library and the data of a language are there."""
    return find_spec("tesserocr") is not None and bool(installed())


class PictureReader:
    """Reads the pictures of one document; keeps the languages it has opened until ``close``."""

    def __init__(self) -> None:
        self._library: Any = import_module("tesserocr")
        self._open: dict[str, Any] = {}
        self._language = "eng" if "eng" in installed() else next(iter(installed()))
        self._turned = 0

    def close(self) -> None:
        """Free the memory of all languages."""
        for opened in self._open.values():
            opened.End()
        self._open.clear()

    def in_time(self) -> bool:
        """Whether there is time left to read another picture and still to finish."""
        return limits.time_left() > _SECONDS_KEPT

    def read(self, pixels: Pixels, dpi: float) -> Sight:
        """Read a picture, grey, shape (rows, columns), with ``dpi`` dots per inch; at most ``MAX_PIXELS``."""
        sight = self._once(pixels, dpi, self._language, self._turned)
        if not sight.sure:
            sight = self._other_ways(pixels, dpi, sight)
        language = guessed(" ".join(word.text for word in sight.words))
        if language and language != sight.language and language in installed() and self.in_time():
            again = self._once(pixels, dpi, language, sight.turned)
            if again.score > 0.9 * sight.score:
                sight = again
        if sight.sure:
            self._language, self._turned = sight.language, sight.turned
        return sight

    def _other_ways(self, pixels: Pixels, dpi: float, sight: Sight) -> Sight:
        """The best of the other turns and scripts, tried until one is sure."""
        best = sight
        ways = [(self._language, turned) for turned in (0, 90, 270, 180)]
        ways += [(language.code, 0) for language in _other_scripts(installed().values())]
        for language, turned in ways:
            if best.sure or not self.in_time():
                break
            if (language, turned) == (sight.language, sight.turned):
                continue
            found = self._once(pixels, dpi, language, turned)
            if found.score > best.score:
                best = found
        return best

    def _once(self, pixels: Pixels, dpi: float, language: str, turned: int) -> Sight:
        upright = np.ascontiguousarray(np.rot90(pixels, -turned // 90))
        height, width = upright.shape
        api = self._api(language)
        # Slim pictures are one line or a column: looking for a layout in them finds none.
        slim = max(height, width) > 8 * min(height, width)
        api.SetPageSegMode(_SINGLE_BLOCK if slim else _AUTOMATIC)
        api.SetImageBytes(upright.tobytes(), width, height, 1, width)
        api.SetSourceResolution(round(min(max(dpi, 70), 1200)))
        words = _words(api.GetTSVText(0), turned, pixels.shape)
        api.Clear()
        letters = sum(len(word.text) for word in words)
        confidence = sum(word.confidence * len(word.text) for word in words) / letters if letters else 0.0
        return Sight(tuple(words), confidence, turned, language)

    def _api(self, code: str) -> Any:
        if code not in self._open:
            while len(self._open) >= _OPEN_LANGUAGES:
                self._open.pop(next(iter(self._open))).End()
            opened = self._library.PyTessBaseAPI(path=str(installed()[code].folder), lang=code)
            # Its default is to open /dev/null for writing, which the sandbox refuses, and then it writes to nowhere and
            # ends the process. Standard error, which this stands for, is the null device there.
            opened.SetVariable("debug_file", "")
            self._open[code] = opened
        return self._open[code]


def _other_scripts(languages: Iterable[Language]) -> Sequence[Language]:
    return [language for language in languages if not language.latin][:_MOST_SCRIPTS]


def _words(rows: str, turned: int, shape: tuple[int, ...]) -> list[SeenWord]:
    """The words in Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence,
    text."""
    words: list[SeenWord] = []
    line, size = 0, 0.0
    for row in rows.split("\n"):
        columns = row.split("\t")
        if len(columns) < 12:
            continue
        left, top, width, height = map(int, columns[6:10])
        if columns[0] == "4":
            line, size = line + 1, float(height)
        text, confidence = columns[11].strip(), float(columns[10])
        if columns[0] != "5" or not text or not math.isfinite(confidence) or not _believed(text, confidence):
            continue
        box = _turned_back((left, top, left + width, top + height), turned, shape)
        words.append(SeenWord(text, *box, int(columns[2]), line, size, confidence))
    return words


def _believed(text: str, confidence: float) -> bool:
    """Specks and rules are read as signs of little confidence."""
    return confidence >= (_MIN_CONFIDENCE if any(map(str.isalnum, text)) else _SIGN_CONFIDENCE)


def _turned_back(
    box: tuple[float, float, float, float], turned: int, shape: tuple[int, ...]
) -> tuple[float, float, float, float]:
    """A box of the picture turned clockwise by ``turned``, as one of the picture of ``shape`` (rows, columns)."""
    x0, y0, x1, y1 = box
    height, width = shape
    match turned:
        case 90:
            return y0, height - x1, y1, height - x0
        case 180:
            return width - x1, height - y1, width - x0, height - y0
        case 270:
            return width - y1, x0, width - y0, x1
        case _:
            return box
