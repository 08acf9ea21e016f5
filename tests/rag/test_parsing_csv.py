"""Separated values: the separator and the header are found, each row becomes a line of a table."""

import pytest

from rag.errors import ParsingError
from rag.parsing import detect_kind, limits
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats

ROWS = [["Item", "Price", "Sold on"], ["Chair", "49", "2024-03-01"], ["Desk, oak", "199", "2024-03-02"]]
TABLE = "| Item | Price | Sold on |\n| --- | --- | --- |\n| Chair | 49 | 2024-03-01 |\n| Desk, oak | 199 | 2024-03-02 |"


def written(separator, rows=ROWS):
    return "\n".join(separator.join(f'"{cell}"' if separator in cell else cell for cell in row) for row in rows)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_separator_is_found(tmp_path, separator, encoding):
    document = parsed(tmp_path, written(separator).encode(encoding), "sales.csv")
    assert document.kind == "csv"
    assert outline(document) == [("table", 0, TABLE)]
    assert document.title == "sales"


def test_a_decimal_comma_does_not_outweigh_the_semicolon(tmp_path):
    document = parsed(tmp_path, "Ware;Preis\nStuhl;49,50\nTisch;199,00\n", "preise.csv")
    assert document.text.endswith("| Stuhl | 49,50 |\n| Tisch | 199,00 |")


def test_a_quoted_cell_may_have_lines_and_quotation_marks(tmp_path):
    document = parsed(tmp_path, 'Name,Note\nAnn,"one\ntwo ""quoted"""\nBob,none\n', "a.csv")
    assert '| Ann | one two "quoted" |\n| Bob | none |' in document.text


def test_a_quotation_mark_that_nothing_closes_swallows_no_rows(tmp_path):
    rows = "".join(f"{number},fine\n" for number in range(400))
    document = parsed(tmp_path, f'Number,State\n0,"broken\n{rows}', "a.csv")
    assert document.text.count("\n") > 400
    assert '| 0 | "broken |' in document.text


def test_one_column_stays_one(tmp_path):
    document = parsed(tmp_path, "Industry\nAccounting, tax\nHotels\nTrade; retail\n", "a.csv")
    assert outline(document)[0][2].endswith("| Accounting, tax |\n| Hotels |\n| Trade; retail |")


def test_rows_without_a_header_get_an_empty_one(tmp_path):
    document = parsed(tmp_path, "1,2024-01-02,5.50\n2,2024-01-03,6.50\n3,2024-01-04,7.00\n", "a.csv")
    assert document.text.startswith("|  |  |  |\n| --- | --- | --- |\n| 1 | 2024-01-02 | 5.50 |\n")


def test_years_can_head_columns(tmp_path):
    document = parsed(tmp_path, "Region,2022,2023\nNorth,10,12\nSouth,20,22\n", "a.csv")
    assert document.text.startswith("| Region | 2022 | 2023 |\n| --- |")


def test_a_title_above_the_table_is_its_caption(tmp_path):
    document = parsed(tmp_path, "Stanley Cups,,\nTeam,Location,Cups\nBlues,STL,1\n", "a.csv")
    assert outline(document)[0] == ("caption", 0, "Stanley Cups")
    assert outline(document)[1][2].startswith("| Team | Location | Cups |")


def test_rows_of_uneven_length_keep_every_cell(tmp_path):
    document = parsed(tmp_path, "a,b,c\n1,2\n1,2,3,4\nx,y,z\n", "a.csv")
    assert "| 1 | 2 | 3 | 4 |" in document.text


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", "just one line", "csv"),
        ("export", "a\tb\tc\n1\t2\t3\n4\t5\t6\n", "csv"),
        ("export", "a,b,c\n1,2,3\n4,5,6\n", "csv"),
        ("letter", "Dear Ann,\nthank you, as ever, for the chairs.\nYours,\nBob\n", "text"),
        ("notes.txt", "a,b,c\n1,2,3\n4,5,6\n", "text"),
    ],
)
def test_content_tells_where_the_name_does_not(tmp_path, name, content, kind):
    path = tmp_path / "stored"
    path.write_text(content)
    assert detect_kind(path, name) == kind


def test_too_many_cells_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_TABLE_CELLS", 100)
    with pytest.raises(ParsingError) as caught:
        parsed(tmp_path, "a,b,c\n" * 50, "a.csv")
    assert caught.value.code == "too_large"


def test_one_endless_line_and_one_endless_cell_are_read(tmp_path):
    assert parsed(tmp_path, "a,b\n" + "x" * 3_000_000 + ",y\n", "a.csv").text.endswith("| y |")
    assert parsed(tmp_path, ",".join(["cell"] * 100_000), "a.csv").kind == "csv"
