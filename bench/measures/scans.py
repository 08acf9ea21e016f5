"""Makes scans whose text is known: pages of PDF files with text, rendered, blurred by noise, without their text."""

import re
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

# English in one column and in two, a table, a form, German, Chinese.
SOURCES = (
    ("aragog_roberta.pdf", 1),
    ("unstr_multi-column.pdf", 0),
    ("unstr_layout-parser-paper-fast.pdf", 0),
    ("finbench_FOOTLOCKER_2022_8K_dated-2022-05-20.pdf", 1),
    ("samplefiles_pdflatex-4-pages.pdf", 0),
    ("plumber_federal-register-2020-17221.pdf", 0),
    ("plumber_background-checks.pdf", 0),
)
DPI = 150
_DIVIDED = re.compile("[\x02\ufffe\xad](?:\r?\n)?|(?<=[a-z])-\r?\n(?=[a-z])")
NOISE = 12.0


def made_scans(folder: Path, target: Path) -> list[tuple[Path, str]]:
    """Write one PDF for each page in ``SOURCES`` into ``target``; returns the files with their text."""
    generator = np.random.default_rng(7)
    made: list[tuple[Path, str]] = []
    for name, index in SOURCES:
        path = target / f"scan-{name}"
        document = pdfium.PdfDocument(folder / name)
        try:
            page = document[index]
            # Words divided at a line's end are joined, as every reader is expected to.
            text = _DIVIDED.sub("", page.get_textpage().get_text_bounded())
            bitmap = page.render(scale=DPI / 72, grayscale=True)
            width, height = page.get_size()
        finally:
            document.close()
        grey = bitmap.to_numpy().reshape(bitmap.height, -1)[:, : bitmap.width].astype(np.float32)
        noisy = np.clip(grey + generator.normal(0.0, NOISE, grey.shape), 0, 255).astype(np.uint8)
        _write(path, noisy, width, height)
        made.append((path, text))
    return made


def _write(path: Path, grey: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", width: float, height: float) -> None:
    """A PDF of one page that shows the picture, shape (rows, columns), and nothing else; ``width`` in points."""
    document = pdfium.PdfDocument.new()
    page = document.new_page(width, height)
    bitmap = pdfium.PdfBitmap.new_native(grey.shape[1], grey.shape[0], pdfium_c.FPDFBitmap_BGRx)
    bitmap.to_numpy()[:, :, :] = np.repeat(grey[:, :, None], 4, axis=2)
    image = pdfium.PdfImage.new(document)
    image.set_bitmap(bitmap)
    image.set_matrix(pdfium.PdfMatrix().scale(width, height))
    page.insert_obj(image)
    page.gen_content()
    document.save(path)
    document.close()
