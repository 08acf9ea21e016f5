"""E-mail: head, body and attachments as one document."""

import email.message
import struct

import pytest

from rag.errors import ParsingError
from rag.parsing import limits
from rag.parsing.mail_outlook import decompressed_rtf
from tests.rag.docx_files import make_docx, p
from tests.rag.mail_files import compressed_rtf, fixed_properties, make_eml, make_ole, text_property
from tests.rag.parsed import outline, parsed
from tests.rag.pdf_files import PdfPage, lines, make_pdf

pytestmark = pytest.mark.formats


def read(folder, content, name="mail.eml"):
    document = parsed(folder, content, name)
    assert document.kind == "email"
    return document


def test_the_head_stands_above_the_body(tmp_path):
    document = read(tmp_path, make_eml("We open at seven.\n\nYours, Ann", Cc="Cat <cat@example.org>"))
    assert document.title == "Hours"
    assert outline(document) == [
        ("heading", 1, "Hours"),
        ("list_item", 1, "From: Ann <ann@example.org>"),
        ("list_item", 1, "To: Bob <bob@example.org>"),
        ("list_item", 1, "Cc: Cat <cat@example.org>"),
        ("list_item", 1, "Date: Mon, 04 Mar 2024 09:30:00 +0100"),
        ("paragraph", 0, "We open at seven."),
        ("paragraph", 0, "Yours, Ann"),
    ]


def test_encoded_words_of_any_encoding_are_read(tmp_path):
    head = b"From: =?iso-8859-1?Q?J=FCrgen?= <j@example.org>\nTo: =?koi8-r?B?98HT0Q==?= <v@example.org>\n"
    head += b"Subject: =?utf-8?B?R3LDvMOfZQ==?= =?utf-8?Q?_aus_K=C3=B6ln?=\nMessage-ID: <1@a>\n\nWords.\n"
    document = read(tmp_path, head)
    assert document.title == "Grüße aus Köln"
    assert "From: Jürgen <j@example.org>" in document.text
    assert "To: Вася <v@example.org>" in document.text


def test_the_page_is_preferred_to_the_plain_text(tmp_path):
    page = "<html><body><h2>Hours</h2><table><tr><td>Monday<td>7<tr><td>Friday<td>8</table></body></html>"
    document = read(tmp_path, make_eml("Hours: Monday 7, Friday 8", html=page))
    assert outline(document)[4:] == [
        ("heading", 3, "Hours"),
        ("table", 0, "| Monday | 7 |\n| --- | --- |\n| Friday | 8 |"),
    ]


def test_the_plain_text_is_preferred_to_a_page_that_says_less(tmp_path):
    document = read(tmp_path, make_eml("We open at seven and close at six.", html="<p>Use another program.</p>"))
    assert outline(document)[-1] == ("paragraph", 0, "We open at seven and close at six.")


@pytest.mark.parametrize(
    "body",
    [
        "Fine.\n\nOn Monday Bob wrote:\n> When do you open?\n> And close?\n",
        "Fine.\n\nOn Monday Bob wrote:\n\n-----Original Message-----\nWhen do you open?\nAnd close?\n",
    ],
)
def test_what_is_quoted_is_marked_as_a_quote(tmp_path, body):
    blocks = outline(read(tmp_path, make_eml(body)))
    assert blocks[-3:] == [
        ("paragraph", 0, "Fine."),
        ("paragraph", 0, "On Monday Bob wrote:"),
        ("quote", 0, "When do you open?\nAnd close?"),
    ]


@pytest.mark.parametrize(
    "page",
    [
        "<p>Fine.</p><div class=gmail_quote><p>When do you open?</p></div>",
        "<p>Fine.</p><blockquote type=cite><p>When do you open?</p></blockquote>",
        "<p>Fine.</p><div id=divRplyFwdMsg></div><p>When do you open?</p>",
    ],
)
def test_quotes_in_a_page_are_marked(tmp_path, page):
    blocks = outline(read(tmp_path, make_eml("x", html=page)))
    assert blocks[-2:] == [("paragraph", 0, "Fine."), ("quote", 0, "When do you open?")]


def test_flowed_lines_are_joined(tmp_path):
    content = make_eml("A line \nthat goes on.\nAnother.").replace(b"text/plain", b"text/plain; format=flowed")
    assert outline(read(tmp_path, content))[-1][2] == "A line that goes on.\nAnother."


