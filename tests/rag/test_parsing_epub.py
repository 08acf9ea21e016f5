"""EPUB: the book's chapters in their order, without cover and contents."""

import pytest

from rag.errors import ParsingError
from rag.parsing import limits
from tests.rag.epub_files import make_epub, page
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats

NAV = page(
    "<nav xmlns:epub='http://www.idpf.org/2007/ops' epub:type='toc'><ol>"
    "<li><a href='two.xhtml'>Two: Doors</a></li></ol></nav>"
)


def read(folder, content):
    return parsed(folder, content, "book.epub")


def code_of(folder, content):
    with pytest.raises(ParsingError) as caught:
        read(folder, content)
    return caught.value.code


def test_chapters_follow_the_spine(tmp_path):
    chapters = {"b.xhtml": page("<h1>Second</h1><p>Then this.</p>"), "a.xhtml": page("<h1>First</h1><p>This.</p>")}
    document = read(tmp_path, make_epub(chapters, spine=["a.xhtml", "b.xhtml"]))
    assert document.kind == "epub"
    assert document.title == "The Book"
    assert outline(document) == [
        ("heading", 1, "First"),
        ("paragraph", 0, "This."),
        ("heading", 1, "Second"),
        ("paragraph", 0, "Then this."),
    ]


def test_cover_contents_and_lists_of_links_are_left_out(tmp_path):
    links = "".join(f"<p><a href='c{n}.xhtml'>Chapter {n}</a></p>" for n in range(9))
    chapters = {
        "cover.xhtml": page("<p>Cover words</p>"),
        "nav.xhtml": NAV,
        "contents.xhtml": page(links),
        "one.xhtml": page("<h1>One</h1><p>Words.</p>"),
    }
    book = make_epub(chapters, guide="<reference type='cover' href='cover.xhtml'/>")
    assert read(tmp_path, book).text == "One\n\nWords."


def test_a_chapter_without_heading_gets_the_one_of_the_contents(tmp_path):
    chapters = {"two.xhtml": page("<p>They open.</p>")}
    items = "<item id='nav' href='nav.xhtml' properties='nav' media-type='application/xhtml+xml'/>"
    document = read(tmp_path, make_epub(chapters, items=items, extra={"nav.xhtml": NAV}))
    assert outline(document) == [("heading", 1, "Two: Doors"), ("paragraph", 0, "They open.")]


def test_the_contents_of_old_books_name_chapters_too(tmp_path):
    ncx = (
        "<ncx xmlns='http://www.daisy.org/z3986/2005/ncx/'><navMap><navPoint>"
        "<navLabel><text>Old doors</text></navLabel><content src='two.xhtml#start'/></navPoint></navMap></ncx>"
    )
    items = "<item id='ncx' href='toc.ncx' media-type='application/x-dtbncx+xml'/>"
    document = read(
        tmp_path, make_epub({"two.xhtml": page("<p>They open.</p>")}, items=items, extra={"OPS/toc.ncx": ncx})
    )
    assert outline(document)[0] == ("heading", 1, "Old doors")


def test_a_protected_book_says_so(tmp_path):
    listed = "<encryption><EncryptedData><EncryptionMethod Algorithm='{}'/></EncryptedData></encryption>"
    chapters = {"a.xhtml": page("<p>Words.</p>")}
    locked = make_epub(
        chapters, extra={"META-INF/encryption.xml": listed.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}
    )
    fonts = make_epub(chapters, extra={"META-INF/encryption.xml": listed.format("http://www.idpf.org/2008/embedding")})
    assert code_of(tmp_path, locked) == "encrypted"
    assert read(tmp_path, fonts).text == "Words."


def test_what_is_damaged_or_empty_says_so(tmp_path):
    assert code_of(tmp_path, make_epub({"a.xhtml": page("x")}, container="<a/>")) == "corrupt"
    assert code_of(tmp_path, make_epub({"a.xhtml": page("x")})[:-40]) == "corrupt"
    assert code_of(tmp_path, make_epub({"a.xhtml": page("")})) == "no_text"


def test_a_book_that_inflates_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_BOOK_BYTES", 1_000_000)
    chapters = {f"{n}.xhtml": page("<p>" + " " * 400_000 + "</p>") for n in range(5)}
    content = make_epub(chapters)
    assert len(content) < 20_000
    assert code_of(tmp_path, content) == "too_large"


def test_entities_and_outside_parts_of_the_package_are_not_followed(tmp_path):
    bomb = "<!DOCTYPE a [<!ENTITY x 'ha'><!ENTITY y SYSTEM 'file:///etc/passwd'>]><container>&x;&y;</container>"
    assert code_of(tmp_path, make_epub({"a.xhtml": page("x")}, container=bomb)) == "corrupt"
