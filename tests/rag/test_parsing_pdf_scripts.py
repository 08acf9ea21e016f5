"""PDF: text that runs from right to left, down the page or sideways is read as it is meant, boxes where it stands."""

import pytest

from tests.rag.parsed import outline, parsed
from tests.rag.pdf_files import PdfPage, Run, backwards, downwards, make_pdf

pytestmark = pytest.mark.formats

ARABIC = [
    "مرحبا بالعالم هذا نص طويل",
    "يمتد على عدة أسطر في عمود",
    "واحد من الصفحة الثانية هنا",
    "وينتهي في السطر الرابع منه",
]
HEBREW = ["שלום עולם זה טקסט ארוך", "שנמשך על פני כמה שורות", "בעמודה אחת של הדף הזה", "ומסתיים בשורה הרביעית"]
MORE = ["ואז ממשיך בשורה הבאה", "ומסתיים סוף סוף בשישית."]
MORE_ARABIC = ["ثم يستمر السطر الخامس هنا", "وينتهي أخيرا في السادس."]
JAPANESE = ["吾輩は猫である名前はまだ", "無いどこで生れたかとんと", "見当がつかぬ何でも薄暗い"]
PROSE = [
    "The warehouse in Bremen opens at seven in the morning and closes",
    "at six in the evening. Deliveries are taken until five. A driver who",
    "comes later is asked to call the night desk first.",
]


def read(folder, *runs):
    return parsed(folder, make_pdf([PdfPage(list(runs))]), "report.pdf")


def box_of(document, text):
    at = document.text.index(text)
    return next(box for box in document.pages[0].boxes if box.start <= at < box.end)


def columns(left, right):
    """Each line of two columns from right to left: the order of many files."""
    return [
        run
        for row, (a, b) in enumerate(zip(right, left, strict=True))
        for run in (backwards(550, 700 - 15 * row, a, 8), backwards(280, 700 - 15 * row, b, 8))
    ]


def test_columns_written_from_right_to_left_are_read_right_column_first(tmp_path):
    document = read(tmp_path, *columns(ARABIC + MORE_ARABIC, HEBREW + MORE))
    assert document.text == " ".join(HEBREW + MORE) + "\n\n" + " ".join(ARABIC + MORE_ARABIC)
    assert box_of(document, "שלום").x0 > 500
    assert box_of(document, "مرحبا").x1 < 281


def test_columns_from_right_to_left_are_read_right_column_first_in_whatever_order_they_were_written(tmp_path):
    right, left = HEBREW + MORE, ARABIC + MORE_ARABIC
    written = [
        [backwards(280, 700 - 15 * row, text, 8) for row, text in enumerate(left)],
        [backwards(550, 700 - 15 * row, text, 8) for row, text in enumerate(right)],
    ]
    for number, sides in enumerate((written, written[::-1])):
        (tmp_path / str(number)).mkdir()
        document = read(tmp_path / str(number), *(run for side in sides for run in side))
        assert document.text == " ".join(right) + "\n\n" + " ".join(left)


def test_a_table_written_from_right_to_left_has_its_first_column_on_the_right(tmp_path):
    rows = [("פריט", "מחיר", "מלאי"), ("כיסא", "49", "12"), ("שולחן", "199", "3")]
    document = read(
        tmp_path,
        *[backwards(500 - 150 * c, 700 - 15 * r, text) for r, row in enumerate(rows) for c, text in enumerate(row)],
    )
    table = "| פריט | מחיר | מלאי |\n| --- | --- | --- |\n| כיסא | 49 | 12 |\n| שולחן | 199 | 3 |"
    assert outline(document) == [("table", 0, table)]


def test_lam_and_alef_of_one_glyph_are_in_their_order(tmp_path):
    document = read(tmp_path, backwards(540, 700, "على رأسها ا&ولى مرحبا"))
    assert document.text == "على رأسها الأولى مرحبا"


@pytest.mark.parametrize("reverse", [False, True])
def test_japanese_written_downwards_is_read_from_the_right(tmp_path, reverse):
    made = [downwards(500 - 18 * index, 700, text) for index, text in enumerate(JAPANESE)]
    document = read(tmp_path, *[run for runs in (made[::-1] if reverse else made) for run in runs])
    assert document.text == "".join(JAPANESE)
    first, last = box_of(document, "吾"), box_of(document, "見")
    assert last.x1 < first.x0
    assert abs(first.y0 - last.y0) < 2


def test_japanese_in_two_tiers_is_read_tier_by_tier(tmp_path):
    lower = [text[::-1] for text in JAPANESE]
    runs = [
        run
        for top, texts in ((700, JAPANESE), (400, lower))
        for index, text in enumerate(texts)
        for run in downwards(500 - 18 * index, top, text)
    ]
    assert read(tmp_path, *runs).text == "".join(JAPANESE) + "\n\n" + "".join(lower)


def test_chinese_in_wide_spacing_has_no_spaces(tmp_path):
    runs = [Run(72, 700 - 20 * index, " ".join(text), squares=True) for index, text in enumerate(JAPANESE)]
    assert read(tmp_path, *runs).text == "".join(JAPANESE)


@pytest.mark.parametrize("way", ["up", "down", "over"])
def test_a_page_set_sideways_or_upside_down_is_read_line_by_line(tmp_path, way):
    place = {
        "up": lambda row: Run(100 + 14 * row, 200, PROSE[row], matrix="0 1 -1 0"),
        "down": lambda row: Run(500 - 14 * row, 700, PROSE[row], matrix="0 -1 1 0"),
        "over": lambda row: Run(500, 100 + 14 * row, PROSE[row], matrix="-1 0 0 -1"),
    }[way]
    document = read(tmp_path, *[place(row) for row in range(3)])
    assert document.text == " ".join(PROSE)
    first = box_of(document, "The")
    expected = {"up": (88, 592), "down": (498, 92), "over": (500, 692)}[way]
    assert abs(first.x0 - expected[0]) < 40
    assert abs(first.y1 - expected[1]) < 40


def test_a_page_turned_and_set_sideways_is_level(tmp_path):
    runs = [Run(100 + 14 * row, 200, text, matrix="0 1 -1 0") for row, text in enumerate(PROSE)]
    document = parsed(tmp_path, make_pdf([PdfPage(runs, rotate=90)]), "report.pdf")
    assert document.text == " ".join(PROSE)
