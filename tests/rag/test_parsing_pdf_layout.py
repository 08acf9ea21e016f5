"""PDF layout: tables as Markdown with a box for each word, furniture left out, columns in reading order."""

import pytest

from tests.rag.parsed import outline, parsed
from tests.rag.pdf_files import PdfPage, Run, lines, make_pdf

pytestmark = pytest.mark.formats

PROSE = [
    "The warehouse in Bremen opens at seven in the morning and closes",
    "at six in the evening. Deliveries are taken until five. A driver who",
    "comes later is asked to call the night desk first.",
]
LEFT = [
    "prophet of the jubilee was",
    "translated and edited by the",
    "religious studies center in",
    "the year and sold for half a",
    "crown to members who asked",
    "the printer for a copy of it",
]
RIGHT = [
    "garnishes his many doctrinal",
    "treatises with some fiction",
    "and with poetry that he had",
    "translated from the language",
    "of his mother who was born",
    "in a valley of the old north",
]


def read(folder, *pages, **options):
    return parsed(folder, make_pdf(list(pages), **options), "report.pdf")


def tables(document):
    return [text for kind, _, text in outline(document) if kind == "table"]


def cells(rows, widths=(120, 120, 120), top=700, height=18, x=72):
    """Runs at the left of each cell of a grid."""
    starts = [x + sum(widths[:column]) + 4 for column in range(len(widths))]
    return [
        Run(starts[column], top - height * row - 13, text, 10)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
        if text
    ]


def ruling(xs, ys):
    """The drawing of a grid's lines."""
    level = [f"{xs[0]} {y} m {xs[-1]} {y} l S" for y in ys]
    upright = [f"{x} {ys[0]} m {x} {ys[-1]} l S" for x in xs]
    return "\n".join(level + upright)


def test_a_ruled_table_is_read_by_its_rules_whatever_its_gaps(tmp_path):
    rows = [("Item", "Price", "Stock"), ("Chair, oak", "49.00", "12"), ("Desk | pine", "199.00", "")]
    drawn = ruling([72, 132, 172, 212], [700, 682, 664, 646])
    document = read(tmp_path, PdfPage(cells(rows, (60, 40, 40)), drawing=drawn))
    assert tables(document) == [
        "| Item | Price | Stock |\n| --- | --- | --- |\n| Chair, oak | 49.00 | 12 |\n| Desk \\| pine | 199.00 | |"
    ]
    words = [document.text[box.start : box.end] for box in document.pages[0].boxes]
    assert words == ["Item", "Price", "Stock", "Chair,", "oak", "49.00", "12", "Desk", "\\|", "pine", "199.00"]


def test_lines_in_one_cell_are_one_cell(tmp_path):
    runs = [Run(76, 690, "Chair", 10), Run(140, 690, "made of oak that was ex-", 10), Run(140, 678, "amined twice", 10)]
    runs += [Run(76, 660, "Desk", 10), Run(140, 660, "pine", 10)]
    document = read(tmp_path, PdfPage(runs, drawing=ruling([72, 136, 300], [702, 672, 654])))
    assert tables(document) == ["| Chair | made of oak that was examined twice |\n| --- | --- |\n| Desk | pine |"]


def test_merged_cells_are_said_once(tmp_path):
    edges = "72 700 m 72 664", "312 700 m 312 664", "192 682 m 192 664"
    drawn = "\n".join(f"{line} l S" for line in ("72 700 m 312 700", "72 682 m 312 682", "72 664 m 312 664", *edges))
    runs = [Run(80, 687, "Prices of all goods", 10), Run(80, 669, "Chair", 10), Run(200, 669, "49.00", 10)]
    document = read(tmp_path, PdfPage(runs, drawing=drawn))
    assert tables(document) == ["| Prices of all goods | |\n| --- | --- |\n| Chair | 49.00 |"]


