"""PDF: text that goes on over a line's, a column's or a page's end, and the notes that stand in between."""

import pytest

from rag.parsing.pdf_hyphens import divides
from tests.rag.parsed import outline, parsed
from tests.rag.pdf_files import PdfPage, Run, lines, make_pdf

pytestmark = pytest.mark.formats

FIRST = [
    "The warehouse in Bremen opens at seven in the morning and closes",
    "at six in the evening. Deliveries are taken until five, and a driver",
]
SECOND = ["who comes later is asked to call the night desk before unloading.", "Nobody is let in without a call."]
LEFT = ["The left column of this page", "ends in the middle of what is", "said there, and only further on"]
RIGHT = ["does the sentence come to its", "end, as is usual in columns."]


def read(folder, *pages):
    return parsed(folder, make_pdf(list(pages)), "report.pdf")


def texts(document):
    return [text for _, _, text in outline(document)]


def test_a_paragraph_that_goes_on_on_the_next_page_is_one(tmp_path):
    document = read(tmp_path, PdfPage(lines(FIRST)), PdfPage(lines(SECOND)))
    assert texts(document) == [" ".join(FIRST + SECOND)]
    parts = [document.text[page.start : page.end] for page in document.pages]
    assert parts == [" ".join(FIRST), " ".join(SECOND)]
    last = document.pages[1].boxes[-1]
    assert document.text[last.start : last.end] == "call."


def test_a_word_divided_at_a_page_end_is_joined(tmp_path):
    document = read(
        tmp_path,
        PdfPage(lines([FIRST[0], "at six. The refund is paid after an exam-"])),
        PdfPage(lines(["ination of the goods by our own staff."])),
    )
    assert "after an examination of the goods" in document.text
    assert [document.text[page.start : page.end].split()[-1] for page in document.pages] == ["exam", "staff."]


@pytest.mark.parametrize("after", [["Holidays are said on the door", "of the warehouse."], ["• who comes later"]])
def test_what_begins_anew_on_the_next_page_stands_alone(tmp_path, after):
    document = read(tmp_path, PdfPage(lines([*FIRST[:1], "at six in the evening."])), PdfPage(lines(after)))
    assert len(document.blocks) > 1
    assert texts(document)[0].endswith("in the evening.")


def test_a_short_line_at_a_page_end_is_not_gone_on_with(tmp_path):
    document = read(tmp_path, PdfPage(lines([*FIRST, *SECOND, "", "Mallori"])), PdfPage(lines(["and the rest of it."])))
    assert texts(document)[-2:] == ["Mallori", "and the rest of it."]


def test_a_footnote_does_not_cut_a_paragraph_that_goes_on_on_the_next_page(tmp_path):
    note = [Run(72, 80, "1 See the annual report of the harbour.", 8)]
    document = read(tmp_path, PdfPage([*lines(FIRST * 3), *note]), PdfPage(lines(SECOND)))
    assert " ".join(FIRST + SECOND) in document.text
    note_at = document.text.index("1 See the annual report")
    assert document.pages[0].start <= note_at < document.pages[0].end


def test_a_footnote_does_not_cut_a_paragraph_that_goes_on_in_the_next_column(tmp_path):
    note = [Run(72, 90, "2 Counted in May.", 8)]
    body = [*lines(LEFT * 3), *note, *lines(RIGHT, x=330)]
    document = read(tmp_path, PdfPage(body))
    assert " ".join([LEFT[2], *RIGHT]) in document.text
    assert texts(document)[-1] == "2 Counted in May."


def test_a_footnote_after_a_finished_paragraph_stays_last(tmp_path):
    note = [Run(72, 80, "* Prices without tax.", 8)]
    document = read(tmp_path, PdfPage([*lines([*FIRST, *SECOND]), *note]), PdfPage(lines(SECOND)))
    assert document.text.index("Prices without tax") < document.text.rindex("who comes later")
    assert document.text.index("let in without a call") < document.text.index("Prices without tax")


def test_pages_of_one_endless_sentence_follow_each_other(tmp_path):
    page = PdfPage(lines([line.replace(".", ",") for line in FIRST], top=500))
    document = read(tmp_path, *[page] * 45)
    assert len(document.pages) == 45
    assert all(page.start < page.end for page in document.pages)


@pytest.mark.parametrize(
    ("head", "tail", "said", "divided"),
    [
        ("exam", "ination", "", True),
        ("exam", "ination", "the exam of and", True),
        ("well", "known", "", False),
        ("cost", "benefit", "the cost of and benefit", False),
        ("cost", "benefit", "the cost of and benefit costbenefit", True),
        ("with", "out", "the with of and out without", True),
        ("your", "self", "the your of and self", True),
        ("under", "standing", "the under of and standing", True),
        ("long", "lasting", "long-lasting", False),
        ("state-of-the", "art", "the", False),
        ("decision-mak", "ing", "the decision of and", True),
        ("e", "mail", "", False),
        ("daten", "schutz", "die daten und schutz", True),
    ],
)
def test_a_hyphen_goes_where_the_document_shows_that_it_only_divides_a_word(head, tail, said, divided):
    assert divides(head, tail, set(said.split())) is divided


@pytest.mark.parametrize(
    ("line", "following", "expected"),
    [
        ("All prices are given for short- ", "and long-term contracts of ours", "short- and long-term"),
        ("The figures are shown as non-", "GAAP measures in this report", "non-GAAP measures"),
        ("Since the year of COVID-", "19 the desk is not open at night", "COVID-19 the desk"),
        ("It is read by a day-", "to-day routine of the staff", "day-to-day routine"),
    ],
)
def test_a_hyphen_that_is_part_of_the_word_stays(tmp_path, line, following, expected):
    assert expected in read(tmp_path, PdfPage(lines([line.strip(), following]))).text
