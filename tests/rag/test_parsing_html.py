"""HTML: what a reader of the page sees, and nothing else."""

import time

import pytest

from rag.errors import ParsingError
from rag.parsing import limits
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats


def read(folder, body, head=""):
    return parsed(folder, f"<!doctype html><html><head>{head}</head><body>{body}</body></html>", "page.html")


def test_structure_becomes_blocks(tmp_path):
    document = read(
        tmp_path,
        "<h1>Opening <em>hours</em></h1><p>We open\n  at <b>seven</b>.<br>Every day.</p>"
        "<ul><li>Mondays<ul><li>Evenings</li></ul></li><li><p>Fridays</p><p>By call.</p></li></ul>"
        "<ol start=3><li>Ring</li><li>Wait</li></ol><blockquote><p>So be it.</p></blockquote>"
        "<pre><code>a = 1\n  b = 2\n</code></pre><figure><figcaption>The door</figcaption></figure>",
        "<title> Our   shop </title>",
    )
    assert document.kind == "html"
    assert document.title == "Our shop"
    assert outline(document) == [
        ("heading", 1, "Opening hours"),
        ("paragraph", 0, "We open at seven.\nEvery day."),
        ("list_item", 1, "Mondays"),
        ("list_item", 2, "Evenings"),
        ("list_item", 1, "Fridays"),
        ("paragraph", 0, "By call."),
        ("list_item", 1, "Ring"),
        ("list_item", 1, "Wait"),
        ("quote", 0, "So be it."),
        ("code", 0, "a = 1\n  b = 2"),
        ("caption", 0, "The door"),
    ]
    assert "3. Ring\n4. Wait" in document.text


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>alert(1)</script>",
        "<style>p { color: red }</style>",
        "<template><p>hidden</p></template>",
        "<noscript>hidden</noscript>",
        "<p hidden>hidden</p>",
        "<div style='color:red; DISPLAY : none'><p>hidden</p></div>",
        "<p style='visibility:hidden'>hidden</p>",
        "<span aria-hidden=true>hidden</span>",
        "<nav><a href=/>hidden</a></nav>",
        "<!-- hidden -->",
        "<select><option>hidden</select>",
        "<svg><text>hidden</text></svg>",
    ],
)
def test_what_the_page_does_not_show_is_left_out(tmp_path, hidden):
    assert read(tmp_path, f"<p>Before.</p>{hidden}<p>After.</p>").text == "Before.\n\nAfter."


def test_a_table_becomes_rows_of_markdown(tmp_path):
    document = read(
        tmp_path,
        "<table><caption>Prices</caption><thead><tr><th>Item<th></th><th colspan=2>Price</thead>"
        "<tr><td>Chair | stool<td><td>49<td>EUR</tr><tr><td></td></tr><tr><td>Desk<td><td><p>199</p><td>EUR</table>",
    )
    assert outline(document) == [
        ("caption", 0, "Prices"),
        (
            "table",
            0,
            "| Item | Price | Price |\n| --- | --- | --- |\n| Chair \\| stool | 49 | EUR |\n| Desk | 199 | EUR |",
        ),
    ]


def test_a_cell_that_spans_rows_or_columns_stands_in_each(tmp_path):
    document = read(
        tmp_path,
        "<table><tr><th rowspan=2>Year<th colspan=2>Sales<tr><th>North<th>South"
        "<tr><td rowspan=3>2024<td>1<td>2<tr><td>3<td>4<tr><td>5<td>6<tr><td>2025<td>7<td>8</table>",
    )
    assert document.text.split("\n") == [
        "| Year | Sales | Sales |",
        "| --- | --- | --- |",
        "| Year | North | South |",
        *(f"| {year} | {a} | {b} |" for year, a, b in [(2024, 1, 2), (2024, 3, 4), (2024, 5, 6), (2025, 7, 8)]),
    ]


