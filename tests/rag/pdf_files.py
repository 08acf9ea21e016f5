"""Writes small PDF files: text at given places, in Helvetica or, of any script, in squares, on pages of any box and
rotation."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Run:
    """Text whose baseline begins at (x, y) in PDF user space, origin bottom left.

    ``squares``: in a font that has a square for every character of any script; "&" stands for LIGATURE in one glyph.
    """

    x: float
    y: float
    text: str
    size: float = 12
    bold: bool = False
    matrix: str | None = None
    squares: bool = False


LIGATURE = "لأ"


@dataclass(frozen=True)
class PdfPage:
    """A page's runs in the file's order; ``drawing``: content that comes before them, lines of a table for instance;
    ``field_drawn``: whether the file says how the form field's value looks."""

    runs: list[Run] = field(default_factory=list)
    media: tuple[float, float, float, float] = (0, 0, 612, 792)
    crop: tuple[float, float, float, float] | None = None
    rotate: int = 0
    field_value: str | None = None
    field_drawn: bool = True
    drawing: str = ""


def lines(texts, x=72, top=720, size=12, leading=14.4, bold=False):
    """Runs one below the other."""
    return [Run(x, top - index * leading, text, size, bold) for index, text in enumerate(texts)]


def backwards(right, y, text, size=10):
    """Hebrew or Arabic as files have it: its last letter first, on the left; numbers as they are."""
    shown = text[::-1] if not text.isascii() else text
    return Run(right - size * len(text), y, shown, size, squares=True)


def downwards(x, top, text, size=12):
    """Chinese or Japanese with one character below the other."""
    return [Run(x, top - size * index, character, size, squares=True) for index, character in enumerate(text)]


def make_pdf(pages, title=None, encrypted=False, bookmarks=(), information="") -> bytes:
    """The bytes of a PDF. ``bookmarks``: titles for its outline. ``information``: entries beside its title.
    ``encrypted`` adds a security handler whose password nobody knows."""
    objects: list[bytes] = [b"", b""]
    fonts = []
    for name in ("Helvetica", "Helvetica-Bold"):
        objects.append(f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode())
        fonts.append(len(objects))
    characters = "".join(sorted({c for page in pages for run in page.runs if run.squares for c in run.text}))
    squares = _add_square_font(objects, characters) if characters else ""
    kids, fields = [], []
    for page in pages:
        annotations = ""
        if page.field_value is not None:
            shown = b"BT /F0 12 Tf 2 4 Td (" + page.field_value.encode("cp1252") + b") Tj ET"
            objects.append(
                b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /F0 %d 0 R >> >> "
                b"/Length %d >>\nstream\n%s\nendstream" % (fonts[0], len(shown), shown)
            )
            widget = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /Rect [100 100 300 120] /F 4 " + (
                f"/AP << /N {len(objects)} 0 R >> >>" if page.field_drawn else f"/V ({page.field_value}) >>"
            )
            objects.append(widget.encode())
            annotations = f"/Annots [{len(objects)} 0 R]"
            fields.append(f"{len(objects)} 0 R")
        content = b"\n".join([page.drawing.encode(), *(_show(run, characters) for run in page.runs)])
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        content_number = len(objects)
        crop = f"/CropBox [{_numbers(page.crop)}]" if page.crop else ""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{_numbers(page.media)}] {crop} /Rotate {page.rotate} "
            f"{annotations} /Contents {content_number} 0 R "
            f"/Resources << /Font << /F0 {fonts[0]} 0 R /F1 {fonts[1]} 0 R {squares} >> >> >>".encode()
        )
        kids.append(f"{len(objects)} 0 R")
    outlines = ""
    if bookmarks:
        first = len(objects) + 2
        outlines = f"/Outlines {first - 1} 0 R"
        last = first + len(bookmarks) - 1
        objects.append(f"<< /Type /Outlines /First {first} 0 R /Last {last} 0 R /Count {len(bookmarks)} >>".encode())
        for number, name in enumerate(bookmarks, first):
            following = f"/Next {number + 1} 0 R" if number < last else ""
            objects.append(f"<< /Title ({name}) /Parent {first - 1} 0 R {following} /Dest [{kids[0]} /Fit] >>".encode())
    form = f"/AcroForm << /Fields [{' '.join(fields)}] >>" if fields else ""
    objects[0] = f"<< /Type /Catalog /Pages 2 0 R {outlines} {form} >>".encode()
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    trailer = "/Root 1 0 R"
    if title is not None:
        objects.append(f"<< /Title ({title}) {information} >>".encode("cp1252"))
        trailer += f" /Info {len(objects)} 0 R"
    if encrypted:
        objects.append(f"<< /Filter /Standard /V 1 /R 2 /P -4 /O <{'11' * 32}> /U <{'22' * 32}> >>".encode())
        trailer += f" /Encrypt {len(objects)} 0 R /ID [<00112233> <00112233>]"
    return _file(objects, trailer)


def _numbers(values):
    return " ".join(str(value) for value in values)


def _add_square_font(objects, characters):
    """Append a font of a square for each character, with their meanings; returns its entry in a page's resources."""
    meanings = "\n".join(
        f"<{code:02X}> <{(LIGATURE if character == '&' else character).encode('utf-16-be').hex()}>"
        for code, character in enumerate(characters, 1)
    )
    unicode_map = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def\n"
        f"1 begincodespacerange <00> <FF> endcodespacerange\n{len(characters)} beginbfchar\n{meanings}\nendbfchar\n"
        "endcmap end end"
    ).encode()
    square = b"1000 0 0 -200 1000 800 d1 100 0 700 600 re f"
    objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(unicode_map), unicode_map))
    objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(square), square))
    names = [f"/c{code}" for code in range(1, len(characters) + 1)]
    objects.append(
        f"<< /Type /Font /Subtype /Type3 /FontBBox [0 -200 1000 800] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 1 "
        f"/LastChar {len(names)} /Widths [{'1000 ' * len(names)}] /Encoding << /Differences [1 {' '.join(names)}] >> "
        f"/CharProcs << {' '.join(f'{name} {len(objects)} 0 R' for name in names)} >> "
        f"/ToUnicode {len(objects) - 1} 0 R >>".encode()
    )
    return f"/F2 {len(objects)} 0 R"


def _show(run: Run, characters: str) -> bytes:
    matrix = f"{run.matrix or '1 0 0 1'} {run.x} {run.y}".encode()
    if run.squares:
        codes = bytes(characters.index(character) + 1 for character in run.text).hex()
        return f"BT /F2 {run.size:g} Tf {matrix.decode()} Tm <{codes}> Tj ET".encode()
    escaped = run.text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"BT /F%d %g Tf %s Tm (%s) Tj ET" % (run.bold, run.size, matrix, escaped)


def _file(objects: list[bytes], trailer: str) -> bytes:
    out = bytearray(b"%PDF-1.5\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += f"trailer << /Size {len(objects) + 1} {trailer} >>\nstartxref\n{xref}\n%%EOF\n".encode()
    return bytes(out)
