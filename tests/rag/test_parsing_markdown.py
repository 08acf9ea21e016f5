"""Markdown: the text it renders to, so that a quote shows no marks and no addresses."""

import pytest

from rag.errors import ParsingError
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats


def read(folder, source):
    return parsed(folder, source, "page.md")


def test_blocks_are_what_the_page_would_show(tmp_path):
    document = read(
        tmp_path,
        '# Travel\n\nBook *early* and see [the\nlist](https://example.org/a "t"), `code` and ![a map](m.png).\n\n'
        "- first\n- second\n   - inner\n\n3. third\n4. fourth\n\n   more of it\n\n> quoted **words**\n\n"
        "```python\nif a:\n    b()\n```\n\n| A | B |\n|---|:-:|\n| 1 | [2](x) |\n\nSetext\n======\n",
    )
    assert outline(document) == [
        ("heading", 1, "Travel"),
        ("paragraph", 0, "Book early and see the list, code and a map."),
        ("list_item", 1, "first"),
        ("list_item", 1, "second"),
        ("list_item", 2, "inner"),
        ("list_item", 1, "third"),
        ("list_item", 1, "fourth"),
        ("paragraph", 0, "more of it"),
        ("quote", 0, "quoted words"),
        ("code", 0, "if a:\n    b()"),
        ("table", 0, "| A | B |\n| --- | --- |\n| 1 | 2 |"),
        ("heading", 1, "Setext"),
    ]
    assert "- first\n- second\n- inner\n3. third\n4. fourth" in document.text
    assert document.title == "Travel"


def test_front_matter_gives_the_title_and_is_not_text(tmp_path):
    document = read(tmp_path, '---\ntitle: "Paid: leave"\ntags: [a]\n---\n\nTwenty-five days.\n')
    assert document.title == "Paid: leave"
    assert document.text == "Twenty-five days."


def test_a_rule_at_the_start_is_no_front_matter(tmp_path):
    assert read(tmp_path, "---\n\nText after a rule.\n").text == "Text after a rule."


def test_marks_for_site_generators_are_left_out(tmp_path):
    source = (
        '{% include nav.html %}\n\nCall [us](x){:target="_blank"} on [our line]({% page /line %}), '
        "[always]({{ site.url }}/a){.button}.\n{: .note}\n"
    )
    assert read(tmp_path, source).text == "Call us on our line, always."


def test_html_inside_is_read_as_html(tmp_path):
    document = read(
        tmp_path,
        "<div><h2>Inside</h2><p>[Kept](https://example.org/a) {% x %}</p><script>x()</script></div>\n\n"
        "A<br>B <b>bold</b> &amp; C\n",
    )
    assert outline(document) == [
        ("heading", 2, "Inside"),
        ("paragraph", 0, "Kept"),
        ("paragraph", 0, "A\nB bold & C"),
    ]


def test_deep_nesting_is_survived(tmp_path):
    assert read(tmp_path, "top\n\n" + "> " * 3000 + "deep\n\nbottom\n").text == "top\n\ndeep\n\nbottom"
    nested = "\n".join(f"{'  ' * depth}- level {depth}" for depth in range(300))
    assert all(f"level {depth}" in read(tmp_path, nested).text for depth in (1, 40, 100, 299))
    hard = read(tmp_path, "> " * 300 + "[" * 300 + "![" * 300 + "a" + "](a)" * 600).text
    assert "a" in hard


def test_links_are_read_however_long_their_paragraph(tmp_path):
    text = read(tmp_path, "See [this [one]](a) and ![a [map]](b). " * 2000).text
    assert text == " ".join(["See this [one] and a [map]."] * 2000)


def test_brackets_that_nothing_closes_are_text_and_spoil_no_other_paragraph(tmp_path):
    document = read(tmp_path, "[" * 5000 + "[a](b)\n\nSee [this](a).\n")
    assert document.text.startswith("[[[")
    assert outline(document)[-1] == ("paragraph", 0, "See this.")


def test_a_page_without_text_says_so(tmp_path):
    with pytest.raises(ParsingError) as caught:
        read(tmp_path, "---\nlayout: x\n---\n\n<!-- nothing -->\n")
    assert caught.value.code == "no_text"


@pytest.mark.parametrize(
    "front",
    [
        '---\ntitle: "Paid leave"\ndescription: Who may take it.\n---',
        "+++\ntitle = 'Paid leave'\nsummary = 'Who may take it.'\n+++",
        "---\nlayout: x\ntitle: >-\n  Paid leave\nsummary: |\n  Who may take it.\n---\n\n{% include all.html %}\n",
    ],
)
def test_front_matter_alone_is_the_text(tmp_path, front):
    document = read(tmp_path, front)
    assert document.title == "Paid leave"
    assert outline(document) == [("heading", 1, "Paid leave"), ("paragraph", 0, "Who may take it.")]


def test_footnotes_are_read_and_their_marks_left_out(tmp_path):
    document = read(
        tmp_path,
        "Leave is paid[^1] for all[^long-name].\n\n[^1]: Twenty-five days.\n[^long-name]: see\n    [law](https://example.org/a)\n\n"
        "`[^1]` in code.\n",
    )
    assert outline(document) == [
        ("paragraph", 0, "Leave is paid for all."),
        ("list_item", 1, "Twenty-five days."),
        ("list_item", 1, "see law"),
        ("paragraph", 0, "[^1] in code."),
    ]


def test_an_html_table_with_blank_lines_is_one_table(tmp_path):
    source = "<table>\n<tr><th>A<th>B\n\n<tr><td>1<td>2\n\n</table>\n\nAfter.\n"
    document = read(tmp_path, source)
    assert outline(document) == [("table", 0, "| A | B |\n| --- | --- |\n| 1 | 2 |"), ("paragraph", 0, "After.")]