def test_attachments_are_read_by_their_own_readers(tmp_path):
    inner = email.message.EmailMessage()
    inner["Subject"], inner["From"], inner["Message-ID"] = "Older", "cat@example.org", "<2@a>"
    inner.set_content("Older words.")
    inner.add_attachment(b"deepest words", maintype="text", subtype="plain", filename="deep.txt")
    document = read(
        tmp_path,
        make_eml(
            attachments=[
                ("plan.pdf", make_pdf([PdfPage(lines(["Opening hours are from seven to six."]))]), "application/pdf"),
                ("goals.docx", make_docx(p("Goals", "berschrift1") + p("We grow.")), None),
                ("prices.csv", b"Item,Price\nChair,49\n", "text/csv"),
                ("Größe.txt", "Maße".encode(), "text/plain"),
                ("", inner, None),
            ]
        ),
    )
    blocks = outline(document)
    headings = [(level, text) for kind, level, text in blocks if kind == "heading"]
    assert headings == [
        (1, "Hours"),
        (2, "plan.pdf"),
        (2, "goals.docx"),
        (3, "Goals"),
        (2, "prices.csv"),
        (2, "Größe.txt"),
        (2, "Older.eml"),
        (3, "Older"),
        (4, "deep.txt"),
    ]
    assert "Opening hours are from seven to six." in document.text
    assert "| Chair | 49 |" in document.text
    assert document.text.endswith("deepest words")
    assert document.pages == ()
    assert document.notes == ()


def test_attachments_that_cannot_be_read_are_named(tmp_path):
    attachments = [("a.zip", b"PK\x03\x04 broken", None), ("b.pdf", b"%PDF- broken", None), ("c.txt", b"", None)]
    document = read(tmp_path, make_eml(attachments=attachments))
    assert [note.code for note in document.notes] == ["attachments_unread"]
    assert "a.zip, b.pdf." in document.notes[0].message
    assert "c.txt" not in document.notes[0].message


def test_pictures_of_the_page_are_not_attachments(tmp_path):
    picture = b"\x89PNG\r\n\x1a\n" + bytes(100)
    content = make_eml("x", html="<p>See <img src=cid:1></p>", attachments=[("logo.png", picture, "image/png")])
    content = content.replace(b'attachment; filename="logo.png"', b"inline\nContent-ID: <1>")
    assert read(tmp_path, content).notes == ()


def test_many_attachments_and_deep_ones_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_ATTACHMENT_DEPTH", 3)
    message = make_eml("bottom")
    for depth in range(100):
        head = f"From: a@b.c\nSubject: level {depth}\nMessage-ID: <1@a>\nContent-Type: message/rfc822\n\n".encode()
        message = head + message
    document = read(tmp_path, message)
    assert "level 97" in document.text
    assert "bottom" not in document.text
    assert document.notes[0].code == "attachments_unread"


def test_endless_nesting_is_a_document_too_deep(tmp_path):
    parts = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (depth, depth) for depth in range(3000)
    )
    with pytest.raises(ParsingError) as caught:
        read(tmp_path, b"From: a@b.c\nSubject: x\nMIME-Version: 1.0\n" + parts)
    assert caught.value.code == "too_large"


def test_a_saved_web_page_is_read(tmp_path):
    content = (
        "From: <Saved by Blink>\nSubject: Opening hours\nMIME-Version: 1.0\n"
        'Content-Type: multipart/related; type="text/html"; boundary="b"\n\n--b\nContent-Type: text/html\n'
        "Content-Location: https://example.org/\nContent-Transfer-Encoding: quoted-printable\n\n"
        "<html><body><h1>Opening=20hours</h1><p>From seven.</p></body></html>\n--b\nContent-Type: text/css\n"
        "Content-Location: https://example.org/a.css\n\np { color: red }\n--b--\n"
    )
    document = read(tmp_path, content, "page.mhtml")
    assert document.title == "Opening hours"
    assert document.text.endswith("From seven.")
    assert "red" not in document.text


@pytest.mark.parametrize("name", ["mail.eml", "mail.txt", "mail"])
def test_a_message_is_known_by_its_head(tmp_path, name):
    assert read(tmp_path, make_eml("Words."), name).title == "Hours"


def test_a_memo_is_no_message(tmp_path):
    assert parsed(tmp_path, "From: Ann\nTo: Bob\nSubject: Doors\n\nThey open.", "memo.txt").kind == "text"


def outlook(**extra):
    attached = {
        "__properties_version1.0": fixed_properties(8),
        **dict([text_property(0x3707, "prices.csv")]),
        "__substg1.0_37010102": b"Item,Price\nChair,49\n" + b"\n" * 4096,
    }
    inner = {
        "__properties_version1.0": fixed_properties(24),
        **dict([text_property(0x0037, "Older"), text_property(0x1000, "Older words.")]),
    }
    message = {"__properties_version1.0": fixed_properties(8), "__substg1.0_3701000D": inner}
    return {
        "__properties_version1.0": fixed_properties(32, (0x0040, 0x0039, 133_540_974_000_000_000)),
        **dict([text_property(0x0037, "Hours"), text_property(0x0C1A, "Ann"), text_property(0x0E04, "Bob")]),
        **dict([text_property(0x1000, "We open at seven.")]),
        "__attach_version1.0_#00000000": attached,
        "__attach_version1.0_#00000001": message,
    } | extra