def test_a_table_within_a_cell_of_data_stays_in_its_cell(tmp_path):
    document = read(
        tmp_path,
        "<table><tr><th>Day<th>Hours<tr><td>Monday<td><table><tr><td>7<td>to 6</table>"
        "<tr><td>Friday<td><pre>a\nb</pre></table>",
    )
    assert document.text == "| Day | Hours |\n| --- | --- |\n| Monday | 7 to 6 |\n| Friday | a b |"


def test_the_foot_of_a_table_is_its_end_and_rows_may_span_to_it(tmp_path):
    document = read(
        tmp_path,
        "<table><thead><tr><th>A<th>B</thead><tfoot><tr><td>all<td>3</tfoot>"
        "<tbody><tr><td rowspan=0>x<td>1<tr><td>2</tbody></table>",
    )
    assert document.text == "| A | B |\n| --- | --- |\n| x | 1 |\n| x | 2 |\n| all | 3 |"


def test_code_beside_its_line_numbers_is_code(tmp_path):
    code = (
        "<div class=highlight><table><tr><td><pre>1\n2\n</pre><td><pre><code>a = 1\n  b = 2</code></pre></table></div>"
    )
    assert outline(read(tmp_path, code)) == [("code", 0, "a = 1\n  b = 2")]


def test_numbers_of_items_formulas_and_readings_aloud(tmp_path):
    document = read(
        tmp_path,
        "<ol><li>a<li value=7>b<li>c</ol><p>So <math alttext='\\frac{a}{b}'><mi>a</mi><mi>b</mi></math> is.</p>"
        "<p><ruby>漢<rp>(<rt>kan<rp>)</ruby><ruby>字<rt>ji</ruby></p>",
    )
    assert document.text == "1. a\n7. b\n8. c\n\nSo $\\frac{a}{b}$ is.\n\n漢字"


def test_a_page_from_right_to_left_keeps_its_order(tmp_path):
    document = read(
        tmp_path,
        "<div dir=rtl lang=ar><h1>ساعات العمل</h1><p>نفتح في السابعة (2024) صباحا.</p>"
        "<table><tr><th>اليوم<th>الساعة<tr><td>الاثنين<td>7</table></div>",
    )
    assert outline(document) == [
        ("heading", 1, "ساعات العمل"),
        ("paragraph", 0, "نفتح في السابعة (2024) صباحا."),
        ("table", 0, "| اليوم | الساعة |\n| --- | --- |\n| الاثنين | 7 |"),
    ]


def test_definitions_captions_details_and_descriptions_of_pictures_are_kept(tmp_path):
    document = read(
        tmp_path,
        "<dl><dt>Door<dd>Opens.<dd>Closes.<dt>Wall<dd>Stands.</dl>"
        "<figure><img alt='A red door' src=a.png><figcaption>Fig. 1: The door</figcaption></figure>"
        "<details><summary>How wide?</summary><p>80 cm.</p></details>",
    )
    assert outline(document) == [
        ("list_item", 1, "Door"),
        ("list_item", 2, "Opens."),
        ("list_item", 2, "Closes."),
        ("list_item", 1, "Wall"),
        ("list_item", 2, "Stands."),
        ("paragraph", 0, "A red door"),
        ("caption", 0, "Fig. 1: The door"),
        ("paragraph", 0, "How wide?"),
        ("paragraph", 0, "80 cm."),
    ]


PROSE = "The warehouse opens at seven in the morning and closes at six in the evening on every day of work. "
LINKS = "".join(f"<li><a href=/{n}>Another page {n}</a></li>" for n in range(8))
FRAME = (
    "<div id=cookie-banner><p>{0}</p><button>Accept</button></div><header><a href=/>Shop</a></header>"
    "<nav><ul>" + LINKS + "</ul></nav><div class='sidebar'><ul>" + LINKS + "</ul></div>{1}"
    "<section class='related-posts'><h3>Read next</h3><ul>" + LINKS + "</ul></section>"
    "<footer><p>All rights reserved by nobody at all.</p></footer>"
)
COOKIES = "We use cookies, as everyone does, and hope that nobody minds reading this very sentence again."


