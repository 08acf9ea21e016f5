"""Workbooks: sheets as headings, regions as tables, values as shown, in XLSX, XLSB and XLS alike."""

import struct

import pytest

from rag.errors import ParsingError
from rag.parsing import limits
from tests.rag.office_files import cell, make_ole, make_xlsx, make_zip, relations
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats

STYLES = """<numFmts><numFmt numFmtId="170" formatCode="0.0%"/></numFmts>
<cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="14"/></cellXfs>"""


def rows(*lines):
    """Sheet data from lists of texts; an empty text is no cell."""
    made = (
        f'<row r="{r}">' + "".join(cell(f"{chr(65 + c)}{r}", text) for c, text in enumerate(line) if text) + "</row>"
        for r, line in enumerate(lines, 1)
    )
    return f"<sheetData>{''.join(made)}</sheetData>"


def read(folder, sheets, **options):
    return parsed(folder, make_xlsx(sheets, **options), "plan.xlsx")


def refused(folder, content, name="plan.xlsx"):
    with pytest.raises(ParsingError) as caught:
        parsed(folder, content, name)
    return caught.value.code


def test_each_sheet_is_a_heading_and_the_file_names_the_document(tmp_path):
    document = read(tmp_path, {"Costs": rows(["a", "b"], ["c", "d"]), "Empty": "", "Notes": rows(["only this"])})
    assert document.title == "plan"
    assert outline(document) == [
        ("heading", 1, "Costs"),
        ("table", 0, "| a | b |\n| --- | --- |\n| c | d |"),
        ("heading", 1, "Notes"),
        ("paragraph", 0, "only this"),
    ]


def test_values_are_as_a_person_sees_them(tmp_path):
    data = (
        '<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>0.125</v></c>'
        '<c r="C1" s="2"><v>45366</v></c>'
        '<c r="D1" t="b"><v>1</v></c><c r="E1" t="e"><v>#N/A</v></c><c r="F1" t="str"><f>A1</f><v>sum</v></c>'
        '<c r="G1"><f>1+1</f></c><c r="H1" t="d"><v>2024-03-15T00:00:00</v></c></row></sheetData>'
    )
    strings = ["<r><t>Yen</t></r><r><t> rate</t></r><rPh><t>kana</t></rPh>"]
    document = read(tmp_path, {"A": data}, styles=STYLES, strings=strings)
    table = "| Yen rate | 12.5% | 2024-03-15 | TRUE | #N/A | sum | 2024-03-15 |"
    assert outline(document)[1][2].splitlines()[0] == table
    assert [note.code for note in document.notes] == ["formulas_without_results"]


def test_blank_rows_and_columns_part_tables(tmp_path):
    lines = [["a", "b", "", "x", "y"], ["c", "d", "", "v", "w"], [], ["p", "q"], ["r", "s"]]
    assert [text for _, _, text in outline(read(tmp_path, {"S": rows(*lines)}))] == [
        "S",
        "| a | b |\n| --- | --- |\n| c | d |",
        "| x | y |\n| --- | --- |\n| v | w |",
        "| p | q |\n| --- | --- |\n| r | s |",
    ]


def test_figures_beside_a_narrow_free_column_keep_their_labels(tmp_path):
    lines = [["", "", "2024"], ["Revenue", "", "1,200"], ["Costs", "", "(900)"]]
    table = "|  | 2024 |\n| --- | --- |\n| Revenue | 1,200 |\n| Costs | (900) |"
    assert outline(read(tmp_path, {"S": rows(*lines)}))[1:] == [("table", 0, table)]


def test_a_line_above_a_table_is_its_title(tmp_path):
    lines = [["Staff by office"], ["Office", "People"], ["Oslo", "12"]]
    assert outline(read(tmp_path, {"S": rows(*lines)}))[1:] == [
        ("paragraph", 0, "Staff by office"),
        ("table", 0, "| Office | People |\n| --- | --- |\n| Oslo | 12 |"),
    ]


def test_merged_cells_hold_a_table_together_and_label_each_row(tmp_path):
    merges = '<mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="A2:A3"/></mergeCells>'
    merged = rows(["All", "", "", "z"], ["a", "b", "c", "d"], ["", "e", "f", "g"]) + merges
    assert outline(read(tmp_path, {"S": merged}))[1:] == [
        ("table", 0, "| All |  |  | z |\n| --- | --- | --- | --- |\n| a | b | c | d |\n| a | e | f | g |")
    ]


def test_hidden_sheets_are_left_out_with_a_note(tmp_path):
    document = read(tmp_path, {"Open": rows(["seen"]), "Secret": rows(["unseen"])}, hidden=("Secret",))
    assert "unseen" not in document.text
    assert [(note.code, "Secret" in note.message) for note in document.notes] == [("hidden_sheets", True)]


def test_comments_and_text_boxes_stand_below_the_sheet(tmp_path):
    comment = '<comment ref="B2"><text><t>Check this</t></text></comment>'
    parts = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(c="comments ../c.xml", d="drawing ../d.xml"),
        "xl/c.xml": f"<comments><commentList>{comment}</commentList></comments>",
        "xl/d.xml": '<x:wsDr xmlns:x="x" xmlns:a="a"><x:txBody><a:p><a:t>Boxed</a:t></a:p></x:txBody></x:wsDr>',
    }
    document = read(tmp_path, {"S": rows(["a"])}, parts=parts)
    assert document.text.endswith("Comment on B2: Check this\n\nBoxed")


def test_a_cell_at_the_far_corner_costs_nothing(tmp_path):
    far = f'<row r="1">{cell("A1", "near")}</row><row r="1048576">{cell("XFD1048576", "far")}</row>'
    document = read(tmp_path, {"S": f"<sheetData>{far}</sheetData>"})
    assert [text for _, _, text in outline(document)] == ["S", "near", "far"]


