"""Which languages text in pictures can be read in here, and which of them a text seems to be in.

The data files come with the app for English, German, French and Spanish. Those of the distribution's Tesseract packages
(Debian: ``tesseract-ocr-jpn`` and the like) are found where it puts them.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "models" / "tessdata"
SYSTEM = (
    Path("/usr/share/tesseract-ocr/5/tessdata"),
    Path("/usr/share/tesseract-ocr/4.00/tessdata"),
    Path("/usr/share/tessdata"),
    Path("/usr/share/tesseract/tessdata"),
)
_NOT_LANGUAGES = {"osd", "equ"}

# Short words that tell a language; accents that a reader of another language would lose are left out.
_COMMON = {
    "eng": "the and of to is that for with on this are was be not have by",
    "deu": "der die das und ist nicht ein eine zu den mit von auf dem sich des",
    "fra": "le la les et des est une dans qui que pour pas sur au du il",
    "spa": "el los las y que en una por con para del se es como su al",
    "ita": "il di che la per una con non sono del della gli nel si alla dei",
    "por": "o os e que do da em um uma com para dos das se ao na",
    "nld": "de het een en van dat niet op te zijn met voor aan er ook bij",
    "pol": "i w nie na jest do to z od po jak ale przez dla oraz",
    "ces": "a se na je ve do ze pro jako po od ale nebo jsou",
    "swe": "och att det som en av inte den har med till ett om",
    "dan": "og at det som en af ikke den har med til et der",
    "tur": "ve bir bu da de ile olarak daha olan gibi ne kadar",
}
_OTHERS_IN_LATIN = """
afr cat dan_frak deu_frak deu_latf enm epo est eus fao fil fin frk frm fry gla gle glg hat hrv hun ind isl ita_old jav
lat lav lit ltz mlt mri msa nor oci que ron slk slv spa_old sqi srp_latn sun swa ton uzb vie yor bos bre ceb cos cym
Latin Fraktur
"""
_LATIN = {*_COMMON, *_OTHERS_IN_LATIN.split()}


@dataclass(frozen=True, slots=True)
class Language:
    """A data file: ``folder / (code + ".traineddata")``."""

    code: str
    folder: Path

    @property
    def latin(self) -> bool:
        """Whether it is written in Latin letters."""
        return self.code in _LATIN


@cache
def installed() -> dict[str, Language]:
    """The languages that can be read here, by Tesseract's code; those that ship come before the system's."""
    found: dict[str, Language] = {}
    for folder in (SHIPPED, *SYSTEM):
        for path in sorted(folder.glob("*.traineddata")):
            code = path.name.removesuffix(".traineddata")
            if code not in _NOT_LANGUAGES:
                found.setdefault(code, Language(code, folder))
    return found


def guessed(text: str) -> str | None:
    """The code of the language whose common words are clearly the most frequent in ``text``, ``None`` if unsure."""
    counted = Counter(re.findall(r"[^\W\d_]+", text.lower()))
    scores = sorted(
        ((sum(counted[word] for word in common.split()), code) for code, common in _COMMON.items()), reverse=True
    )
    (best, code), (second, _) = scores[:2]
    return code if best >= 3 and best > 1.3 * second else None