def test_the_frame_of_a_page_is_left_out_and_its_content_kept(tmp_path):
    content = (
        f"<main><h1>Opening hours</h1>{f'<p>{PROSE * 2}</p>' * 6}<ul>{LINKS}</ul>"
        "<table><tr><th>Day<th>Hours<tr><td>Monday<td>7 to 6</table><p>Short end.</p></main>"
    )
    text = read(tmp_path, FRAME.format(COOKIES, content)).text
    assert text.startswith("Opening hours\n\nThe warehouse")
    assert text.endswith("- Another page 7\n\n| Day | Hours |\n| --- | --- |\n| Monday | 7 to 6 |\n\nShort end.")
    assert "cookies" not in text
    assert "Read next" not in text


def test_a_title_within_the_frame_is_kept(tmp_path):
    content = f"<div><div class=banner><h1>Opening hours</h1></div><div>{f'<p>{PROSE * 2}</p>' * 6}</div></div>"
    assert outline(read(tmp_path, FRAME.format(COOKIES, content)))[0] == ("heading", 1, "Opening hours")


def test_a_page_that_is_all_frame_is_left_as_it_is(tmp_path):
    document = read(tmp_path, f"<div class=sidebar>{f'<p>{PROSE}</p>' * 20}</div><footer>End of it.</footer>")
    assert document.text.count("warehouse") == 20


def test_a_small_page_or_one_without_a_frame_loses_nothing(tmp_path):
    assert "Another page 7" in read(tmp_path, f"<h1>Pages</h1><div class=menu><ul>{LINKS}</ul></div>").text
    whole = read(tmp_path, f"<div><p>{PROSE * 9}</p></div><div><p>{PROSE}</p></div><div><ul>{LINKS}</ul></div>").text
    assert whole.count("warehouse") == 10
    assert "Another page 7" in whole


def test_a_table_that_only_lays_out_the_page_is_read_through(tmp_path):
    document = read(
        tmp_path,
        "<table><tr><td><h2>Left</h2><table><tr><td>a<td>b</table></td><td><p>Right.</p></td></tr></table>"
        "<table><tr><td>Alone in a frame.</td></tr></table>",
    )
    assert [kind for kind, _, _ in outline(document)] == ["heading", "table", "paragraph", "paragraph"]


def test_the_declared_encoding_is_used(tmp_path):
    content = "<html><head><meta charset='windows-1252'></head><body><p>Café – „Grüße“ 5 €</p></body></html>"
    assert parsed(tmp_path, content.encode("cp1252"), "a.html").text == "Café – „Grüße“ 5 €"


def test_valid_utf8_wins_over_a_wrong_declaration(tmp_path):
    content = "<html><head><meta charset=iso-8859-1></head><body><p>Grüße</p></body></html>"
    assert parsed(tmp_path, content.encode(), "a.html").text == "Grüße"


def test_a_page_without_text_says_so(tmp_path):
    with pytest.raises(ParsingError) as caught:
        read(tmp_path, "<div><script>var a = 1</script></div>")
    assert caught.value.code == "no_text"


def test_deep_nesting_costs_neither_stack_nor_time(tmp_path):
    begin = time.process_time()
    document = read(tmp_path, "<div>" * 20_000 + "deep" + "</div>" * 20_000)
    assert document.text == "deep"
    assert time.process_time() - begin < 5


def test_too_many_cells_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_TABLE_CELLS", 100)
    with pytest.raises(ParsingError) as caught:
        read(tmp_path, "<table>" + "<tr><td>a<td>b" * 51 + "</table>")
    assert caught.value.code == "too_large"


def test_references_to_nul_and_surrogates_cannot_get_in(tmp_path):
    assert "Fine" in read(tmp_path, "<p>Fine&#0;&#xD800;&#x1F; day</p>").text
