"""Chunks: exact offsets, never too long for the embedder, never across a heading, nothing lost."""

import random
import time
from itertools import pairwise

import pytest

from rag.chunking import DEFAULT_SETTINGS, ChunkingSettings, TextChunk, chunk, embedding_text
from rag.embeddings import shipped_embedder
from rag.parsing import Block, Page, ParsedDocument
from rag.parsing.building import DocumentBuilder
from tests.rag.parsed import check_invariants

SENTENCES = [
    "The warehouse in Bremen opens at seven in the morning.",
    "Deliveries are taken until five in the afternoon.",
    "A driver who comes later calls the night desk first.",
    "The number is on the door and in this handbook.",
]


@pytest.fixture(scope="module")
def embedder():
    return shipped_embedder()


def build(*blocks, title="Handbook"):
    builder = DocumentBuilder("markdown")
    for kind, text, *level in blocks:
        builder.add(kind, text, level=level[0] if level else 0)
    document = builder.build(title)
    check_invariants(document)
    return document


def paragraphs(count, start=0):
    return [
        ("paragraph", " ".join(f"{sentence[:-1]} {i}." for sentence in SENTENCES)) for i in range(start, start + count)
    ]


def checked(document, embedder, settings=DEFAULT_SETTINGS):
    """The document's chunks, with all that must hold for any document asserted."""
    chunks = chunk(document, embedder, settings)
    covered = bytearray(len(document.text))
    previous = -1
    for number, one in enumerate(chunks):
        assert one.ordinal == number
        assert one.start > previous
        previous = one.start
        assert one.text == document.text[one.start : one.end]
        assert one.text.strip()
        assert one.text.rstrip() == one.text
        assert one.tokens == len(embedder.token_offsets(one.text)) <= settings.max_tokens
        for text in (embedding_text(one, document.title), embedding_text(one, document.title, embedder)):
            assert text.endswith(one.text)
            assert len(embedder.token_offsets(text)) + 2 <= embedder.max_tokens
        covered[one.start : one.end] = b"\x01" * (one.end - one.start)
    for block in document.blocks:
        lost = [i for i in range(block.start, block.end) if not covered[i] and not document.text[i].isspace()]
        assert not lost, document.text[lost[0] - 30 : lost[0] + 30]
    return chunks


def test_small_paragraphs_are_merged_up_to_the_size(embedder):
    chunks = checked(build(*[("paragraph", sentence) for sentence in SENTENCES]), embedder)
    assert len(chunks) == 1
    assert chunks[0].text == "\n\n".join(SENTENCES)
    assert chunks[0].heading == ""
    assert chunks[0].page is None


def test_no_chunk_reaches_across_a_heading_and_each_knows_its_path(embedder):
    document = build(
        ("heading", "Travel", 1),
        ("heading", "By train", 2),
        ("paragraph", "Second class."),
        ("heading", "By air", 2),
        ("heading", "Long flights", 3),
        ("paragraph", "Ask first."),
        ("heading", "Leave", 1),
        ("paragraph", "Twenty-five days."),
        ("heading", "The end", 4),
    )
    assert [(one.heading, one.text) for one in checked(document, embedder)] == [
        ("Travel > By train", "Travel\n\nBy train\n\nSecond class."),
        ("Travel > By air > Long flights", "By air\n\nLong flights\n\nAsk first."),
        ("Leave", "Leave\n\nTwenty-five days."),
        ("Leave > The end", "The end"),
    ]


def test_long_sections_are_cut_between_sentences_and_overlap_by_one(embedder):
    document = build(("heading", "Hours", 1), *paragraphs(12))
    chunks = checked(document, embedder)
    assert len(chunks) > 2
    for before, after in pairwise(chunks):
        assert before.text.endswith(".")
        assert after.start < before.end, "one sentence stands in both"
        assert after.text[0].isupper()
    without = checked(document, embedder, ChunkingSettings(overlap_sentences=0))
    assert all(before.end < after.start for before, after in pairwise(without))


def test_parts_of_a_long_section_are_about_equally_long(embedder):
    sizes = [one.tokens for one in checked(build(*paragraphs(6)), embedder, ChunkingSettings(overlap_sentences=0))]
    assert min(sizes) > 0.5 * max(sizes)


def test_table_rows_stay_whole(embedder):
    rows = [f"| Article {i} | {i * 7} EUR | in stock since week {i % 52} |" for i in range(60)]
    document = build(("table", "\n".join(rows)))
    for one in checked(document, embedder):
        assert all(line in rows for line in one.text.split("\n"))


def test_code_is_cut_between_lines(embedder):
    lines = [f"    value_{i} = compute(previous_{i}, step={i})" for i in range(80)]
    document = build(("code", "\n".join(lines)))
    for one in checked(document, embedder):
        assert all(line.strip() in map(str.strip, lines) for line in one.text.split("\n"))


def test_a_table_that_is_split_repeats_its_header_beside_the_text(embedder):
    header = "| City | Hotel limit in euros | Meal allowance |\n| --- | --- | --- |"
    rows = [f"| Place number {n} | {100 + n} | {20 + n} |" for n in range(60)]
    document = build(("paragraph", "Limits by city."), ("table", "\n".join([header, *rows])), ("paragraph", "The end."))
    chunks = checked(document, embedder)
    inside = [one for one in chunks if one.start > document.blocks[1].start and one.start < document.blocks[1].end]
    assert len(inside) >= 3
    assert {one.context for one in inside} == {header}
    assert all(header in embedding_text(one, document.title, embedder) for one in inside)
    assert not [one for one in chunks if one not in inside and one.context]
    assert all(one.tokens + len(embedder.token_offsets(header)) <= DEFAULT_SETTINGS.max_tokens for one in inside)


