"""Office files made to do harm, read in the sandbox: each ends with a reason, soon, and within bounded memory."""

import time

import pytest

from rag.errors import ParsingError
from rag.parsing.sandbox import ParsingSandbox
from tests.rag.docx_files import W, make_docx, p
from tests.rag.office_files import SHEETS, cell, line, make_odf, make_ole, make_pptx, make_xlsx, make_zip, shape

pytestmark = pytest.mark.endurance

LAUGHS = "<!DOCTYPE d [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {name} '{f'&{inner};' * 10}'>" for inner, name in zip("abcdefghi", "bcdefghij", strict=True)
)
OUTSIDE = "<!DOCTYPE d [<!ENTITY j SYSTEM 'file:///etc/passwd'>"
BLANKS = b" " * (101 * 1024**2)
SLOWEST_S = 20.0
MERGED = '<mergeCell ref="A1:XFD1048576"/>'
REPEATED_ROW = (
    '<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384">'
    "<text:p>x</text:p></table:table-cell></table:table-row>"
)
REPEATED_CELL = (
    f'<table:table-cell table:number-columns-repeated="1000000"><text:p>{"x" * 100_000}</text:p></table:table-cell>'
)
LONG_FORMAT = (
    f'<numFmts><numFmt numFmtId="170" formatCode="{"0.#?," * 2000}"/></numFmts><cellXfs><xf numFmtId="170"/></cellXfs>'
)
LOOP = f'<w:styles {W}><w:style w:type="paragraph" w:styleId="A"><w:basedOn w:val="A"/></w:style></w:styles>'


def doubled(count):
    """A container whose entries all have the same name."""
    return make_zip({"[Content_Types].xml": "<Types/>", **{f"xl/worksheets/{i}.xml": "" for i in range(count)}})


def sheets(count):
    return make_xlsx({f"S{i}": f"<sheetData><row>{cell('A1', 'x')}</row></sheetData>" for i in range(count)})


def deep(count):
    return make_pptx(["<p:grpSp>" * count + shape(line("x")) + "</p:grpSp>" * count])


def sheet(content, prolog=""):
    """A workbook with one sheet that holds this XML."""
    content = content if isinstance(content, bytes) else f"{prolog}<worksheet {SHEETS}>{content}</worksheet>"
    return make_xlsx({"S": ""}, parts={"xl/worksheets/sheet1.xml": content})


def one_cell(inner, prolog, attributes='t="str"'):
    return sheet(f"<sheetData><row><c {attributes}><v>{inner}</v></c></row></sheetData>", prolog)


def checkerboard(count):
    def row(number):
        return "".join(f'<c r="{column}{number}"><v>1</v></c>' for column in "ACEGIKMOQSUWY")

    rows = "".join(f'<row r="{number}">{row(number)}</row>' for number in range(2, 2 * count, 2))
    return sheet(f"<sheetData>{rows}</sheetData>")


FILES = {
    "a part of 101 MB of blanks.docx": (lambda: make_docx("", parts={"word/document.xml": BLANKS}), {"too_large"}),
    "a sheet of 101 MB of blanks.xlsx": (lambda: sheet(BLANKS), {"too_large", "corrupt"}),
    "many large parts.pptx": (
        lambda: make_pptx([f"<!--{'x' * 90_000_000}-->{shape(line('x'))}"] * 5),
        {"too_large", "corrupt"},
    ),
    "laughs.pptx": (lambda: make_pptx([""], parts={"ppt/slides/slide0.xml": f"{LAUGHS}]><d>&j;</d>"}), {"corrupt"}),
    "laughs.xlsx": (lambda: sheet("<sheetData>&j;</sheetData>", f"{LAUGHS}]>"), {"no_text", "corrupt"}),
    "laughs in a value.xlsx": (lambda: one_cell("1", f"{LAUGHS}]>", 't="&j;"'), {"corrupt"}),
    "laughs.odt": (lambda: make_odf("text", "", parts={"content.xml": f"{LAUGHS}]><d>&j;</d>"}), {"corrupt"}),
    "outside.pptx": (lambda: make_pptx([""], parts={"ppt/slides/slide0.xml": f"{OUTSIDE}]><d>&j;</d>"}), {"corrupt"}),
    "outside.odt": (lambda: make_odf("text", "", parts={"content.xml": f"{OUTSIDE}]><d>&j;</d>"}), {"corrupt"}),
    "outside.xlsx": (lambda: one_cell("&j;", f"{OUTSIDE}]>"), {"corrupt"}),
    "thousands of sheets.xlsx": (lambda: sheets(3000), {"too_large"}),
    "groups in groups.pptx": (lambda: deep(5000), {"corrupt"}),
    "tables in tables.docx": (
        lambda: make_docx("<w:tbl><w:tr><w:tc>" * 70 + p("x") + "</w:tc><w:tc/></w:tr></w:tbl>" * 70),
        {"docx"},
    ),
    "merged over all.xlsx": (
        lambda: sheet(
            f"<sheetData><row>{cell('A1', 'x')}</row></sheetData><mergeCells>"
            + MERGED * 200_000 + "</mergeCells>"
        ),
        {"xlsx"},
    ),
    "a checkerboard.xlsx": (lambda: checkerboard(5_000), {"xlsx"}),
    "cells that repeat.ods": (
        lambda: make_odf("spreadsheet", f"<table:table>{REPEATED_ROW}</table:table>"),
        {"too_large"},
    ),
    "a table that repeats.odt": (
        lambda: make_odf("text", f"<table:table><table:table-row>{REPEATED_CELL * 2}</table:table-row></table:table>"),
        {"too_large"},
    ),
    "numbers of every length.xlsx": (
        lambda: make_xlsx(
            {"S": "<sheetData><row><c><v>1e308</v></c><c><v>1e-320</v></c><c><v>1e999</v></c></row></sheetData>"},
            styles=LONG_FORMAT,
        ),
        {"xlsx"},
    ),
    "groups without end.rtf": (lambda: b"{\\rtf1 " + b"{" * 2_000_000, {"corrupt"}),
    "words without end.rtf": (lambda: b"{\\rtf1 " + b"\\u-1?\\'ff\\bin99999999999999 " * 100_000, {"rtf"}),
    "a workbook that is none.xls": (
        lambda: make_ole({"Workbook": b"\x09\x08\x10\x00" + b"\xff" * 20_000}),
        {"corrupt"},
    ),
    "many names.xlsx": (lambda: doubled(20_000), {"corrupt"}),
    "a loop of styles.docx": (lambda: make_docx(p("x", "A"), parts={"word/styles.xml": LOOP}), {"docx"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox():
    sandbox = ParsingSandbox()
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize("name", list(FILES))
def test_a_hostile_file_ends_with_a_reason_in_time(tmp_path, sandbox, name):
    make, expected = FILES[name]
    path = tmp_path / "stored"
    path.write_bytes(make())
    begin = time.monotonic()
    try:
        ended = sandbox.parse(path, name).kind
    except ParsingError as error:
        ended = error.code
    assert ended in expected
    assert time.monotonic() - begin < SLOWEST_S


def test_macros_are_carried_by_files_that_are_read_and_never_run(tmp_path, sandbox):
    path = tmp_path / "stored"
    path.write_bytes(make_docx(p("Only words"), parts={"word/vbaProject.bin": make_ole({"VBA": b"Sub AutoOpen()"})}))
    assert sandbox.parse(path, "plan.docm").text == "Only words"
