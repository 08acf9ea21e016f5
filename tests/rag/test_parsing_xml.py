"""XML of any vocabulary: the words in it, nothing expanded and nothing loaded."""

import pytest

from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats

HEAD = "<?xml version='1.0' encoding='utf-8'?>\n"


def read(folder, body):
    document = parsed(folder, HEAD + body, "feed.xml")
    assert document.kind == "text"
    return document


def test_the_parts_of_a_record_are_named_lines_of_one_paragraph(tmp_path):
    document = read(
        tmp_path,
        "<feed><item><title>Opening  hours</title><text>We open at <b>seven</b>.</text></item>"
        "<item><title>Doors</title><note>&lt;p&gt;They&lt;/p&gt;&lt;ul&gt;&lt;li&gt;open&lt;/ul&gt;</note></item></feed>",
    )
    assert outline(document) == [
        ("paragraph", 0, "title: Opening hours\ntext: We open at seven."),
        ("paragraph", 0, "title: Doors"),
        ("paragraph", 0, "They"),
        ("list_item", 1, "open"),
    ]


def test_paragraphs_stand_alone(tmp_path):
    document = read(tmp_path, "<text><s><p>One.</p><p>Two.</p></s><s><p>Three.</p></s></text>")
    assert outline(document) == [("paragraph", 0, "One.\nTwo."), ("paragraph", 0, "Three.")]


def test_an_encoding_that_is_declared_wrongly_does_no_harm(tmp_path):
    content = "<?xml version='1.0' encoding='utf-16'?><r><s>Größe</s></r>"
    assert parsed(tmp_path, content, "a.xml").text == "Größe"


def test_entities_are_not_expanded_and_files_not_read(tmp_path):
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    source = f"<!DOCTYPE r [<!ENTITY l0 'ha'>{laughs}<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    source += "<r><s>so &l9;&x;</s></r>"
    text = read(tmp_path, source).text
    assert "haha" not in text
    assert "root:" not in text
    assert len(text) < 2000


@pytest.mark.parametrize("broken", ["<r><s>words</r>", "<r>words", "words", "<r>" * 5000 + "words"])
def test_what_is_not_well_formed_is_read_as_it_stands(tmp_path, broken):
    assert broken in read(tmp_path, broken).text