def test_absurd_sheets_are_refused(tmp_path, monkeypatch):
    diagonal = "".join(f'<row r="{i}">{cell(f"{name(i)}{i}", "x")}</row>' for i in range(1, 2_000))
    assert refused(tmp_path, make_xlsx({"S": f"<sheetData>{diagonal}</sheetData>"})) == "too_large"
    monkeypatch.setattr(limits, "MAX_SHEETS", 3)
    assert refused(tmp_path, make_xlsx({f"S{i}": "" for i in range(4)})) == "too_large"


def test_a_long_text_in_very_many_cells_is_refused(tmp_path):
    many = "".join('<c t="s"><v>0</v></c>' for _ in range(100))
    content = make_xlsx({"S": f"<sheetData><row>{many}</row></sheetData>"}, strings=[f"<t>{'long ' * 100_000}</t>"])
    assert refused(tmp_path, content) == "too_large"


def test_a_sheet_with_a_document_type_is_damaged(tmp_path):
    held = '<sheetData><row><c t="str"><v>&a;</v></c></row></sheetData>'
    sheet = f'<!DOCTYPE w [<!ENTITY a "b">]><worksheet>{held}</worksheet>'
    content = make_xlsx({"S": ""}, parts={"xl/worksheets/sheet1.xml": sheet})
    assert refused(tmp_path, content) == "corrupt"


def name(column):
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def record(number, data=b""):
    """A record of XLSB: its number and its size, seven bits a byte."""
    head = bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])
    return head + bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data


def wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def make_xlsb(sheet):
    formats = record(44, struct.pack("<H", 170) + wide("0.0%")) + record(617)
    formats += (
        record(47, struct.pack("<HHHH", 0, 0, 0, 0)) + record(47, struct.pack("<HHHH", 0, 170, 0, 0)) + record(618)
    )
    sheets = record(156, struct.pack("<II", 0, 1) + wide("s1") + wide("Open"))
    sheets += record(156, struct.pack("<II", 1, 2) + wide("s1") + wide("Secret"))
    return make_zip(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations(r="officeDocument xl/workbook.bin"),
            "xl/workbook.bin": sheets,
            "xl/_rels/workbook.bin.rels": relations(
                s1="worksheet worksheets/sheet1.bin", t="styles styles.bin", u="sharedStrings strings.bin"
            ),
            "xl/styles.bin": formats,
            "xl/strings.bin": record(19, b"\0" + wide("shared")),
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def place(column, style=0):
    return struct.pack("<II", column, style)


def test_a_binary_workbook_reads_like_the_other(tmp_path):
    sheet = record(0, struct.pack("<I", 4)) + record(7, place(0) + struct.pack("<I", 0))
    sheet += record(6, place(1) + wide("inline")) + record(5, place(2, 1) + struct.pack("<d", 0.125))
    sheet += record(2, place(3) + struct.pack("<I", 1234 << 2 | 3)) + record(4, place(4) + b"\1")
    sheet += record(3, place(5) + b"\x2a")
    document = parsed(tmp_path, make_xlsb(sheet), "plan.xlsb")
    assert document.kind == "xlsx"
    assert outline(document)[:2] == [
        ("heading", 1, "Open"),
        ("table", 0, "| shared | inline | 12.5% | 12.34 | TRUE | #N/A |\n| --- | --- | --- | --- | --- | --- |"),
    ]
    assert [note.code for note in document.notes] == ["hidden_sheets"]


@pytest.mark.parametrize("sheet", [record(0, b"\1"), record(6, place(0) + struct.pack("<I", 1 << 30)), b"\x80"])
def test_broken_records_are_damage(tmp_path, sheet):
    assert refused(tmp_path, make_xlsb(sheet), "plan.xlsb") == "corrupt"


def make_xls(*cells):
    """A workbook of Excel 97 with one sheet: records of [MS-XLS]."""

    def biff(number, data):
        return struct.pack("<HH", number, len(data)) + data

    def text(said, size="<H"):
        return struct.pack(size, len(said)) + b"\1" + said.encode("utf-16-le")

    font = biff(0x31, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + text("Arial", "<B"))
    formats = biff(0x41E, struct.pack("<H", 170) + text("0.0%"))
    styles = biff(0xE0, struct.pack("<HHH", 0, 0, 0) + bytes(14)) + biff(
        0xE0, struct.pack("<HHH", 0, 170, 0) + bytes(14)
    )
    head = biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 1997, 0, 0)) + font * 4 + formats + styles
    named = text("Old", "<B")
    start = len(head) + 4 + 6 + len(named) + 4
    book = head + biff(0x85, struct.pack("<IH", start, 0) + named) + biff(0x0A, b"")
    book += biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 1997, 0, 0))
    for column, held in enumerate(cells):
        if isinstance(held, str):
            book += biff(0x204, struct.pack("<HHH", 0, column, 0) + text(held))
        else:
            book += biff(0x203, struct.pack("<HHHd", 0, column, 1, held))
    return make_ole({"Workbook": book + biff(0x0A, b"")})


def test_an_old_workbook_reads_like_the_other(tmp_path):
    document = parsed(tmp_path, make_xls("Größe", 0.125), "plan.xls")
    assert document.kind == "xlsx"
    assert document.text == "Old\n\n| Größe | 12.5% |\n| --- | --- |"


def test_a_broken_old_workbook_is_damaged(tmp_path):
    assert refused(tmp_path, make_ole({"Workbook": b"\x09\x08nonsense" * 100}), "plan.xls") == "corrupt"
