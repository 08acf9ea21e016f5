"""Pictures of text: read by OCR with boxes on the ink, or said to be unread; never silent, never without bounds."""

import io
import struct
import zlib

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from rag.errors import ParsingError
from rag.parsing import limits, ocr
from rag.parsing.ocr_languages import guessed, installed
from rag.parsing.pdf_scans import is_garbage
from rag.parsing.pdf_words import Word
from rag.parsing.pictures import pages_in_words
from rag.parsing.sandbox import ParsingSandbox
from tests.rag.parsed import parsed
from tests.rag.pdf_files import PdfPage, lines, make_pdf
from tests.rag.scan_files import LETTER, blank, picture, saved

pytestmark = pytest.mark.formats

FRENCH = [
    "Les élèves français préfèrent la forêt à la plage, et ils ont été",
    "très étonnés de ce que le maître a dit.",
]


def refused(folder, content, name):
    with pytest.raises(ParsingError) as caught:
        parsed(folder, content, name)
    return caught.value


def joined(*files):
    """One PDF with the pages of all these."""
    whole = pdfium.PdfDocument.new()
    for content in files:
        whole.import_pages(pdfium.PdfDocument(content))
    buffer = io.BytesIO()
    whole.save(buffer)
    return buffer.getvalue()


def notes(document):
    return {note.code: note.message for note in document.notes}


def check_ink(page, text, pixels):
    """Each box has ink in it, and hardly any ink lies outside of all boxes."""
    ink = np.asarray(pixels) < 128
    scale = pixels.width / page.width
    covered = np.zeros_like(ink)
    for box in page.boxes:
        rows = slice(max(int(box.y0 * scale) - 2, 0), int(box.y1 * scale) + 3)
        columns = slice(max(int(box.x0 * scale) - 2, 0), int(box.x1 * scale) + 3)
        assert ink[rows, columns].any(), text[box.start : box.end]
        covered[rows, columns] = True
    assert (ink & ~covered).sum() < 0.02 * ink.sum()


def test_a_scanned_page_is_read_and_marked_as_such(tmp_path):
    document = parsed(tmp_path, saved(picture(), file_format="PDF"), "scan.pdf")
    assert document.text == " ".join(LETTER)
    assert [page.scanned for page in document.pages] == [True]
    assert notes(document) == {"scan_read": "Read from a picture: page 1. Check quotes against it."}
    check_ink(document.pages[0], document.text, picture())


def test_a_page_with_text_beside_scanned_ones_keeps_its_own(tmp_path):
    born, scan = make_pdf([PdfPage(lines(LETTER))]), saved(picture(LETTER[:1]), file_format="PDF")
    document = parsed(tmp_path, joined(scan, born, scan, scan), "mixed.pdf")
    assert [page.scanned for page in document.pages] == [True, False, True, True]
    assert notes(document)["scan_read"].startswith("Read from a picture: page 1, 3, 4. ")


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
def test_a_picture_is_read_in_every_format(tmp_path, file_format):
    document = parsed(tmp_path, saved(picture(), file_format=file_format), "letter")
    assert document.kind == "image"
    assert document.text == " ".join(LETTER)
    assert document.title == "letter"
    check_ink(document.pages[0], document.text, picture())


def test_each_page_of_a_tiff_is_a_page(tmp_path):
    document = parsed(tmp_path, saved(picture(LETTER[:1]), blank(), picture(LETTER[1:]), file_format="TIFF"), "fax.tif")
    texts = [document.text[page.start : page.end] for page in document.pages]
    assert texts == [LETTER[0], "", " ".join(LETTER[1:])]
    assert [round(page.width) for page in document.pages] == [612, 612, 612]


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_turned_picture_is_read_upright_with_boxes_where_the_words_are(tmp_path, turned):
    page = picture(turned=turned)
    document = parsed(tmp_path, saved(page, file_format="PDF"), "scan.pdf")
    assert document.text.split() == " ".join(LETTER).split()
    check_ink(document.pages[0], document.text, page)


