"""PPTX: slides as pages, with titles, lists, tables, charts, notes; hidden machinery left out."""

import pytest

from rag.errors import ParsingError
from tests.rag.office_files import DRAWING, SLIDES, line, make_pptx, relations, shape
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats

BULLET, NUMBER = '<a:pPr><a:buChar char="•"/></a:pPr>', '<a:pPr lvl="1"><a:buAutoNum type="arabicPeriod"/></a:pPr>'


def read(folder, slides, **options):
    return parsed(folder, make_pptx(slides, **options), "talk.pptx")


def frame(inside, kind="table"):
    return (
        f'<p:graphicFrame><a:graphic><a:graphicData uri="{kind}">{inside}</a:graphicData></a:graphic></p:graphicFrame>'
    )


def picture(description):
    return f'<p:pic><p:nvPicPr><p:cNvPr id="1" name="x" descr="{description}"/></p:nvPicPr></p:pic>'


def test_a_slide_has_its_title_first_and_lists_with_levels(tmp_path):
    body = line("First", BULLET) + line("Count", NUMBER) + line("Again", NUMBER) + line("Plain")
    slide = shape(body) + shape(line("Goals of the year"), "title") + shape(line("7"), "sldNum")
    document = read(tmp_path, [slide, shape(line("No title here"))])
    assert document.kind == "pptx"
    assert document.title == "Goals of the year"
    assert outline(document) == [
        ("heading", 1, "Goals of the year"),
        ("list_item", 1, "First"),
        ("list_item", 2, "Count"),
        ("list_item", 2, "Again"),
        ("paragraph", 0, "Plain"),
        ("heading", 1, "Slide 2"),
        ("paragraph", 0, "No title here"),
    ]
    assert "- First\n1. Count\n2. Again" in document.text


def test_each_slide_is_a_page_of_its_size_without_boxes(tmp_path):
    document = read(tmp_path, [shape(line("One")), shape(line("Two"))])
    assert [(page.number, page.width, page.height, page.boxes) for page in document.pages] == [
        (1, 720, 540, ()),
        (2, 720, 540, ()),
    ]
    first, second = document.pages
    assert document.text[first.start : first.end] == "Slide 1\n\nOne"
    assert document.text[second.start : second.end].strip() == "Slide 2\n\nTwo"


def test_bullets_are_inherited_from_the_master_and_can_be_taken_away(tmp_path):
    bullet = '<a:lvl1pPr><a:buChar char="•"/></a:lvl1pPr>'
    styles = f"<p:txStyles><p:bodyStyle>{bullet}</p:bodyStyle></p:txStyles>"
    parts = {
        "ppt/slides/_rels/slide0.xml.rels": relations(a="slideLayout ../slideLayouts/layout1.xml"),
        "ppt/slideLayouts/layout1.xml": f"<p:sldLayout {SLIDES}><p:cSld><p:spTree/></p:cSld></p:sldLayout>",
        "ppt/slideLayouts/_rels/layout1.xml.rels": relations(a="slideMaster ../slideMasters/master1.xml"),
        "ppt/slideMasters/master1.xml": f"<p:sldMaster {SLIDES}><p:cSld><p:spTree/></p:cSld>{styles}</p:sldMaster>",
    }
    slide = shape(line("Listed") + line("Bare", "<a:pPr><a:buNone/></a:pPr>"), "body") + shape(line("Free"))
    kinds = [kind for kind, _, _ in outline(read(tmp_path, [slide], parts=parts))]
    assert kinds == ["heading", "list_item", "paragraph", "paragraph"]


def test_tables_keep_rows_and_each_row_has_the_label_merged_over_it(tmp_path):
    def tc(text, extra=""):
        return f"<a:tc {extra}><a:txBody>{line(text)}</a:txBody></a:tc>"

    rows = (
        tc("Region", 'gridSpan="2"') + tc("again", 'hMerge="1"') + tc("Sales"),
        tc("North", 'rowSpan="2"') + tc("East") + tc("12 | 3"),
        tc("", 'vMerge="1"') + tc("West") + tc("4"),
    )
    table = "<a:tbl>" + "".join(f"<a:tr>{row}</a:tr>" for row in rows) + "</a:tbl>"
    assert outline(read(tmp_path, [frame(table)]))[1] == (
        "table",
        0,
        "| Region |  | Sales |\n| --- | --- | --- |\n| North | East | 12 \\| 3 |\n| North | West | 4 |",
    )