def test_cells_told_apart_by_their_ground_are_a_table(tmp_path):
    fills = [f"{0.7 + 0.05 * c} g {72 + 100 * c} {700 - 18 * r} 100 18 re f" for r in range(3) for c in range(2)]
    rows = [("Class", "Found"), ("A, merged with B", "yes"), ("C", "no")]
    document = read(tmp_path, PdfPage(cells(rows, (100, 100), top=718), drawing="\n".join([*fills, "0 g"])))
    assert tables(document) == ["| Class | Found |\n| --- | --- |\n| A, merged with B | yes |\n| C | no |"]


def test_a_table_inside_of_a_cell_is_read_as_part_of_that_cell(tmp_path):
    outer = ruling([72, 200, 400], [700, 680, 620])
    inner = ruling([206, 260, 320], [672, 656, 640])
    joined = "200 672 m 206 672 l S 320 656 m 400 656 l S 320 672 m 400 672 l S 200 656 m 206 656 l S"
    runs = [Run(76, 686, "Left", 10), Run(204, 686, "Right", 10), Run(76, 660, "Cell", 10)]
    runs += [Run(210, 660, "A", 10), Run(264, 660, "B", 10), Run(210, 644, "1", 10), Run(264, 644, "2", 10)]
    document = read(tmp_path, PdfPage(runs, drawing=f"{outer}\n{inner}\n{joined}"))
    assert tables(document) == ["| Left | Right |\n| --- | --- |\n| Cell | A B 1 2 |"]


def test_text_laid_over_a_table_is_not_in_its_cells(tmp_path):
    rows = [("Item", "Price", "Stock"), ("Chair", "49.00", "12"), ("Desk", "199.00", "3")]
    drawn = ruling([72, 132, 192, 252], [700, 682, 664, 646])
    over = Run(80, 651, "Prices of last May", 14)
    document = read(tmp_path, PdfPage([over, *cells(rows, (60, 60, 60))], drawing=drawn))
    assert tables(document)[0].endswith("| Desk | 199.00 | 3 |")
    assert document.text.startswith("Prices of last May")


def test_stripes_behind_prose_are_no_table(tmp_path):
    stripes = [f"0.9 g {x} {705 - 14.4 * row:.1f} 200 14.4 re f" for row in range(12) for x in (60, 260, 460)]
    document = read(tmp_path, PdfPage(lines(PROSE * 3), drawing="\n".join([*stripes, "0 g"])))
    assert not tables(document)
    assert PROSE[0] in document.text


def test_a_frame_around_text_is_no_table(tmp_path):
    framed = PdfPage(lines(PROSE * 4), drawing=ruling([60, 560], [760, 300, 280]))
    assert not tables(read(tmp_path, framed))


def test_a_heading_over_several_columns_stands_over_the_first(tmp_path):
    head = [Run(196, 715, "Morning", 10), Run(436, 715, "Evening", 10)]
    rows = [("Day", "In", "Out", "In", "Out"), ("Monday", "7:00", "12:00", "13:00", "18:00")]
    rows.append(("Tuesday", "7:30", "12:30", "13:30", "18:30"))
    document = read(tmp_path, PdfPage(head + cells(rows, (120,) * 5, x=50)))
    first = tables(document)[0].splitlines()[0]
    assert first == "| | Morning | | Evening | |"


def test_currency_signs_are_not_columns(tmp_path):
    rows = [("Sales", "$", "49.00"), ("Costs", "$", "19.00"), ("Result", "$", "30.00")]
    table = tables(read(tmp_path, PdfPage(cells(rows))))[0]
    assert table.splitlines()[0] == "| Sales | $ 49.00 |"


def test_numbered_items_with_a_tab_are_a_list(tmp_path):
    runs = [Run(x, 700 - 15 * i, t) for i in range(3) for x, t in ((72, f"{i + 1}."), (110, "something to be done"))]
    assert not tables(read(tmp_path, PdfPage(runs)))


