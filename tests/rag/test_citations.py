"""Marks leave the stream, whatever the pieces, and point at what supports the sentence."""

import random

import pytest

from rag.citations import CitationParser, locate
from rag.generation import CitationMade, PromptPassage, TextDelta

TEXTS = (
    "Trains are booked by the travel desk. The fee is 5 EUR per day. Dogs are welcome.",
    "Cats may come on Fridays. A cat costs nothing.",
    "مرحبا بكم في الشركة. الرسوم خمسة يورو. 😀 Ende.",
)
PASSAGES = tuple(PromptPassage(number, text, "", "", "", None, 1.0) for number, text in enumerate(TEXTS, 1))


def parse(pieces: list[str]) -> tuple[str, list[CitationMade]]:
    parser = CitationParser(PASSAGES)
    parts = [part for piece in pieces for part in parser.feed(piece)] + parser.finish()
    text = ""
    cited: list[CitationMade] = []
    for part in parts:
        if isinstance(part, TextDelta):
            assert part.text
            text += part.text
        else:
            assert 0 <= part.start < part.end <= len(text), "a citation follows the text it covers"
            assert 0 <= part.source_start < part.source_end <= len(TEXTS[part.passage_number - 1])
            cited.append(part)
    return text, cited


def shown(raw: str) -> tuple[str, list[tuple[str, int]]]:
    text, cited = parse([raw])
    return text, [(text[c.start : c.end], c.passage_number) for c in cited]


@pytest.mark.parametrize(
    ("raw", "text", "cited"),
    [
        ("The fee is 5 EUR [1].", "The fee is 5 EUR.", [("The fee is 5 EUR.", 1)]),
        ("The fee is 5 EUR.[1] Yes.", "The fee is 5 EUR. Yes.", [("The fee is 5 EUR.", 1)]),
        ("The fee is 5 EUR. [1]", "The fee is 5 EUR.", [("The fee is 5 EUR.", 1)]),
        ("A cat [1][2].", "A cat.", [("A cat.", 1), ("A cat.", 2)]),
        ("A cat [1, 2].", "A cat.", [("A cat.", 1), ("A cat.", 2)]),
        ("A cat [1], [2].", "A cat.", [("A cat.", 1), ("A cat.", 2)]),
        ("A cat [1] and [2].", "A cat.", [("A cat.", 1), ("A cat.", 2)]),
        ("A cat [1-3].", "A cat.", [("A cat.", 1), ("A cat.", 2), ("A cat.", 3)]),
        ("A cat [1–2].", "A cat.", [("A cat.", 1), ("A cat.", 2)]),
        ("A cat [^2].", "A cat.", [("A cat.", 2)]),
        ("A cat [[2]].", "A cat.", [("A cat.", 2)]),
        ("A cat [passage 2].", "A cat.", [("A cat.", 2)]),
        ("A cat 【2】 here.", "A cat here.", [("A cat", 2)]),
        ("A cat【2†source】.", "A cat.", [("A cat.", 2)]),
        ("A cat [2], a dog [1].", "A cat, a dog.", [("A cat", 2), ("a dog.", 1)]),
        ("One. Two [1]. Three.", "One. Two. Three.", [("Two.", 1)]),
        ("- A cat [2]\n- A dog [1]\n", "- A cat\n- A dog\n", [("A cat", 2), ("A dog", 1)]),
        ("**A cat [2].**", "**A cat.**", [("A cat.", 2)]),
        ("[2] A cat.\nMore.", "A cat.\nMore.", [("A cat.", 2)]),
        ("A cat.\n\n[2]\n\nMore.", "A cat.\n\n\n\nMore.", [("A cat.", 2)]),
        ("A cat [2] [2].", "A cat.", [("A cat.", 2)]),
        ("„Katze“ 😀 é [2]!", "„Katze“ 😀 é!", [("„Katze“ 😀 é!", 2)]),
        ("الرسوم خمسة يورو [3].", "الرسوم خمسة يورو.", [("الرسوم خمسة يورو.", 3)]),
        ("费用是五欧元[1]。猫免费[2]。", "费用是五欧元。猫免费。", [("费用是五欧元。", 1), ("猫免费。", 2)]),
    ],
)
def test_marks_become_citations_of_the_sentence_before(raw: str, text: str, cited: list[tuple[str, int]]) -> None:
    assert shown(raw) == (text, cited)


@pytest.mark.parametrize(
    "raw",
    [
        "x = arr[0] + 1",
        "rows[1].name = 5",
        "rows[1] = 5",
        "a [link](https://example.org) here",
        "see [1](https://example.org/1)",
        "in [2024] and [1999]",
        "a backwards [3-1] range",
        "use `cell[1]` or `[2]` here",
        "``a ` [1]`` end",
        "```python\nx = a [1]\n```\nend",
        "~~~\n[1]\n~~~",
        "```\n[1] never closed",
        "- [ ] open task",
        "escaped \\[1] mark",
        "[0] is no passage",
        "[a] [abc] [] [ ] [1",
        "a [1, see below] b",
    ],
)
def test_what_only_looks_like_a_mark_stays(raw: str) -> None:
    assert shown(raw) == (raw, [])