def test_a_header_wider_than_half_a_chunk_is_not_repeated(embedder):
    names = " | ".join(f"a rather long name of column {n}" for n in range(30))
    rows = ["| " + " | ".join(str(n * m) for m in range(30)) + " |" for n in range(20)]
    document = build(("table", "\n".join([f"| {names} |", "|" + " --- |" * 30, *rows])))
    assert {one.context for one in checked(document, embedder)} == {""}


@pytest.mark.parametrize(
    "text",
    [
        "word " * 3000,
        "x" * 20_000,
        "abcDEF123/+" * 2000,
        "漢字" * 4000,
        "한국어" * 2000,
        "🙂" * 3000,
        "a\u0301" * 3000,
        "," * 5000,
        "no-end_of.this;word" * 500,
        "| " + "cell " * 2000 + "|",
    ],
)
@pytest.mark.parametrize("kind", ["paragraph", "table", "code"])
def test_what_is_longer_than_a_chunk_is_cut_and_nothing_is_lost(embedder, text, kind):
    assert len(checked(build((kind, text)), embedder)) > 1


def test_a_long_heading_path_is_trimmed_and_the_text_is_not(embedder):
    document = build(
        *[
            ("heading", f"Überschrift {level} " + "Donaudampfschifffahrtsgesellschaft " * 20, level)
            for level in range(1, 6)
        ],
        *paragraphs(5),
        title="Ein sehr langer Titel " * 10,
    )
    for one in checked(document, embedder):
        assert len(one.heading) <= 400


def test_the_embedded_text_names_title_and_headings_once():
    one = TextChunk(0, 0, 0, "Second class.", "Travel > By train", None, 3)
    assert embedding_text(one, "Handbook") == "Handbook > Travel > By train\nSecond class."
    assert embedding_text(one, "Travel") == "Travel > By train\nSecond class."
    begins = TextChunk(0, 0, 0, "By train\n\nSecond class.", "Travel > By train", None, 5)
    assert embedding_text(begins, "Handbook") == "Handbook > Travel\nBy train\n\nSecond class."
    assert embedding_text(TextChunk(0, 0, 0, "Plain.", "", None, 2), "") == "Plain."


def test_where_room_is_short_the_nearest_heading_stays(embedder):
    one = TextChunk(0, 0, 0, "x", "Outer part of the book > Middle of it > Nearest", None, 245)
    assert embedding_text(one, "Title", embedder) == "Title > Nearest\nx"
    assert embedding_text(one, "Title that is far too long for the room there is", embedder) == "Nearest\nx"


def test_the_page_of_a_chunk_is_where_it_starts(embedder):
    text = "First page text.\n\nThird page text, " + "and more of it, " * 100 + "end."
    blocks = (Block("heading", 0, 16, 1), Block("paragraph", 18, 33), Block("heading", 35, 50, 1))
    blocks = (Block("paragraph", 0, 16), Block("heading", 18, 33, 1), Block("paragraph", 35, len(text)))
    pages = (Page(1, 0, 16, 1, 1), Page(2, 16, 16, 1, 1), Page(3, 18, len(text), 1, 1))
    chunks = checked(ParsedDocument("pdf", "t", text, blocks, pages), embedder)
    assert chunks[0].page == 1
    assert {one.page for one in chunks[1:]} == {3}


def test_any_document_at_any_size_holds_the_promises(embedder):
    random_ = random.Random(11)
    kinds = ["heading", "paragraph", "paragraph", "list_item", "table", "code", "quote", "caption"]
    words = [
        "warehouse",
        "a",
        "Ωmega",
        "漢字",
        "e\u0301",
        "12.5",
        "https://example.org/x?y=z",
        "...",
        "🙂",
        "x" * 150,
        "Dr.",
        "|",
        "-",
    ]
    for _ in range(30):
        blocks = []
        for _ in range(random_.randrange(1, 16)):
            text = "".join(
                random_.choice(words) + random_.choice([" ", " ", ". ", "\n", "。", ""])
                for _ in range(random_.choice([1, 5, 30, 120]))
            )
            blocks.append((random_.choice(kinds), "w " + text, random_.randrange(1, 7)))
        document = build(*blocks)
        settings = ChunkingSettings(random_.choice([8, 60, 200, 200, 254]), random_.randrange(4))
        checked(document, embedder, settings)


def test_settings_that_the_embedder_cannot_honour_are_refused(embedder):
    document = build(("paragraph", "x"))
    for settings in (ChunkingSettings(255), ChunkingSettings(0), ChunkingSettings(100, -1)):
        with pytest.raises(ValueError, match="must"):
            chunk(document, embedder, settings)


def test_time_is_linear_in_the_length(embedder):
    def seconds(blocks):
        document = build(*blocks)
        begin = time.process_time()
        chunk(document, embedder)
        return time.process_time() - begin

    whole = paragraphs(4000)
    assert seconds(whole) < 10, "about 0.9 MB"
    assert seconds([("paragraph", "word " * 100_000)]) < 10
    assert seconds([("paragraph", "x" * 200_000)]) < 10
