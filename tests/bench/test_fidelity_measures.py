"""The measures of fidelity: what they count, on texts small enough to count by hand."""

from bench.measures.fidelity import cells_found, edit_distance, holds, nearest, word_score, words

TABLE = "| Item | Price |\n| --- | --- |\n| Chair | 49.00 |\n| Desk | 199.00 |\n"


def test_words_are_those_a_reader_sees():
    assert words("# The [Price](http://x.y) of **it**: 日本 &amp; more") == [
        "the",
        "price",
        "of",
        "it",
        "日",
        "本",
        "more",
    ]


def test_the_edit_distance_counts_words_added_lost_and_changed():
    assert edit_distance("abcd", "abcd") == 0
    assert edit_distance("abcd", "abxd") == 1
    assert edit_distance("abcd", "bcd") == 1
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "ab") == edit_distance("ab", "") == 2


def test_a_score_says_what_was_kept_what_is_right_and_in_which_order():
    score = word_score(["a", "b", "c", "d"], ["b", "a", "c"])
    assert (score.recall, score.precision) == (0.75, 1.0)
    assert score.order == 0.25


def test_the_nearest_part_of_a_text_is_found_with_its_end():
    assert nearest("night desk", "call the night desk first") == (0, 19)
    assert nearest("nigth desk", "call the night desk first")[0] == 2


def test_cells_are_counted_whatever_table_they_are_in():
    assert cells_found(TABLE, TABLE) == (6, 6)
    assert cells_found(TABLE, "| Chair | 49.00 |\n") == (2, 6)


def test_facts_are_held_against_text_and_tables():
    assert holds({"type": "present", "text": "Desk"}, TABLE)
    assert holds({"type": "absent", "text": "Page 7"}, TABLE)
    assert not holds({"type": "absent", "text": "7", "last_n": 3}, "the end 7")
    assert holds({"type": "order", "before": "Chair", "after": "Desk"}, TABLE)
    assert holds({"type": "table", "cell": "49.00", "left": "Chair", "top_heading": "Price", "down": "199.00"}, TABLE)
    assert not holds({"type": "table", "cell": "49.00", "left": "Desk"}, TABLE)
