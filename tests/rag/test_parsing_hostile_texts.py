"""Hostile texts, pages, mails and books, in the sandbox: an answer or a clear reason, in bounded time and memory."""

import time

import pytest

from rag.errors import ParsingError
from rag.parsing import limits
from rag.parsing.sandbox import ParsingSandbox
from tests.rag.epub_files import make_epub, page
from tests.rag.parsed import check_invariants

pytestmark = pytest.mark.endurance

MEGABYTE = 1024**2
SLOWEST_S = 20.0
"""What takes time by the square of these sizes takes longer."""
HEAD = b"From: a@b.c\nSubject: x\nMessage-ID: <1@a>\nMIME-Version: 1.0\n"
SPACES = page("<p>" + " " * (30 * MEGABYTE))


@pytest.fixture(scope="module")
def sandbox():
    sandbox = ParsingSandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def outcome(sandbox, tmp_path):
    """The kind of what a file becomes, or the code of the reason why it does not."""

    def outcome_of(content, name):
        path = tmp_path / "stored"
        path.write_bytes(content)
        begin = time.monotonic()
        try:
            document = sandbox.parse(path, name)
        except ParsingError as error:
            result = error.code
        else:
            check_invariants(document)
            result = document.kind
        assert time.monotonic() - begin < SLOWEST_S
        return result

    return outcome_of


def nested_mails(depth):
    message = b"bottom"
    for number in range(depth):
        boundary = b"b%d" % number
        head = HEAD + b"Content-Type: multipart/mixed; boundary=" + boundary + b"\n\n--" + boundary
        message = head + b"\nContent-Type: message/rfc822\n\n" + message + b"\n--" + boundary + b"--\n"
    return message


def multiparts(count, first=0):
    heads = (b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(first, first + count))
    return HEAD + b"".join(heads)


@pytest.mark.parametrize(
    ("name", "megabytes"),
    [("line.txt", 100), ("line.csv", 100), ("line.json", 20), ("line.py", 20), ("line.html", 20), ("line.eml", 20)],
)
def test_one_line_without_end_is_too_large(outcome, name, megabytes):
    starts = {"line.eml": HEAD + b"\n", "line.html": b"<p>", "line.json": b'["'}
    assert megabytes * MEGABYTE > limits.MAX_CHARACTERS
    line = starts.get(name, b"") + b"word " * (megabytes * MEGABYTE // 5)
    assert outcome(line[: megabytes * MEGABYTE], name) in ("too_large", "parse_memory")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("deep.json", b"[" * MEGABYTE, "text"),
        ("deep.json", b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "text"),
        ("wide.json", b"[" + b",".join(b'{"k%d":1}' % n for n in range(20_000)) + b"]", "json"),
        ("unclosed.html", b"<div>" * 1_000_000 + b"x", "too_large"),
        ("unclosed.html", b"<p>" + b"<span>a" * 1_000_000, "too_large"),
        ("unclosed.html", b"<ul>" + b"<li>a" * 30_000, "html"),
        ("deep.html", b"<div>" * 20_000 + b"x", "html"),
        ("tables.html", b"<table><tr><td>" * 50_000 + b"x", "too_large"),
        ("spans.html", b"<table>" + b"<tr><td rowspan=100 colspan=100>a<td>b" * 20_000, "too_large"),
        ("options.html", b"<select>" + b"<option>a" * 50_000, "too_large"),
        ("listings.html", b"<pre>a" * 50_000, "too_large"),
        ("fonts.html", b"".join(b"<font a=%d><p>a" % n for n in range(50_000)), "too_large"),
        ("bold.html", b"<p><b>a" * 20_000, "html"),
        ("links.html", b"<p><a name=x>a" * 20_000, "html"),
        ("own.html", b"<x-y>a" * 50_000, "too_large"),
        ("attributes.html", b"<p " + b"".join(b"a%d=1 " % n for n in range(120_000)) + b">word", "html"),
        ("bodies.html", b"".join(b"<body a%d=1>" % n for n in range(24_000)) + b"word", "html"),
        ("word.html", b"<p>word<o:p/></p>" * 30_000, "html"),
        ("menus.html", b'<div class="nav menu">' * 10_000 + b"word " * 1000, "html"),
        ("parts.eml", HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nhi\n" * 30_000, "email"),
        (
            "attached.eml",
            HEAD
            + b"Content-Type: multipart/mixed; boundary=b\n\n"
            + b"--b\nContent-Disposition: attachment; filename=a.txt\n\nhi\n" * 20_000,
            "email",
        ),
        ("brackets.md", b"[" * 100_000, "markdown"),
        ("labels.md", b"[[]" * 40_000, "markdown"),
        ("shown.md", b"![" * 30_000 + b"a" + b"](b)" * 30_000, "markdown"),
        ("ticks.md", b"`[" * 50_000, "markdown"),
        ("wide.md", b"|a" * 10_000 + b"|\n" + b"|-" * 10_000 + b"|\n" + b"|b" * 10_000, "markdown"),
        ("wide.csv", b"c," * 100_000 + b"\n" + b"a,b\n" * 50_000, "too_large"),
        ("cells.csv", b",".join(b"%d" % n for n in range(100_000)) + b"\n" + b"x," * 100_000, "csv"),
        ("cell.csv", b'a,b\n"' + b"x\n" * 200_000 + b'",c\n', "csv"),
        ("groups.rtf", b"{\\rtf1 " + b"{\\footnote y" * 9_000 + b"}" * 9_000, "rtf"),
        ("boxes.rtf", b"{\\rtf1 x" + b"{\\shptxt y" * 9_000 + b"}" * 9_000, "rtf"),
        ("rules.txt", b"===\na\n===\nb\n" * 30_000, "text"),
        ("multiparts.eml", multiparts(900) + b"\n" + b"x\n" * 300_000, "too_large"),
        ("siblings.eml", multiparts(1) + (multiparts(1, 1) + b"\nhi\n--1--\n--0\n") * 500, "email"),
        ("parameters.eml", HEAD + b"Content-Type: text/plain; " + b"a=b; " * 200_000 + b"\n\nhi", "email"),
        ("nested.eml", nested_mails(100), "email"),
        ("fields.eml", HEAD + b"To: " + b"a@b.c, " * 500_000 + b"\n\nhi", "email"),
        ("quotes.eml", HEAD + b"\n" + b">" * MEGABYTE + b" hi", "email"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_deep_wide_or_endless_is_bounded(outcome, name, content, expected):
    assert outcome(content, name) == expected


def test_a_book_that_inflates_without_end_is_too_large(outcome):
    content = make_epub({f"{number}.xhtml": SPACES for number in range(9)})
    assert len(content) < MEGABYTE < limits.MAX_BOOK_BYTES < 9 * len(SPACES)
    assert outcome(content, "bomb.epub") == "too_large"
