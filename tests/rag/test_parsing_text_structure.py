"""Plain text: only what is surely a heading, a list or a table becomes one."""

import pytest

from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats


def blocks(folder, source):
    return outline(parsed(folder, source, "notes.txt"))


def test_underlined_lines_are_headings_levelled_by_their_rule(tmp_path):
    source = "=====\nDoors\n=====\n\nHow wide\n--------\n\nWide.\n\nHow high\n--------\nHigh.\n\nTitle\n====\n\nx\n"
    assert blocks(tmp_path, source) == [
        ("heading", 1, "Doors"),
        ("heading", 2, "How wide"),
        ("paragraph", 0, "Wide."),
        ("heading", 2, "How high"),
        ("paragraph", 0, "High."),
        ("heading", 3, "Title"),
        ("paragraph", 0, "x"),
    ]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("1. Opening hours", 1),
        ("2.3 Hours on holidays", 2),
        ("4.1.2. Who calls whom", 3),
        ("Chapter 4", 1),
        ("Appendix B: Prices", 1),
        ("OPENING HOURS", 2),
        ("ÖFFNUNGSZEITEN", 2),
    ],
)
def test_numbered_named_and_capital_lines_are_headings(tmp_path, line, level):
    prose = "We open at seven in the morning and close at six in the evening."
    found = blocks(tmp_path, f"{prose}\n\n{line}\n\n{prose}\n\n{prose}\n\n{prose}\n")
    assert found[1] == ("heading", level, line)


@pytest.mark.parametrize(
    "line",
    [
        "1. First of all, we open at seven.",
        "12 chairs were sold",
        "3.5 per cent of them",
        "We open at seven",
        "IMPORTANT: WE OPEN AT SEVEN, AND NOT BEFORE.",
        "A1-2024",
        "1984",
        "Part of the door is glass",
    ],
)
def test_sentences_and_numbers_are_no_headings(tmp_path, line):
    prose = "We open at seven in the morning and close at six in the evening."
    found = blocks(tmp_path, f"{prose}\n\n{line}\n\n{prose}\n\n{prose}\n\n{prose}\n\n{prose}\n")
    assert found[1][0] in ("paragraph", "list_item")


def test_a_text_in_capitals_has_no_capital_headings(tmp_path):
    assert {kind for kind, _, _ in blocks(tmp_path, "WE OPEN\n\nAT SEVEN\n\nWE CLOSE\n\nAT SIX\n")} == {"paragraph"}


def test_lists_become_items_with_their_depth(tmp_path):
    source = "Bring:\n- a chair\n  that folds\n  * a cushion\n- a desk\n\n1) Ring\n2) Wait\n\n10. Only one.\n"
    assert blocks(tmp_path, source) == [
        ("paragraph", 0, "Bring:"),
        ("list_item", 1, "a chair\nthat folds"),
        ("list_item", 2, "a cushion"),
        ("list_item", 1, "a desk"),
        ("list_item", 1, "Ring"),
        ("list_item", 1, "Wait"),
        ("list_item", 1, "Only one."),
    ]
    assert "- a chair" in parsed(tmp_path, source, "a.txt").text
    assert "2. Wait" in parsed(tmp_path, source, "a.txt").text


@pytest.mark.parametrize(
    "prose", ["It was cold in\n1984. The doors stayed shut.", "He said\n- and meant it - that\nall is well"]
)
def test_prose_with_signs_at_the_margin_is_no_list(tmp_path, prose):
    assert blocks(tmp_path, prose) == [("paragraph", 0, prose)]


def test_ruled_tables_are_tables(tmp_path):
    grid = (
        "+----+-----+\n| a  | b   |\n+====+=====+\n| 1  | two |\n|    | 2   |\n+----+-----+\n| 3  | 4   |\n+----+-----+"
    )
    client = " a | b\n---+-----\n 1 | two\n 3 | 4"
    simple = "===  =====\na    b\n===  =====\n1    two\n3    4\n===  ====="
    assert blocks(tmp_path, grid) == [("table", 0, "| a | b |\n| --- | --- |\n| 1 | two 2 |\n| 3 | 4 |")]
    expected = [("table", 0, "| a | b |\n| --- | --- |\n| 1 | two |\n| 3 | 4 |")]
    assert blocks(tmp_path, client) == expected
    assert blocks(tmp_path, simple) == expected


def test_columns_without_rules_stay_as_they_are(tmp_path):
    source = "Chair    49\nDesk    199\nLamp     20"
    assert blocks(tmp_path, source) == [("paragraph", 0, source)]


def test_quoted_lines_are_quotes(tmp_path):
    assert blocks(tmp_path, "> So be\n> it.\n\nYes.")[0] == ("quote", 0, "So be\nit.")


def test_one_endless_line_and_many_lines_take_no_time(tmp_path):
    assert len(blocks(tmp_path, "word " * 400_000)) == 1
    assert len(blocks(tmp_path, "- a\n" * 50_000)) == 50_000
    assert blocks(tmp_path, "=" * 1_000_000 + "\n" + "-" * 1_000_000)