def test_a_mark_of_a_passage_that_was_not_shown_is_dropped() -> None:
    assert shown("A cat [7]. A dog [1, 9].") == ("A cat. A dog.", [("A dog.", 1)])


def test_a_backtick_without_its_twin_is_no_code() -> None:
    assert shown("The 5` pipe [1]\nend") == ("The 5` pipe\nend", [("The 5` pipe", 1)])


def test_nul_characters_are_left_out() -> None:
    assert shown("A\x00 cat [\x002].") == ("A cat.", [("A cat.", 2)])


SAMPLES = [
    "The fee is 5 EUR [1]. A cat costs nothing [2][1]!\n\n- one [3]\n- two [1, 2]\n\n```py\na[1] [2]\n```\nEnd [^2].",
    "[1] Start `code [1]` and `open [2]\nnext【1†s】, [2] and [3] x[1] = [2024] [link](u) \\[1] 😀 [3].",
]
ALPHABET = [
    "[", "]", "1", "2", "9", ",", "-", " ", "  ", "\n", "`", "```", "~~~", "\\", "a", "word", ".", " and ", "(", "【",
    "】", "†x", "=", "^", "passage ", "- ", "# ", "!", "”", "\n```\n", "é", "😀", "ع", "e\u0301", "\u00a0", "[1]",
    " [2]",
]  # fmt: skip


def pieces_of(raw: str, rng: random.Random) -> list[str]:
    cuts = sorted(rng.sample(range(1, len(raw)), rng.randint(0, min(len(raw) - 1, 30)))) if len(raw) > 1 else []
    return [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]


@pytest.mark.parametrize("raw", SAMPLES)
def test_the_pieces_do_not_change_the_result(raw: str) -> None:
    whole = parse([raw])
    rng = random.Random(1)
    assert parse(list(raw)) == whole
    for _ in range(200):
        assert parse(pieces_of(raw, rng)) == whole


def test_the_pieces_do_not_change_the_result_of_any_text() -> None:
    rng = random.Random(2)
    for _ in range(1_500):
        raw = "".join(rng.choice(ALPHABET) for _ in range(rng.randint(1, 40)))
        whole = parse([raw])
        assert parse(list(raw)) == whole, repr(raw)
        assert parse(pieces_of(raw, rng)) == whole, repr(raw)


def test_text_is_given_out_as_it_comes() -> None:
    parser = CitationParser(PASSAGES)
    assert parser.feed("The fee") == [TextDelta("The fee")]
    assert parser.feed(" is") == [TextDelta(" is")]
    assert parser.feed(" ") == []
    assert parser.feed("[") == []
    assert parser.feed("1") == []
    assert parser.feed("]") == []
    made = parser.feed(" now")
    assert isinstance(made[0], CitationMade)
    assert made[1:] == [TextDelta(" now")]
    assert parser.feed(" [x") == [TextDelta(" [x")]


def test_long_runs_are_not_held_back() -> None:
    for filler in ("[", " ", "`", "[1,", "\\", "~", "\n", "[["):
        parser = CitationParser(PASSAGES)
        given = sum(len(part.text) for part in parser.feed(filler * 5_000) if isinstance(part, TextDelta))
        assert given >= len(filler) * 5_000 - 500


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("You pay 5 EUR a day.", "The fee is 5 EUR per day."),
        ("Dogs can come along.", "Dogs are welcome."),
        ("Trains are booked by the desk.", "Trains are booked by the travel desk."),
        ("Something about volcanoes.", TEXTS[0]),
        ("", TEXTS[0]),
    ],
)
def test_the_supporting_sentence_is_found(sentence: str, source: str) -> None:
    span = locate(sentence, TEXTS[0])
    assert TEXTS[0][span.start : span.end] == source


def test_two_neighbouring_sentences_support_one_that_needs_both() -> None:
    span = locate("Trains are booked by the travel desk and the fee is 5 EUR per day.", TEXTS[0])
    assert TEXTS[0][span.start : span.end] == "Trains are booked by the travel desk. The fee is 5 EUR per day."


def test_a_row_of_a_table_is_found() -> None:
    table = "Prices:\n\n| Plan | Price |\n| --- | --- |\n| Basic | 10 EUR |\n| Pro | 25 EUR |\n\nAll without tax."
    span = locate("The Pro plan costs 25 EUR.", table)
    assert table[span.start : span.end] == "| Pro | 25 EUR |"


def test_offsets_count_code_points() -> None:
    span = locate("الرسوم خمسة يورو", TEXTS[2])
    assert TEXTS[2][span.start : span.end] == "الرسوم خمسة يورو."


def test_an_empty_passage_is_named_whole() -> None:
    assert (locate("Anything.", "").start, locate("Anything.", "").end) == (0, 0)