def test_charts_become_tables_and_diagrams_lists(tmp_path):
    chart = """<c:chartSpace xmlns:c="c" xmlns:a="a"><c:chart><c:title><a:t>Revenue</a:t></c:title><c:ser>
        <c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>2024</c:v></c:pt></c:strCache></c:strRef></c:tx>
        <c:cat><c:strRef><c:strCache><c:pt idx="0"><c:v>Q1</c:v></c:pt><c:pt idx="1"><c:v>Q2</c:v></c:pt></c:strCache>
        </c:strRef></c:cat><c:val><c:numRef><c:numCache><c:formatCode>0%</c:formatCode>
        <c:pt idx="0"><c:v>0.25</c:v></c:pt><c:pt idx="1"><c:v>0.5</c:v></c:pt></c:numCache></c:numRef></c:val>
        </c:ser></c:chart></c:chartSpace>"""
    points = "".join(f"<dgm:pt><dgm:t>{line(text)}</dgm:t></dgm:pt>" for text in ("Plan", "Do"))
    parts = {
        "ppt/slides/_rels/slide0.xml.rels": relations(c1="chart ../charts/c.xml", d1="diagramData ../diagrams/d.xml"),
        "ppt/charts/c.xml": chart,
        "ppt/diagrams/d.xml": f'<dgm:dataModel xmlns:dgm="d" {DRAWING}><dgm:ptLst>{points}</dgm:ptLst></dgm:dataModel>',
    }
    slide = frame('<c:chart xmlns:c="c" r:id="c1"/>') + frame('<d:relIds xmlns:d="d" r:dm="d1"/>')
    assert outline(read(tmp_path, [slide], parts=parts))[1:] == [
        ("caption", 0, "Revenue"),
        ("table", 0, "|  | 2024 |\n| --- | --- |\n| Q1 | 25% |\n| Q2 | 50% |"),
        ("list_item", 1, "Plan"),
        ("list_item", 1, "Do"),
    ]


def test_groups_pictures_notes_and_comments_are_read(tmp_path):
    notes = shape(line("Say hello")) + shape(line("Say hello first"), "body")
    parts = {
        "ppt/slides/_rels/slide0.xml.rels": relations(n="notesSlide ../notes/n.xml", c="comments ../comments/c.xml"),
        "ppt/notes/n.xml": f"<p:notes {SLIDES}><p:cSld><p:spTree>{notes}</p:spTree></p:cSld></p:notes>",
        "ppt/comments/c.xml": f"<p:cmLst {SLIDES}><p:cm><p:text>Too long</p:text></p:cm></p:cmLst>",
    }
    slide = (
        f"<p:grpSp><p:grpSp>{shape(line('Deep'))}</p:grpSp></p:grpSp>" + picture("A red door") + picture("IMG_1.png")
    )
    assert outline(read(tmp_path, [slide], parts=parts))[1:] == [
        ("paragraph", 0, "Deep"),
        ("caption", 0, "A red door"),
        ("quote", 0, "Speaker notes: Say hello first"),
        ("quote", 0, "Comment: Too long"),
    ]


def test_slides_without_text_are_no_document(tmp_path):
    with pytest.raises(ParsingError) as caught:
        read(tmp_path, [picture(""), ""])
    assert caught.value.code == "no_text"


def test_a_slide_that_is_missing_is_left_out(tmp_path):
    content = make_pptx([shape(line("Here")), shape(line("Lost"))], parts={"ppt/slides/slide1.xml": ""})
    with pytest.raises(ParsingError) as caught:
        parsed(tmp_path, content, "talk.pptx")
    assert caught.value.code == "corrupt"
    links = relations(s0="slide slides/slide0.xml", s1="slide slides/none.xml")
    document = read(tmp_path, [shape(line("Here")), ""], parts={"ppt/_rels/presentation.xml.rels": links})
    assert len(document.pages) == 1
