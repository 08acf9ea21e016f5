"""OpenDocument: texts, presentations and spreadsheets, each with its structure and its limits."""

import pytest

from rag.errors import ParsingError
from tests.rag.office_files import make_odf
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats

LISTS = """<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/>
<text:list-level-style-bullet text:level="2"/></text:list-style>
<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>
<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>"""


def p(text, style=""):
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def read(folder, kind, body, styles=LISTS, **options):
    return parsed(folder, make_odf(kind, body, styles, **options), "plan.odf")


def refused(folder, content):
    with pytest.raises(ParsingError) as caught:
        parsed(folder, content, "plan.odt")
    return caught.value.code


def test_a_text_has_headings_lists_quotes_and_tables(tmp_path):
    inner = f"<text:list><text:list-item>{p('Deep')}</text:list-item></text:list>"
    items = f"<text:list-item>{p('One')}{inner}</text:list-item><text:list-item>{p('Two')}</text:list-item>"
    rows = "".join(
        f"<table:table-row><table:table-cell>{p(a)}</table:table-cell><table:table-cell>{p(b)}</table:table-cell>"
        "</table:table-row>"
        for a, b in (("Item", "Price"), ("Chair", "49 EUR"))
    )
    body = (
        p("Annual plan", "P1")
        + '<text:h text:outline-level="2">Goals</text:h>'
        + p("We<text:s text:c='3'/>grow<text:tab/>slowly.<text:line-break/>Really\nso.")
        + f'<text:list text:style-name="L1">{items}</text:list>'
        + p("Said so", "Quotations")
        + f"<table:table><table:table-header-rows>{rows}</table:table-header-rows></table:table>"
    )
    document = read(tmp_path, "text", body)
    assert document.kind == "odt"
    assert document.title == "Annual plan"
    assert outline(document) == [
        ("heading", 1, "Annual plan"),
        ("heading", 2, "Goals"),
        ("paragraph", 0, "We grow slowly.\nReally so."),
        ("list_item", 1, "One"),
        ("list_item", 2, "Deep"),
        ("list_item", 1, "Two"),
        ("quote", 0, "Said so"),
        ("table", 0, "| Item | Price |\n| --- | --- |\n| Chair | 49 EUR |"),
    ]
    assert "1. One\n- Deep\n2. Two" in document.text


def test_notes_comments_and_frames_do_not_break_a_sentence(tmp_path):
    held = f"<text:note-body>{p('A note')}</text:note-body>"
    note = f"<text:note><text:note-citation>1</text:note-citation>{held}</text:note>"
    comment = f"<office:annotation><dc:creator>Anna</dc:creator>{p('Check')}</office:annotation>"
    frame = f"<draw:frame><draw:text-box>{p('In the box')}</draw:text-box></draw:frame>"
    picture = "<draw:frame><draw:image/><svg:desc>A red door</svg:desc></draw:frame>"
    body = p(f"Before{note} and{comment} after{frame}.{picture}")
    assert read(tmp_path, "text", body).text == (
        "Before and after.\n\nIn the box\n\nA red door\n\nA note\n\nComment: Check"
    )


def test_a_cell_merged_over_rows_labels_each_of_them(tmp_path):
    def row(*cells):
        return f"<table:table-row>{''.join(cells)}</table:table-row>"

    def tc(text, extra=""):
        return f"<table:table-cell {extra}>{p(text)}</table:table-cell>"

    covered = "<table:covered-table-cell/>"
    wide = 'table:number-columns-spanned="2"'
    rows = (
        row(tc("All", wide), covered) + row(tc("a", 'table:number-rows-spanned="2"'), tc("b")) + row(covered, tc("c"))
    )
    table = "| All |  |\n| --- | --- |\n| a | b |\n| a | c |"
    assert read(tmp_path, "text", f"<table:table>{rows}</table:table>").text == table


def test_deleted_text_is_left_out(tmp_path):
    gone = f"<text:tracked-changes><text:changed-region>{p('gone')}</text:changed-region></text:tracked-changes>"
    assert read(tmp_path, "text", gone + p("stays")).text == "stays"


def test_each_slide_is_a_page_with_title_and_notes(tmp_path):
    def frame(text, role):
        return f'<draw:frame presentation:class="{role}"><draw:text-box>{p(text)}</draw:text-box></draw:frame>'

    slides = (
        '<draw:page draw:master-page-name="M">' + frame("Body", "outline") + frame("First", "title")
        + f"<presentation:notes>{frame('Say hello', 'notes')}</presentation:notes></draw:page>"
        + f"<draw:page><draw:g><draw:custom-shape>{p('Grouped')}</draw:custom-shape></draw:g></draw:page>"
    )  # fmt: skip
    styles = (
        '<style:page-layout style:name="L"><style:page-layout-properties fo:page-width="10in" fo:page-height="5in"/>'
        '</style:page-layout><style:master-page style:name="M" style:page-layout-name="L"/>'
    )
    document = read(tmp_path, "presentation", slides, styles)
    assert document.title == "First"
    assert document.text == "First\n\nBody\n\nSpeaker notes: Say hello\n\nSlide 2\n\nGrouped"
    assert [(page.number, page.width, page.height) for page in document.pages[:1]] == [(1, 720, 360)]
    assert document.text[document.pages[1].start : document.pages[1].end].strip() == "Slide 2\n\nGrouped"


def test_a_spreadsheet_shows_cells_repeats_and_comments(tmp_path):
    row = (
        f'<table:table-row><table:table-cell table:number-columns-repeated="2">{p("1,50 €")}</table:table-cell>'
        f"<table:table-cell><office:annotation>{p('Check')}</office:annotation>{p('x')}</table:table-cell></table:table-row>"
    )
    blank = '<table:table-row table:number-rows-repeated="1048500"><table:table-cell/></table:table-row>'
    tables = f'<table:table table:name="Open">{row}{blank}</table:table>'
    tables += f'<table:table table:name="Secret" table:style-name="ta2">{row}</table:table>'
    document = read(tmp_path, "spreadsheet", tables)
    assert document.kind == "ods"
    assert document.title == "plan"
    assert document.text == "Open\n\n| 1,50 € | 1,50 € | x |\n| --- | --- | --- |\n\nComment on C1: Check"
    assert [note.code for note in document.notes] == ["hidden_sheets"]


def test_repeats_beyond_the_limit_are_refused(tmp_path):
    filled = (
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="1000">'
        f"{p('x')}</table:table-cell></table:table-row>"
    )
    content = make_odf("spreadsheet", f'<table:table table:name="S">{filled}</table:table>')
    assert refused(tmp_path, content) == "too_large"


def test_a_password_and_damage_are_told_apart(tmp_path):
    manifest = '<m:manifest xmlns:m="m"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
    assert refused(tmp_path, make_odf("text", p("x"), parts={"META-INF/manifest.xml": manifest})) == "encrypted"
    assert refused(tmp_path, make_odf("text", p("x"), parts={"content.xml": "<broken"})) == "corrupt"
    assert refused(tmp_path, make_odf("text", p("x"), parts={"content.xml": "<empty/>"})) == "corrupt"
    entity = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><d>&a;</d>'
    assert refused(tmp_path, make_odf("text", p("x"), parts={"content.xml": entity})) == "corrupt"
    assert refused(tmp_path, make_odf("text", "")) == "no_text"
