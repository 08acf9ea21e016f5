"""Office files with odd values and missing parts: each is read or refused with a reason, whatever was damaged."""

import contextlib
import copy
import io
import random
import zipfile

import pytest
from lxml import etree

from rag.errors import ParsingError
from tests.rag.docx_files import make_docx, numbered, p
from tests.rag.office_files import cell, line, make_odf, make_pptx, make_xlsx, shape
from tests.rag.parsed import parsed
from tests.rag.test_parsing_odf import LISTS

pytestmark = pytest.mark.formats

ODD = ["", "-1", "0", "99999999999", "1e9", "abc", "²", "A1:ZZZ99999999", "NaN", "..", "true"]
ITEM = "<text:list-item><text:p>a<text:s text:c='2'/></text:p></text:list-item>"
TEXT = f"<text:list text:style-name='L1'>{ITEM}</text:list>"
STYLES = '<numFmts><numFmt numFmtId="170" formatCode="0.0%"/></numFmts><cellXfs><xf/><xf numFmtId="170"/></cellXfs>'
FILES = {
    "a.docx": make_docx(p("Title", "Titel") + numbered("One", 2, 1) + "<w:tbl><w:tr><w:tc/><w:tc/></w:tr></w:tbl>"),
    "a.pptx": make_pptx([shape(line("Goals", '<a:pPr lvl="1"><a:buAutoNum startAt="2"/></a:pPr>'), "body")] * 2),
    "a.xlsx": make_xlsx(
        {"S": f'<sheetData><row r="1">{cell("A1", "x")}<c r="B1" s="1"><v>4.5</v></c></row></sheetData>'},
        styles=STYLES,
    ),
    "a.odt": make_odf("text", TEXT, LISTS),
    "a.ods": make_odf(
        "spreadsheet",
        "<table:table table:name='S'><table:table-row table:number-rows-repeated='2'><table:table-cell "
        "table:number-columns-repeated='2'><text:p>x</text:p></table:table-cell></table:table-row></table:table>",
    ),
}


def damaged(content, dice):
    """The container with up to eight elements or attributes of its parts changed, removed or put elsewhere."""
    source, buffer = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            target.writestr(name, _changed(part, dice) if part.startswith(b"<") and dice.random() < 0.5 else part)
    return buffer.getvalue()


def _changed(part, dice):
    root = etree.fromstring(part)
    for _ in range(dice.randint(1, 8)):
        element = dice.choice(list(root.iter("*")))
        parent = element.getparent()
        what = dice.random()
        if what < 0.5 and element.attrib:
            element.set(dice.choice(list(element.attrib)), dice.choice(ODD))
        elif what < 0.7 and parent is not None:
            parent.remove(element)
        elif what < 0.85:
            dice.choice(list(root.iter("*"))).append(copy.deepcopy(element))
        else:
            element.text = dice.choice(ODD)
    return etree.tostring(root)


@pytest.mark.parametrize("name", list(FILES))
def test_damage_never_ends_in_anything_but_a_reason(tmp_path, name):
    dice = random.Random(7)
    for _ in range(150):
        with contextlib.suppress(ParsingError):
            parsed(tmp_path, damaged(FILES[name], dice), name)
