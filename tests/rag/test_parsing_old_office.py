"""DOC and PPT, the binary files of Word and PowerPoint 97 to 2003."""

import contextlib
import random
import struct

import pytest

from rag.errors import ParsingError
from tests.rag.office_files import make_ole
from tests.rag.old_office_files import (
    BULLETS,
    DELETED,
    HEADING_1,
    HIDDEN,
    IN_TABLE,
    ROW_END,
    item,
    make_doc,
    make_ppt,
    record,
    shape,
    text,
)
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats


def said(folder, content, name):
    return outline(parsed(folder, content, name))


def test_styles_lists_and_tables_of_a_doc_become_blocks(tmp_path):
    document = parsed(
        tmp_path,
        make_doc(
            [
                ("Opening hours\r", HEADING_1, b""),
                ("We open at seven.\x0bEvery day.\r", 0, b""),
                ("Mondays\r", BULLETS, b""),
                ("Ring\r", 0, item(2)),
                ("Wait\r", 0, item(2)),
                ("Details\r", 2, b""),
                ("Item\x07", 0, IN_TABLE),
                ("Price\x07", 0, IN_TABLE),
                ("\x07", 0, ROW_END),
                ("Chair\r", 0, IN_TABLE),
                ("red\x07", 0, IN_TABLE),
                ("49\x07", 0, IN_TABLE),
                ("\x07", 0, ROW_END),
                ("Größe 😀 “x”\r", 0, b""),
            ],
            lists=((1, 23), (3, 0)),
        ),
        "hours.doc",
    )
    assert document.kind == "docx"
    assert outline(document) == [
        ("heading", 1, "Opening hours"),
        ("paragraph", 0, "We open at seven.\nEvery day."),
        ("list_item", 1, "Mondays"),
        ("list_item", 1, "Ring"),
        ("list_item", 1, "Wait"),
        ("heading", 2, "Details"),
        ("table", 0, "| Item | Price |\n| --- | --- |\n| Chair red | 49 |"),
        ("paragraph", 0, "Größe 😀 “x”"),
    ]
    assert "- Mondays\n3. Ring\n4. Wait" in document.text


def test_what_a_doc_does_not_show_is_left_out(tmp_path):
    line = "See \x13 HYPERLINK x \x14this\x15 now, gone, unseen.\r"
    letters = ((line.index("gone"), line.index("gone") + 6, DELETED), (line.index("unseen"), len(line) - 2, HIDDEN))
    assert said(tmp_path, make_doc([(line, 0, b"")], letters=letters), "a.doc") == [("paragraph", 0, "See this now, .")]


def test_notes_comments_and_boxes_follow_the_text_of_a_doc_and_headers_do_not(tmp_path):
    parts = ["A note.\r", "Running head\r", "Check this.\r", "An end note.\r", "In a box.\r"]
    content = make_doc([(one, 0, b"") for one in ("Text.\r", *parts)], parts=tuple(map(len, parts)))
    assert said(tmp_path, content, "a.doc") == [
        ("paragraph", 0, "Text."),
        ("paragraph", 0, "A note."),
        ("quote", 0, "Comment: Check this."),
        ("paragraph", 0, "An end note."),
        ("paragraph", 0, "In a box."),
    ]


def test_a_doc_of_one_byte_a_letter_is_read(tmp_path):
    assert said(tmp_path, make_doc([("Größe – “x”\r", HEADING_1, b"")], compressed=True), "a.doc") == [
        ("heading", 1, "Größe – “x”")
    ]


def test_slides_of_a_ppt_are_pages(tmp_path):
    bullets = struct.pack("<IHIH", 4, 0, 1, 1) + struct.pack("<IHI", 100, 1, 0)
    notes = [shape(text(2, "Say it slowly.")), shape(text(4, "*"), record(4056, bytes(4)))]
    slides = [
        (
            [text(0, "Opening hours"), text(1, "One\rTwo", bullets)],
            [shape(record(3998, bytes(4))), shape(record(3998, b"\1\0\0\0"))],
        ),
        ([], [shape(text(4, "A box\x0bof words")), shape(text(4, "7"), record(4056, bytes(4)))]),
        ([text(0, "Only listed")], []),
    ]
    document = parsed(tmp_path, make_ppt(slides, notes=notes), "hours.ppt")
    assert document.kind == "pptx"
    assert document.title == "Opening hours"
    assert outline(document) == [
        ("heading", 1, "Opening hours"),
        ("list_item", 1, "One"),
        ("list_item", 2, "Two"),
        ("quote", 0, "Speaker notes: Say it slowly."),
        ("heading", 1, "Slide 2"),
        ("paragraph", 0, "A box\nof words"),
        ("heading", 1, "Only listed"),
    ]
    assert [(page.width, page.height) for page in document.pages] == [(720, 540)] * 3


def test_a_table_of_a_ppt_keeps_its_rows(tmp_path):
    def cell(left, top, words):
        return record(0xF004, record(0xF00F, struct.pack("<iiii", left, top, 9, 9)), record(0xF00D, text(4, words)))

    options = record(0xF122, struct.pack("<HI", 0x039F, 1), instance=1)
    cells = [cell(200, 100, "Price"), cell(100, 100, "Item"), cell(100, 200, "Chair"), cell(200, 200, "49")]
    table = record(0xF003, record(0xF004, options), *cells)
    assert said(tmp_path, make_ppt([([], [table])]), "a.ppt")[1] == (
        "table",
        0,
        "| Item | Price |\n| --- | --- |\n| Chair | 49 |",
    )


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (make_doc([("x\r", 0, b"")], flags=0x0100), "a.doc", "encrypted"),
        (make_ppt([([], [shape(text(4, "x"))])], token=0xF3D1C4DF), "a.ppt", "encrypted"),
        (make_doc([("x\r", 0, b"")], version=0x65), "a.doc", "unsupported_type"),
        (make_ole({"WordDocument": b"no"}), "a.doc", "corrupt"),
        (make_ole({"PowerPoint Document": b"no", "Current User": b"no"}), "a.ppt", "corrupt"),
        (make_ole({"PP40": b"x"}), "a.ppt", "unsupported_type"),
        (make_doc([("\r", 0, b"")]), "a.doc", "no_text"),
        (make_ppt([([], [])]), "a.ppt", "no_text"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, content, name, code):
    with pytest.raises(ParsingError) as caught:
        parsed(tmp_path, content, name)
    assert caught.value.code == code


@pytest.mark.parametrize("seed", range(150))
def test_damage_ends_in_text_or_a_reason(tmp_path, seed):
    dice = random.Random(seed)
    sound = (
        make_doc([("Words here.\r", n % 5, item()) for n in range(20)]),
        make_ppt([([text(0, "T"), text(1, "One\rTwo")], [shape(record(3998, bytes(4)))]) for _ in range(4)]),
    )[seed % 2]
    content = bytearray(sound)
    for _ in range(dice.randint(1, 60)):
        content[dice.randrange(512, len(content))] = dice.randrange(256)
    with contextlib.suppress(ParsingError):
        parsed(tmp_path, bytes(content), "a.doc")