def test_an_outlook_message_is_read_with_its_attachments(tmp_path):
    document = read(tmp_path, make_ole(outlook()), "mail.msg")
    blocks = outline(document)
    assert blocks[:5] == [
        ("heading", 1, "Hours"),
        ("list_item", 1, "From: Ann"),
        ("list_item", 1, "To: Bob"),
        ("list_item", 1, "Date: 2024-03-05 07:30 UTC"),
        ("paragraph", 0, "We open at seven."),
    ]
    assert ("heading", 2, "prices.csv") in blocks
    assert "| Chair | 49 |" in document.text
    assert blocks[-1] == ("paragraph", 0, "Older words.")


RICH = (
    rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\stylesheet{\s1\outlinelevel0 heading 1;}}\pard\s1 Gr\'fc\'dfe\par"
)
RICH += rb"\pard We {\b open} at seven.\par{\listtext\'b7\tab}Ring\par\trowd\intbl Item\cell 49\cell\row\pard "
WRAPPED = (
    rb"{\rtf1\ansi\ansicpg1252\fromhtml1\deff0{\fonttbl{\f0\fswiss Arial;}}{\*\htmltag64 <html>}"
    rb"{\*\htmltag241 <style>p {x}}{\*\htmltag249 </style>}{\*\htmltag96 <p>}\htmlrtf {\htmlrtf0 We open at "
    rb"{\*\htmltag84 <b>}\htmlrtf {\b\htmlrtf0 seven\htmlrtf }\htmlrtf0 {\*\htmltag92 </b>}{\*\htmltag84 &nbsp;}"
    rb"\htmlrtf \'a0\htmlrtf0 Gr\'fc\'dfe.{\*\htmltag104 </p>}\htmlrtf\par}\htmlrtf0 }"
)


def rich(data):
    message = outlook(**{"__substg1.0_10090102": data})
    del message["__substg1.0_1000001F"]
    return message


def test_a_body_in_rtf_alone_is_read(tmp_path):
    document = read(tmp_path, make_ole(rich(compressed_rtf(RICH, b"deftab720"))), "mail.msg")
    assert outline(document)[4:9] == [
        ("heading", 2, "Grüße"),
        ("paragraph", 0, "We open at seven."),
        ("list_item", 1, "Ring"),
        ("table", 0, "| Item | 49 |\n| --- | --- |"),
        ("paragraph", 0, "deftab720"),
    ]
    assert document.notes == ()


def test_a_page_wrapped_in_rtf_is_read_once(tmp_path):
    document = read(tmp_path, make_ole(rich(compressed_rtf(WRAPPED))), "mail.msg")
    assert outline(document)[4] == ("paragraph", 0, "We open at seven Grüße.")


def test_a_damaged_body_in_rtf_leaves_a_note(tmp_path):
    document = read(tmp_path, make_ole(rich(bytes(range(200)))), "mail.msg")
    assert [note.code for note in document.notes] == ["body_unread"]
    assert "prices.csv" in document.text


def test_an_attached_message_with_a_body_in_rtf_alone_is_read(tmp_path):
    message = outlook()
    inner = message["__attach_version1.0_#00000001"]["__substg1.0_3701000D"]
    del inner["__substg1.0_1000001F"]
    inner["__substg1.0_10090102"] = compressed_rtf(RICH)
    blocks = outline(read(tmp_path, make_ole(message), "mail.msg"))
    assert ("paragraph", 0, "We open at seven.") in blocks[-4:]


def test_a_damaged_outlook_message_says_so(tmp_path):
    content = make_ole(outlook())
    for cut in (600, len(content) // 2):
        with pytest.raises(ParsingError) as caught:
            parsed(tmp_path, content[:cut] + "__properties_version1.0".encode("utf-16-le"), "mail.msg")
        assert caught.value.code in ("corrupt", "no_text")


def test_compressed_rtf_is_unpacked():
    # The example of [MS-OXRTFCP], section 4.1.
    data = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert decompressed_rtf(data) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert decompressed_rtf(struct.pack("<IIII", 20, 5, 0x414C454D, 0) + b"plain") == b"plain"
    assert decompressed_rtf(b"short") == b""
