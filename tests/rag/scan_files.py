"""Makes pictures of text: pages of small PDF files, rendered and saved as pictures or as PDF files without text."""

import io

import pypdfium2 as pdfium
from PIL import Image

from tests.rag.pdf_files import PdfPage, lines, make_pdf

LETTER = [
    "Dear customer, the warehouse in Bremen opens at seven in the morning",
    "and closes at six in the evening. Deliveries are taken until five, and",
    "a driver who comes later is asked to call the night desk first.",
]


def picture(texts=LETTER, dpi=200, size=12, turned=0):
    """A grey picture of a page with these lines, turned clockwise by ``turned`` degrees."""
    page = PdfPage(lines(texts, size=size, leading=1.3 * size), rotate=turned)
    document = pdfium.PdfDocument(make_pdf([page]))
    return document[0].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")


def saved(*pictures, file_format="PNG", dpi=200, **options):
    """The bytes of a file with these pictures as its pages."""
    buffer = io.BytesIO()
    first, *others = pictures
    if others:
        options |= {"save_all": True, "append_images": others}
    options |= {"resolution": dpi} if file_format == "PDF" else {"dpi": (dpi, dpi)}
    first.save(buffer, file_format, **options)
    return buffer.getvalue()


def blank():
    """An empty page."""
    return Image.new("L", (1700, 2200), 255)
