"""DOCX: structure from styles and numbering, and no harm from hostile parts."""

import time

import pytest

from rag.errors import ParsingError
from rag.parsing import limits
from tests.rag.docx_files import STRICT, W, make_docx, numbered, p
from tests.rag.office_files import OFFICE, relations
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats


def read(folder, body, **options):
    return parsed(folder, make_docx(body, **options), "plan.docx")


def refused(folder, content):
    with pytest.raises(ParsingError) as caught:
        parsed(folder, content, "plan.docx")
    return caught.value.code


def test_styles_and_numbering_become_blocks(tmp_path):
    body = (
        p("Annual plan", "Titel")
        + p("Goals", "berschrift1")
        + p("We <![CDATA[grow]]> slowly.")
        + p("Own style", "Mine")
        + p("", "berschrift1")
        + p("By bullet", "Bullets")
        + numbered("One", 2)
        + numbered("One a", 2, 1)
        + numbered("Two", 2)
        + p("Said so", "Quote")
        + p("Part", extra='<w:outlineLvl w:val="2"/>')
    )
    document = read(tmp_path, body)
    assert document.kind == "docx"
    assert document.title == "Annual plan"
    assert outline(document) == [
        ("heading", 1, "Annual plan"),
        ("heading", 1, "Goals"),
        ("paragraph", 0, "We grow slowly."),
        ("heading", 2, "Own style"),
        ("list_item", 1, "By bullet"),
        ("list_item", 1, "One"),
        ("list_item", 2, "One a"),
        ("list_item", 1, "Two"),
        ("quote", 0, "Said so"),
        ("heading", 3, "Part"),
    ]
    assert "- By bullet\n1. One\n1. One a\n2. Two" in document.text


