"""Make the fonts of exported PDFs: TrueType, of one weight each, from variable web fonts of npm.

Footnote needs the result alone, so this is run when a newer font is wanted, in an environment of its own:

    pip install fonttools brotli && python scripts/make_pdf_fonts.py

The subsets of each family are set to one weight and joined. Tables of layout are left out, as nothing reads them; the
families get names of their own, since a changed font may not bear its reserved name.
"""

from __future__ import annotations

import io
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

FONTS = ROOT / "chat" / "exports" / "typeset" / "fonts"
VERSION = "5.3.0"
LATIN = ("latin", "latin-ext", "greek", "cyrillic")
LAYOUT = ("GSUB", "GPOS", "GDEF", "STAT", "MVAR", "HVAR", "DSIG", "meta")

# Of each file: the npm package's family, the style, its subsets, the weight, the name it gets.
CUTS: dict[str, tuple[str, str, tuple[str, ...], int, str]] = {
    "serif": ("literata", "normal", LATIN, 400, "Footnote Serif"),
    "bold": ("literata", "normal", LATIN, 650, "Footnote Serif Bold"),
    "italic": ("literata", "italic", ("latin", "latin-ext"), 400, "Footnote Serif Italic"),
    "mono": ("source-code-pro", "normal", ("latin", "latin-ext"), 400, "Footnote Mono"),
    "arabic": ("noto-naskh-arabic", "normal", ("arabic",), 400, "Footnote Naskh"),
    "arabic-bold": ("noto-naskh-arabic", "normal", ("arabic",), 700, "Footnote Naskh Bold"),
}


def main() -> int:
    """Write each font and each licence; 0 when all are in place."""
    from scripts.vendor_frontend import Package, fetch

    FONTS.mkdir(parents=True, exist_ok=True)
    for name, (family, style, subsets, weight, title) in CUTS.items():
        package = Package(f"@fontsource-variable/{family}", VERSION, "OFL-1.1", {})
        with fetch(package) as archive:
            files = [f"package/files/{family}-{subset}-wght-{style}.woff2" for subset in subsets]
            cuts = [_cut(member.read(), weight) for file in files if (member := archive.extractfile(file))]
            licence = archive.extractfile("package/LICENSE")
            (FONTS / f"{family}-LICENSE.txt").write_bytes(licence.read() if licence else b"")
        font = _joined(cuts)
        _rename(font, title)
        font.save(FONTS / f"{name}.ttf")
        print(f"{name}.ttf: {(FONTS / f'{name}.ttf').stat().st_size} bytes, {len(font.getBestCmap())} characters")
    return 0


def _cut(data: bytes, weight: int) -> Any:
    """A variable font at one weight, as TrueType."""
    font = import_module("fontTools.ttLib").TTFont(io.BytesIO(data))
    limits = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes} | {"wght": weight}
    font = import_module("fontTools.varLib.instancer").instantiateVariableFont(font, limits)
    font.flavor = None
    for tag in LAYOUT:
        if tag in font:
            del font[tag]
    return font


def _joined(cuts: list[Any]) -> Any:
    """Subsets of one font as one; a character that several have is taken from the first."""
    if len(cuts) == 1:
        return cuts[0]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, cut in enumerate(cuts):
            paths.append(str(Path(folder) / f"{number}.ttf"))
            cut.save(paths[-1])
        return import_module("fontTools.merge").Merger().merge(paths)


def _rename(font: Any, title: str) -> None:
    """Give the font a name of its own; who made it stays."""
    plain = title.replace(" ", "")
    for record in font["name"].names:
        if record.nameID in (1, 4, 16):
            record.string = title
        elif record.nameID in (3, 6, 25):
            record.string = plain


if __name__ == "__main__":
    sys.exit(main())
