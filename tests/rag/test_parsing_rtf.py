"""RTF: text in any code page, with headings, lists, tables and notes; what is no text stays out."""

import time

import pytest

from rag.errors import ParsingError
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats


def read(folder, body, head=r"\ansi\ansicpg1252"):
    content = body if isinstance(body, bytes) else body.encode("latin-1")
    return parsed(folder, b"{\\rtf1" + head.encode() + b" " + content + b"}", "letter.rtf")


def test_styles_lists_and_paragraphs_become_blocks(tmp_path):
    body = (
        r"{\info{\title Annual plan}{\author Anna}}"
        r"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 berschrift 1;}{\s2 heading 2;}{\*\cs10 Default Font;}}"
        r"\pard\s1 Goals\par\pard\s2 Details\par\pard\plain We \b grow\b0  slowly.\line Really.\par"
        r"{\listtext\'b7\tab}\ls1 Bullet\par{\listtext\pard 1.\tab}First\par{\pntext 2)\tab}\ilvl1 Second\par"
        r"\pard\outlinelevel2 Part\par"
    )
    document = read(tmp_path, body)
    assert document.title == "Annual plan"
    assert outline(document) == [
        ("heading", 1, "Goals"),
        ("heading", 2, "Details"),
        ("paragraph", 0, "We grow slowly.\nReally."),
        ("list_item", 1, "Bullet"),
        ("list_item", 1, "First"),
        ("list_item", 2, "Second"),
        ("heading", 3, "Part"),
    ]
    assert "- Bullet\n1. First\n2. Second" in document.text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"Gr\'f6\'dfe \endash  \ldblquote x\rdblquote\~y", "Größe – “x” y"),
        (r"\u8364? and \uc2\u-10179 ab\u-8704 cd!", "€ and 😀!"),
        (r"\uc1\u233\'e9t\u233 e", "été"),
        (
            r"{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}{\f2\fcharset128 C;}}\f1\'cf\'f0\f0 x\f2\'83\'41\'83A",
            "Прxアア",
        ),
        (r"a\-b\_c\{d\}\\", "ab-c{d}\\"),
        ("broken\r\n word", "broken word"),
    ],
)
def test_letters_are_read_in_their_code_page(tmp_path, body, text):
    assert read(tmp_path, body).text == text


def test_the_code_page_of_the_document_is_used_without_fonts(tmp_path):
    assert read(tmp_path, r"\'cf\'f0", r"\ansi\ansicpg1251").text == "Пр"
    assert read(tmp_path, b"\xcf\xf0", r"\ansi\ansicpg1251").text == "Пр"
    assert read(tmp_path, r"\'8e", r"\mac").text == "é"


def test_tables_keep_their_rows(tmp_path):
    body = (
        r"Before\par\trowd\cellx1\cellx2\intbl Item\cell Price\cell\row"
        r"\trowd\intbl Chair\par red\cell 49\cell\row\pard After\par"
    )
    assert outline(read(tmp_path, body)) == [
        ("paragraph", 0, "Before"),
        ("table", 0, "| Item | Price |\n| --- | --- |\n| Chair red | 49 |"),
        ("paragraph", 0, "After"),
    ]


def test_notes_boxes_and_comments_are_read_and_machinery_is_not(tmp_path):
    body = (
        r"Text{\footnote\pard A note} goes on{\*\annotation Check this}{\field{\*\fldinst HYPERLINK x}{\fldrslt  here}}"
        r"{\header Running}{\footer 7}{\*\unknown junk}{\v hidden}{\pict\pngblip 89504e47}{\deleted gone}.\par"
        r"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt\pard Boxed\par}}{\shprslt Boxed again}}\pard End\par"
    )
    assert read(tmp_path, body).text == "Text goes on here.\n\nBoxed\n\nEnd\n\nA note\n\nComment: Check this"


def test_binary_data_is_skipped_and_what_follows_the_end_ignored(tmp_path):
    content = b"{\\rtf1 a{\\pict\\bin4 }}}}b}c\\par} {\\par junk}"
    assert parsed(tmp_path, content, "a.rtf").text == "ac"
    assert parsed(tmp_path, b"{\\rtf1 a{\\pict\\bin4 }}{{}b}\\par junk", "a.rtf").text == "ab"


def test_a_file_that_ends_early_keeps_what_came(tmp_path):
    assert parsed(tmp_path, rb"{\rtf1 first\par second {\b third", "a.rtf").text == "first\n\nsecond third"
    assert parsed(tmp_path, rb"{\rtf1\trowd\intbl a\cell b", "a.rtf").text == "| a | b |\n| --- | --- |"


def test_deep_groups_are_refused_and_long_files_take_linear_time(tmp_path):
    with pytest.raises(ParsingError) as caught:
        read(tmp_path, "{" * 50_000)
    assert caught.value.code == "corrupt"
    begin = time.process_time()
    read(tmp_path, r"{\b word}\par " * 50_000)
    assert time.process_time() - begin < 10


def test_a_file_without_text_says_so(tmp_path):
    with pytest.raises(ParsingError) as caught:
        read(tmp_path, r"{\fonttbl{\f0 Arial;}}\pard\par")
    assert caught.value.code == "no_text"