def test_a_camera_that_noted_how_it_was_held_is_believed(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = saved(picture().transpose(Image.Transpose.ROTATE_90), file_format="JPEG", exif=exif.tobytes())
    document = parsed(tmp_path, content, "photo.jpg")
    assert document.text == " ".join(LETTER)
    assert document.pages[0].width < document.pages[0].height


def test_text_on_a_transparent_ground_is_read(tmp_path):
    grey = np.asarray(picture())
    ink = np.zeros((*grey.shape, 4), np.uint8)
    ink[..., 3] = 255 - grey
    assert parsed(tmp_path, saved(Image.fromarray(ink)), "logo.png").text == " ".join(LETTER)


def test_accents_are_kept_once_the_language_is_known(tmp_path):
    document = parsed(tmp_path, saved(picture(FRENCH), file_format="PDF"), "lettre.pdf")
    assert document.text == " ".join(FRENCH)


def test_a_blank_page_is_not_a_scan(tmp_path):
    content = joined(make_pdf([PdfPage(lines(LETTER))]), make_pdf([PdfPage()]))
    assert parsed(tmp_path, content, "report.pdf").notes == ()


def test_a_picture_without_text_is_named_so(tmp_path):
    noise = np.random.default_rng(3).integers(0, 255, (35, 25), np.uint8).repeat(20, 0).repeat(20, 1)
    for name, content in (("a.png", saved(Image.fromarray(noise))), ("a.tif", saved(blank(), file_format="TIFF"))):
        assert refused(tmp_path, content, name).code == "no_text"
    assert "sharper" in refused(tmp_path, saved(Image.fromarray(noise), file_format="PDF"), "a.pdf").message


def test_without_a_reader_scanned_pages_are_said_to_be_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(ocr, "available", lambda: False)
    born, scan = make_pdf([PdfPage(lines(LETTER))]), saved(picture(), file_format="PDF")
    document = parsed(tmp_path, joined(born, born, scan, scan), "mixed.pdf")
    assert notes(document)["scan_unread"].startswith("Pictures of text that could not be read: page 3, 4. ")
    assert "install" in notes(document)["scan_unread"]
    for name, content in (("a.pdf", scan), ("a.png", saved(picture()))):
        error = refused(tmp_path, content, name)
        assert error.code == "no_text"
        assert "install" in error.message


def test_pages_that_there_is_no_time_for_are_said_to_be_unread(tmp_path, monkeypatch):
    born, scan = make_pdf([PdfPage(lines(LETTER))]), saved(picture(), file_format="PDF")
    left = iter([100.0])
    monkeypatch.setattr(limits, "time_left", lambda: next(left, 1.0))
    document = parsed(tmp_path, joined(born, *[scan] * 4), "mixed.pdf")
    unread = [page.number for page in document.pages if page.start == page.end]
    assert unread == [4, 5]
    assert notes(document)["scan_unread"].split(": page ")[1].startswith(pages_in_words(unread) + ". ")
    assert "time allowed" in notes(document)["scan_unread"]


def test_no_more_pages_than_allowed_are_read_from_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_SCANNED_PAGES", 1)
    document = parsed(tmp_path, saved(picture(), picture(), file_format="PDF"), "scan.pdf")
    assert [page.scanned for page in document.pages] == [True, False]


def test_a_damaged_picture_is_refused(tmp_path):
    whole = saved(picture())
    assert refused(tmp_path, whole[: len(whole) // 2], "a.png").code == "corrupt"
    assert refused(tmp_path, b"\x89PNG\r\n\x1a\n" + bytes(500), "a.png").code == "corrupt"


def test_a_picture_of_absurd_size_is_refused_before_it_is_decoded(tmp_path):
    def part(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 6, 0, 0, 0)
    content = (
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(bytes(10_000))) + part(b"IEND", b"")
    )
    assert refused(tmp_path, content, "bomb.png").code == "too_large"


def test_the_sandbox_reads_scans_as_this_process_does(tmp_path):
    path = tmp_path / "scan"
    sandbox = ParsingSandbox()
    try:
        for content in (saved(picture(), file_format="PDF"), saved(picture(), file_format="WEBP")):
            path.write_bytes(content)
            there, here = sandbox.parse(path, "scan"), parsed(tmp_path, content, "scan")
            assert there == here
    finally:
        sandbox.close()


def test_the_sandbox_survives_what_the_reader_has_to_say(tmp_path):
    path = tmp_path / "dots"
    dots = np.full((1200, 900), 255, np.uint8)
    dots[::9, ::7] = 0
    path.write_bytes(saved(Image.fromarray(dots), file_format="PDF"))
    sandbox = ParsingSandbox()
    try:
        with pytest.raises(ParsingError) as caught:
            sandbox.parse(path, "dots.pdf")
    finally:
        sandbox.close()
    assert caught.value.code == "no_text"


def test_a_file_that_may_be_a_scan_is_given_more_time(tmp_path):
    path = tmp_path / "file"
    sandbox = ParsingSandbox()
    allowed = []
    for start in (b"%PDF-1.7", b"plain te"):
        path.write_bytes(start + bytes(1024**2 - 8))
        with path.open("rb") as file:
            allowed.append(sandbox._timeout_s(file.fileno()))
    assert allowed == [120.0, 80.0]


def test_signs_without_a_meaning_are_garbage():
    def words(*texts):
        return [Word(text, 0, 0, 10, 10, False, True, False) for text in texts]

    assert is_garbage(words("\ufffd\ufffd", "\ue012\ue013", "a"))
    assert not is_garbage(words("Prices", "rise", "\uf0b7"))
    assert not is_garbage([])


def test_the_language_is_told_by_common_words():
    assert guessed("the price of the house is not in the list and that is for you to say") == "eng"
    assert guessed("das Haus ist nicht auf der Liste und die Miete wird mit dem Vertrag") == "deu"
    assert guessed("12 34 Siemens AG") is None


def test_the_languages_that_ship_are_there():
    assert {"eng", "deu", "fra", "spa"} <= set(installed())


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([3], "3"),
        ([3, 4], "3, 4"),
        ([1, 2, 3, 7], "1–3, 7"),
        (list(range(1, 100, 2)), "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, … +39"),
    ],
)
def test_page_numbers_are_written_as_people_do(numbers, words):
    assert pages_in_words(numbers) == words