def test_what_was_deleted_is_out_and_what_was_inserted_is_in(tmp_path):
    body = (
        "<w:p><w:r><w:t>Price </w:t></w:r><w:del><w:r><w:delText>10</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>12</w:t></w:r></w:ins><w:r><w:tab/><w:t>EUR</w:t><w:br/><w:t>net</w:t></w:r>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    assert read(tmp_path, body).text == "Price 12 EUR\nnet"


def test_tables_become_rows_and_each_row_has_the_label_merged_over_it(tmp_path):
    def cell(text, extra=""):
        return f"<w:tc><w:tcPr>{extra}</w:tcPr>{p(text)}</w:tc>"

    rows = [
        cell("Item") + cell("Price", '<w:gridSpan w:val="2"/>'),
        cell("Chair", '<w:vMerge w:val="restart"/>') + cell("49") + cell("EUR"),
        cell("ignored", "<w:vMerge/>") + cell("55") + cell("USD"),
    ]
    table = "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"
    framed = f"<w:tbl><w:tr><w:tc>{p('Alone')}{table}</w:tc></w:tr></w:tbl>"
    assert outline(read(tmp_path, framed)) == [
        ("paragraph", 0, "Alone"),
        ("table", 0, "| Item | Price |  |\n| --- | --- | --- |\n| Chair | 49 | EUR |\n| Chair | 55 | USD |"),
    ]


def test_text_boxes_and_notes_are_read_once(tmp_path):
    box = f"<w:txbxContent>{p('In the box')}</w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>Outside</w:t></w:r><w:r><mc:AlternateContent "
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    note = f'<w:footnote w:type="separator"><w:p/></w:footnote><w:footnote>{p("A note")}</w:footnote>'
    notes = f"<w:footnotes {W}>{note}</w:footnotes>"
    assert read(tmp_path, body, parts={"word/footnotes.xml": notes}).text == "Outside\n\nIn the box\n\nA note"


M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def equation(inner):
    return f"<w:p><w:r><w:t>So </w:t></w:r><m:oMath {M}>{inner}</m:oMath></w:p>"


def e(text, name="e"):
    return f"<m:{name}><m:r><m:t>{text}</m:t></m:r></m:{name}>"


@pytest.mark.parametrize(
    ("inner", "latex"),
    [
        ("<m:r><m:t>A=π</m:t></m:r>" + f"<m:sSup>{e('r')}{e('2', 'sup')}</m:sSup>", r"A=\pi r^{2}"),
        (f"<m:f>{e('a+b', 'num')}{e('2', 'den')}</m:f>", r"\frac{a+b}{2}"),
        (f"<m:rad>{e('3', 'deg')}{e('x')}</m:rad>", r"\sqrt[3]{x}"),
        (
            f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>{e("n=1", "sub")}{e("∞", "sup")}{e("n")}</m:nary>',
            r"\sum_{n=1}^{\infty}{n}",
        ),
        (f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr>{e("x")}</m:d>', r"\left[x\right]"),
        (f"<m:func>{e('sin', 'fName')}{e('x')}</m:func>", r"\sin{x}"),
        (f"<m:m><m:mr>{e('a')}{e('b')}</m:mr><m:mr>{e('c')}{e('d')}</m:mr></m:m>",
         r"\begin{matrix}a & b \\ c & d\end{matrix}"),
        (f"<m:sSub>{e('50%')}{e('i', 'sub')}</m:sSub>", r"{50\%}_{i}"),
    ],
)  # fmt: skip
def test_equations_are_latex(tmp_path, inner, latex):
    assert read(tmp_path, equation(inner)).text == f"So ${latex}$"


def test_headings_keep_their_numbers(tmp_path):
    levels = (
        '<w:lvl w:ilvl="0"><w:start w:val="2"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl>'
    )
    numbering = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>'
        '<w:num w:numId="7"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )

    def heading(text, level):
        return p(text, "berschrift1", f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="7"/></w:numPr>')

    body = heading("Scope", 0) + heading("Terms", 1) + heading("Rules", 1) + heading("Costs", 0) + heading("Fees", 1)
    document = read(tmp_path, body, parts={"word/numbering.xml": numbering})
    assert document.text.split("\n\n") == ["II Scope", "II.1 Terms", "II.2 Rules", "III Costs", "III.1 Fees"]


def test_comments_descriptions_and_symbols_are_read_and_hidden_text_is_not(tmp_path):
    drawing = '<w:drawing><wp:inline xmlns:wp="wp"><wp:docPr id="1" name="x" descr="{}"/></wp:inline></w:drawing>'
    body = (
        '<w:p><w:r><w:sym w:font="Wingdings" w:char="F0FE"/><w:t> Done</w:t></w:r>'
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
        f"<w:r>{drawing.format('A red door')}{drawing.format('IMG_1.png')}</w:r></w:p>"
    )
    comments = f"<w:comments {W}><w:comment>{p('Check this')}</w:comment></w:comments>"
    document = read(tmp_path, body, parts={"word/comments.xml": comments})
    assert document.text.startswith("☒ Done\n\nA red door\n\nComment")
    assert document.text.endswith("Comment: Check this")
    assert "hidden" not in document.text


def test_numbers_of_lists_stay_in_table_cells(tmp_path):
    row = f"<w:tr><w:tc>{numbered('One', 2)}{numbered('Two', 2)}</w:tc><w:tc>{p('x')}</w:tc></w:tr>"
    assert outline(read(tmp_path, f"<w:tbl>{row}</w:tbl>"))[0][2].startswith("| 1. One 2. Two | x |")


def test_charts_and_pages_of_html_that_word_takes_in_are_read(tmp_path):
    chart = (
        '<c:chartSpace xmlns:c="c"><c:chart><c:ser>'
        '<c:cat><c:strCache><c:pt idx="0"><c:v>Q1</c:v></c:pt></c:strCache></c:cat>'
        '<c:val><c:numCache><c:pt idx="0"><c:v>4.5</c:v></c:pt></c:numCache></c:val></c:ser></c:chart></c:chartSpace>'
    )
    links = relations(c="chart charts/c.xml", h="aFChunk page.html")
    used = f'xmlns:r="{OFFICE}" xmlns:c="c"'
    body = f'<w:p><w:r><w:drawing><c:chart {used} r:id="c"/></w:drawing></w:r></w:p><w:altChunk {used} r:id="h"/>'
    parts = {
        "word/_rels/document.xml.rels": links,
        "word/charts/c.xml": chart,
        "word/page.html": "<h1>From a page</h1><p>Größe</p>",
    }
    document = read(tmp_path, body, parts=parts)
    assert document.text == "| Q1 | 4.5 |\n| --- | --- |\n\nFrom a page\n\nGröße"


def test_a_strict_file_is_read_alike(tmp_path):
    assert read(tmp_path, p("Strict words"), namespace=STRICT).text == "Strict words"


def test_the_title_of_the_properties_wins(tmp_path):
    core = '<cp:coreProperties xmlns:cp="x" xmlns:dc="y"><dc:title>From properties</dc:title></cp:coreProperties>'
    assert read(tmp_path, p("Title", "Titel"), parts={"docProps/core.xml": core}).title == "From properties"


LAUGHS = "<!DOCTYPE d [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {name} '{f'&{inner};' * 10}'>" for inner, name in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    "prolog",
    [
        LAUGHS + "]>",
        "<!DOCTYPE d [<!ENTITY j SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE d SYSTEM 'http://127.0.0.1:9/x'>",
    ],
)
def test_entities_are_neither_expanded_nor_fetched(tmp_path, prolog):
    begin = time.process_time()
    assert refused(tmp_path, make_docx(p("&j;" if "ENTITY" in prolog else "x"), prolog=prolog)) == "corrupt"
    assert time.process_time() - begin < 2


def test_a_part_that_inflates_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_MARKUP_BYTES", 1_000_000)
    content = make_docx(p("x" * 5_000_000))
    assert len(content) < 100_000
    assert refused(tmp_path, content) == "too_large"


def test_too_many_cells_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_TABLE_CELLS", 10)
    row = f"<w:tr><w:tc>{p('a')}</w:tc><w:tc>{p('b')}</w:tc></w:tr>"
    assert refused(tmp_path, make_docx(f"<w:tbl>{row * 6}</w:tbl>")) == "too_large"


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
def test_a_truncated_file_is_corrupt(tmp_path, cut):
    content = make_docx(p("words " * 1000))
    assert refused(tmp_path, content[: int(len(content) * cut)]) == "corrupt"


def test_broken_xml_and_broken_compression_are_corrupt(tmp_path):
    assert refused(tmp_path, make_docx("<w:p>")) == "corrupt"
    content = bytearray(make_docx(p("words " * 1000)))
    at = content.index(b"word/document.xml") + len(b"word/document.xml")
    content[at + 5 : at + 40] = b"\xff" * 35
    assert refused(tmp_path, bytes(content)) == "corrupt"


def test_nesting_deeper_than_xml_parsers_allow_is_refused_not_crashed(tmp_path):
    assert refused(tmp_path, make_docx("<w:sdt>" * 5000 + p("x") + "</w:sdt>" * 5000)) == "corrupt"


def test_another_office_file_is_not_taken_for_a_docx(tmp_path):
    content = make_docx(p("x")).replace(b"word/", b"xlsx/")
    assert refused(tmp_path, content) == "unsupported_type"


def test_a_file_without_text_says_so(tmp_path):
    assert refused(tmp_path, make_docx("<w:p/>")) == "no_text"
