"""DOCX: structure from styles and numbering, and no harm from hostile parts."""

import time

import pytest

from rag.errors import ParsingError
from rag.parsing import limits
from tests.rag.docx_files import STRICT, W, make_docx, numbered, p
from tests.rag.parsed import outline, parsed


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


def test_tables_become_rows_and_merged_cells_are_said_once(tmp_path):
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
        ("table", 0, "| Item | Price |  |\n| --- | --- | --- |\n| Chair | 49 | EUR |\n|  | 55 | USD |"),
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
