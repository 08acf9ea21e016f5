"""PDF: text in reading order, boxes where the words are seen, and a plain reason for what cannot be read."""

import numpy as np
import pypdfium2 as pdfium
import pytest

from rag.errors import ParsingError
from rag.parsing import limits
from tests.rag.parsed import outline, parsed
from tests.rag.pdf_files import PdfPage, Run, lines, make_pdf

pytestmark = pytest.mark.formats

PROSE = [
    "The warehouse in Bremen opens at seven in the morning and closes",
    "at six in the evening. Deliveries are taken until five. A driver who",
    "comes later is asked to call the night desk first.",
]


def read(folder, *pages, **options):
    return parsed(folder, make_pdf(list(pages), **options), "report.pdf")


def refused(folder, content):
    with pytest.raises(ParsingError) as caught:
        parsed(folder, content, "report.pdf")
    return caught.value


def test_lines_of_a_paragraph_become_one_text(tmp_path):
    document = read(tmp_path, PdfPage(lines(PROSE)))
    assert document.kind == "pdf"
    assert document.text == " ".join(PROSE)
    assert [page.number for page in document.pages] == [1]
    assert document.pages[0].width == 612
    assert document.pages[0].height == 792


def test_each_word_has_a_box_with_its_own_text(tmp_path):
    document = read(tmp_path, PdfPage(lines(PROSE)))
    words = [document.text[box.start : box.end] for box in document.pages[0].boxes]
    assert words == document.text.split()


def test_a_wider_gap_begins_a_new_paragraph(tmp_path):
    document = read(tmp_path, PdfPage(lines(PROSE) + lines(PROSE, top=650)))
    assert [kind for kind, _, _ in outline(document)] == ["paragraph", "paragraph"]


def test_a_short_line_that_ends_a_sentence_ends_its_paragraph(tmp_path):
    document = read(tmp_path, PdfPage(lines(PROSE + PROSE)))
    assert len(document.blocks) == 2


def test_short_lines_stand_alone(tmp_path):
    document = read(
        tmp_path, PdfPage(lines(["May 5, 2023", "To whom it may concern", *PROSE, "Best regards,", "Mallori"]))
    )
    assert [text for _, _, text in outline(document)] == [
        "May 5, 2023",
        "To whom it may concern",
        " ".join(PROSE),
        "Best regards,",
        "Mallori",
    ]


def test_larger_or_bold_type_is_a_heading(tmp_path):
    page = PdfPage(
        [
            Run(72, 740, "Opening hours", 20),
            *lines(PROSE, top=700),
            Run(72, 640, "Holidays", 12, bold=True),
            *lines(PROSE, top=620),
        ]
    )
    document = read(tmp_path, page)
    headings = [(level, text) for kind, level, text in outline(document) if kind == "heading"]
    assert headings == [(1, "Opening hours"), (2, "Holidays")]
    assert document.title == "Opening hours"


def test_a_word_divided_at_a_line_end_is_joined_and_keeps_both_boxes(tmp_path):
    document = read(
        tmp_path, PdfPage(lines(["The refund is paid after an exam-", "ination of the goods by our staff."]))
    )
    assert "an examination of" in document.text
    at = document.text.index("examination")
    pieces = [box for box in document.pages[0].boxes if box.start < at + 11 and box.end > at]
    assert [document.text[box.start : box.end] for box in pieces] == ["exam", "ination"]
    assert pieces[0].y1 <= pieces[1].y1 - 10


def test_a_hyphen_that_the_document_writes_elsewhere_stays(tmp_path):
    document = read(
        tmp_path,
        PdfPage(lines(["Our long-term plan holds for all, and a long-", "term plan is reviewed once in every year."])),
    )
    assert document.text.count("long-term") == 2


def test_two_columns_are_read_one_after_the_other(tmp_path):
    left = ["Left column goes first and", "all of its lines stay together", "until the column is at its end."]
    right = ["Right column follows after", "the left one has been read."]
    document = read(tmp_path, PdfPage(lines(left) + lines(right, x=330)))
    assert " ".join(left) in document.text
    assert document.text.index("at its end") < document.text.index("Right column")


def test_rows_with_wide_gaps_are_a_table_with_a_box_for_each_word(tmp_path):
    rows = [("Item", "Price", "Stock"), ("Chair", "49.00", "12"), ("Desk", "199.00", "3")]
    runs = [
        Run(72 + 150 * column, 700 - 15 * row, cell)
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
    ]
    document = read(tmp_path, PdfPage(runs))
    table = "| Item | Price | Stock |\n| --- | --- | --- |\n| Chair | 49.00 | 12 |\n| Desk | 199.00 | 3 |"
    assert outline(document) == [("table", 0, table)]
    words = [document.text[box.start : box.end] for box in document.pages[0].boxes]
    assert words == [cell for row in rows for cell in row]


