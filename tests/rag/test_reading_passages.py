"""What an answer reads of what a search found."""

import random
from itertools import pairwise

from rag.reading_passages import JOINED_TOKENS, LeftOut, Piece, choose, neighbours

LEAVE = "Every employee has thirty days of paid leave a year, and asks for it in the crew app two weeks before."


def piece(text: str, document: str = "a", start: int = 0, score: float = 0.5, label: str = "", **more: bool) -> Piece:
    return Piece(document, start, start + len(text), text, label, score, **more)


def count(text: str) -> int:
    return len(text.split())


def test_the_same_words_are_read_once() -> None:
    pieces = [piece(LEAVE), piece("The ship has a crew of nine.", "b"), piece(LEAVE + " Thanks.", "c")]
    chosen = choose(pieces, "How much leave?", limit=8, tokens=1000, measure=count)
    assert chosen.pieces == [0, 1]
    assert chosen.left_out == [LeftOut(2, "duplicate", 0)]


def test_a_figure_or_an_asked_name_of_its_own_keeps_a_passage() -> None:
    words = " ".join(f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz" * 2)
    pieces = [
        piece(f"In Norway {words} costs 12 pounds", "no"),
        piece(f"In Norway {words} costs 14 pounds", "other"),
        piece(f"In Spain {words} costs 12 pounds", "es"),
    ]
    asked = {question: choose(pieces, question, limit=8, tokens=1000, measure=count).pieces for question in
             ("What does it cost?", "What does it cost in Spain?")}  # fmt: skip
    assert asked == {"What does it cost?": [0, 1], "What does it cost in Spain?": [0, 1, 2]}


def test_what_the_label_says_counts_as_said() -> None:
    words = " ".join(f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz" * 2)
    pieces = [piece(words, "no", label="Leave in Norway"), piece(words, "es", label="Leave in Spain")]
    assert choose(pieces, "Leave in Spain?", limit=8, tokens=1000, measure=count).pieces == [0, 1]
    assert choose(pieces, "How long is it?", limit=8, tokens=1000, measure=count).pieces == [0]


def test_a_document_gives_way_to_others_that_are_nearly_as_good() -> None:
    texts = [f"{word} " * 9 for word in ("ship", "port", "crew", "rope", "tide", "wind")]
    scores = [0.9, 0.89, 0.88, 0.87, 0.82, 0.3]
    names = ["a", "a", "a", "a", "b", "c"]
    pieces = [piece(*row[:2], score=row[2]) for row in zip(texts, names, scores, strict=True)]
    assert choose(pieces, "?", limit=4, tokens=1000, measure=count).pieces == [0, 1, 2, 4]


def test_what_does_not_fit_is_left_out_and_the_first_is_always_read() -> None:
    pieces = [piece("one " * 50), piece("two " * 20, "b"), piece("three " * 10, "c")]
    chosen = choose(pieces, "?", limit=8, tokens=60, measure=count)
    assert (chosen.pieces, chosen.tokens) == ([0, 2], 60)
    assert chosen.left_out == [LeftOut(1, "budget")]
    assert choose(pieces, "?", limit=8, tokens=5, measure=count).pieces == [0]
    assert choose([], "?", limit=8, tokens=5, measure=count).pieces == []


def test_neighbours_stand_in_the_order_of_the_text_and_of_their_best() -> None:
    text = "one two three four five six"
    pieces = [
        Piece("b", 100, 103, "far", "", 0.9),
        Piece("a", 8, 18, text[8:18], "", 0.8),
        Piece("a", 0, 7, text[0:7], "", 0.7),
        Piece("a", 14, 27, text[14:27], "", 0.6),
    ]
    assert neighbours(pieces, range(4), count) == [[0], [2, 1, 3]]
    assert neighbours(pieces, range(4), count, most=4) == [[0], [2, 1], [3]]


def test_edited_pieces_other_headings_and_distant_ones_stay_apart() -> None:
    pieces = [
        Piece("a", 0, 7, "one two", "", 0.9, alone=True),
        Piece("a", 8, 13, "three", "", 0.8),
        Piece("a", 14, 18, "four", "Other", 0.7),
        Piece("a", 60, 64, "five", "Other", 0.7),
        Piece("b", 0, 7, "one two", "", 0.9),
    ]
    assert neighbours(pieces, range(5), count) == [[0], [1], [2], [3], [4]]


def test_no_run_is_longer_than_its_bound_and_each_piece_is_in_one() -> None:
    chance = random.Random(7)
    for _round in range(50):
        pieces = [
            Piece(chance.choice("ab"), start, start + 60, "word " * 12, chance.choice(["", "H"]), chance.random(),
                  alone=chance.random() < 0.1)
            for start in (chance.randrange(0, 2000) for _ in range(40))
        ]  # fmt: skip
        chosen = choose(pieces, "word", limit=30, tokens=300, measure=count)
        assert chosen.tokens <= 300
        runs = neighbours(pieces, chosen.pieces, count, most=36)
        assert sorted(index for run in runs for index in run) == chosen.pieces
        assert all(sum(count(pieces[index].text) for index in run) <= 36 for run in runs)
        for run in runs:
            for one, other in pairwise(run):
                assert pieces[one].start <= pieces[other].start
                assert (pieces[one].document, pieces[one].label) == (pieces[other].document, pieces[other].label)
    assert JOINED_TOKENS >= 2 * 200