def test_prose_in_columns_written_line_by_line_is_read_column_by_column(tmp_path):
    runs = [
        run
        for row, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True))
        for run in (Run(72, 700 - 14 * row, left), Run(245, 700 - 14 * row, right))
    ]
    document = read(tmp_path, PdfPage(runs))
    assert " ".join(LEFT) in document.text
    assert " ".join(RIGHT) in document.text


def test_a_page_written_in_no_order_is_read_by_its_columns(tmp_path):
    title = Run(72, 740, "A page of two columns with a wide heading over both", 12)
    others = [[line.upper() for line in side] for side in (LEFT, RIGHT)]
    upper = [*lines(LEFT, top=700), *lines(others[0], x=330, top=700)]
    lower = [*lines(RIGHT, top=600), *lines(others[1], x=330, top=600)]
    document = read(tmp_path, PdfPage([*lower[6:], *lower[:6], *upper[6:], *upper[:6], title]))
    expected = [title.text, *LEFT, *RIGHT, *others[0], *others[1]]
    assert document.text.split() == " ".join(expected).split()


def pages_with(header=None, footer=None, count=5):
    made = []
    for number in range(1, count + 1):
        runs = [Run(72, 760, header.format(number), 9)] if header else []
        runs += lines([f"Chapter {'abcdefgh'[number]} says what it says.", *PROSE])
        made.append(PdfPage(runs + ([Run(72, 40, footer.format(number), 9)] if footer else [])))
    return made


def test_running_headers_and_footers_are_said_once(tmp_path):
    document = read(tmp_path, *pages_with("ACME staff handbook", "Printed in Bremen, edition {}"))
    assert document.text.count("ACME staff handbook") == 1
    assert document.text.count("Printed in Bremen") == 1
    assert document.text.count("says what it says") == 5


@pytest.mark.parametrize("form", ["{}", "- {} -", "Page {}", "Page {} of 5", "Seite {} von 5", "{} / 5"])
def test_page_numbers_are_left_out(tmp_path, form):
    document = read(tmp_path, *pages_with(footer=form))
    assert form.format(3) not in [text for _, _, text in outline(document)]
    assert document.text.count("says what it says") == 5


def test_on_a_single_page_only_what_is_surely_furniture_goes(tmp_path):
    footer = [Run(72, 40, "Journal of Storage", 9), Run(300, 40, "17", 9), Run(430, 40, "May 2014 | Volume 8", 9)]
    assert "Journal" not in read(tmp_path, PdfPage([*lines(PROSE), *footer])).text
    letter = read(tmp_path, PdfPage([Run(72, 760, "ACME Ltd, Bremen", 9), *lines(PROSE), Run(72, 40, "VAT 17 33", 9)]))
    assert "ACME Ltd" in letter.text
    assert "VAT 17 33" in letter.text
    stamp = Run(30, 200, "Downloaded from example.org on Monday", 9, matrix="0 1 -1 0")
    assert "Downloaded" not in read(tmp_path, PdfPage([stamp, *lines(PROSE)])).text


def test_a_number_in_the_text_stays(tmp_path):
    document = read(tmp_path, PdfPage([*lines(PROSE), Run(72, 400, "42")]))
    assert document.text.endswith("42")


def test_captions_are_told_from_text(tmp_path):
    document = read(
        tmp_path, PdfPage([*lines(PROSE), Run(72, 600, "Figure 3: Deliveries in May"), Run(72, 540, "Done.")])
    )
    assert ("caption", 0, "Figure 3: Deliveries in May") in outline(document)


def test_the_files_own_outline_makes_headings(tmp_path):
    page = PdfPage([Run(72, 740, "2.1 Opening hours"), *lines(PROSE, top=710)])
    document = read(tmp_path, page, bookmarks=["Opening hours"])
    assert outline(document)[0] == ("heading", 1, "2.1 Opening hours")