def test_bullets_are_list_items(tmp_path):
    document = read(tmp_path, PdfPage(lines(["• first of them", "• second of them", "• third of them"])))
    assert [kind for kind, _, _ in outline(document)] == ["list_item"] * 3


def test_pages_hold_their_own_text_and_an_empty_page_none(tmp_path):
    document = read(tmp_path, PdfPage(lines(PROSE[:1])), PdfPage(), PdfPage(lines(PROSE[1:])))
    texts = [document.text[page.start : page.end] for page in document.pages]
    assert texts == [PROSE[0], "", " ".join(PROSE[1:])]


@pytest.mark.parametrize("drawn", [True, False])
def test_the_value_of_a_form_field_is_read_where_it_stands(tmp_path, drawn):
    document = read(tmp_path, PdfPage(lines(PROSE), field_value="Erika Mustermann", field_drawn=drawn))
    assert document.text.endswith("Erika Mustermann")
    box = document.pages[0].boxes[-1]
    assert 100 <= box.x0 < box.x1 <= 300
    assert 792 - 125 <= box.y0 < box.y1 <= 792 - 95


def test_a_large_list_item_is_no_heading(tmp_path):
    large = [Run(72, 740, "• Net sales of 14 million", 20)]
    document = read(tmp_path, PdfPage([*large, *lines(PROSE, top=700)]))
    assert outline(document)[0] == ("list_item", 1, "• Net sales of 14 million")


def test_text_beside_the_visible_page_is_left_out(tmp_path):
    document = read(tmp_path, PdfPage([*lines(PROSE), Run(2000, 400, "nobody sees this")]))
    assert "nobody" not in document.text


def test_text_set_upwards_is_neither_heading_nor_in_pieces(tmp_path):
    stamp = Run(30, 200, "Received in the post room on Monday", 20, matrix="0 1 -1 0")
    document = read(tmp_path, PdfPage([stamp, *lines(PROSE)]))
    assert outline(document)[0] == ("paragraph", 0, "Received in the post room on Monday")


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (40, 300, 560, 760)])
def test_boxes_cover_the_ink_of_the_page_as_displayed(tmp_path, rotate, crop):
    content = make_pdf([PdfPage(lines(PROSE), crop=crop, rotate=rotate)])
    document = parsed(tmp_path, content, "report.pdf")
    page = document.pages[0]
    bitmap = pdfium.PdfDocument(content)[0].render(scale=2, grayscale=True).to_numpy().squeeze()
    assert bitmap.shape == (round(page.height * 2), round(page.width * 2))
    ink = bitmap < 128
    covered = np.zeros_like(ink)
    for box in page.boxes:
        area = (slice(int(box.y0 * 2), int(box.y1 * 2) + 1), slice(int(box.x0 * 2), int(box.x1 * 2) + 1))
        assert ink[area].any()
        covered[area] = True
    assert ink.any()
    assert not (ink & ~covered).any()


def test_the_title_is_the_files_own_unless_a_program_put_a_file_name_there(tmp_path):
    assert read(tmp_path, PdfPage(lines(PROSE)), title="Warehouse rules").title == "Warehouse rules"
    for title in ("Microsoft Word - rules_v3.docx", "10811.exe", "Untitled", "Document1", ""):
        assert read(tmp_path, PdfPage(lines(PROSE)), title=title).title == "report"


def test_a_pdf_of_empty_pages_is_named_so(tmp_path):
    error = refused(tmp_path, make_pdf([PdfPage()]))
    assert error.code == "no_text"
    assert "empty" in error.message


def test_an_encrypted_pdf_is_refused_with_what_to_do(tmp_path):
    error = refused(tmp_path, make_pdf([PdfPage(lines(PROSE))], encrypted=True))
    assert error.code == "encrypted"
    assert "password" in error.message


@pytest.mark.parametrize("content", [b"%PDF-1.7\nnot really", b"%PDF-1.4\n" + bytes(5000)])
def test_a_damaged_pdf_is_refused(tmp_path, content):
    assert refused(tmp_path, content).code == "corrupt"


def test_a_pdf_with_too_many_pages_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PAGES", 2)
    error = refused(tmp_path, make_pdf([PdfPage(lines(PROSE))] * 3))
    assert error.code == "too_large"
    assert "2 pages" in error.message
