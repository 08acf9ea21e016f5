"""What files say of themselves is told: who wrote them, and when; what makes no sense is left out."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.parsing import parse
from rag.parsing.model import Properties
from rag.parsing.properties import properties, when
from rag.parsing.wire import pack_document, unpack
from tests.rag.docx_files import make_docx, p
from tests.rag.epub_files import make_epub, page
from tests.rag.office_files import cell, line, make_pptx, make_xlsx, shape
from tests.rag.parsed import parsed
from tests.rag.pdf_files import PdfPage, Run, make_pdf

pytestmark = pytest.mark.formats


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023", (2023, 1, 1)),
        ("2023-05", (2023, 5, 1)),
        ("2023-05-31", (2023, 5, 31)),
        ("2023-05-31T10:20:30Z", (2023, 5, 31, 10, 20, 30)),
        ("2023-05-31T10:20:30+02:00", (2023, 5, 31, 8, 20, 30)),
        ("D:20230531102030+02'00'", (2023, 5, 31, 8, 20, 30)),
        ("D:20230531102030Z", (2023, 5, 31, 10, 20, 30)),
        ("D:202305", (2023, 5, 1)),
        ("Wed, 31 May 2023 10:20:30 +0200", (2023, 5, 31, 8, 20, 30)),
    ],
)
def test_a_date_is_read_as_formats_write_it(text: str, moment: tuple[int, ...]) -> None:
    assert when(text) == datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    "text", ["", "soon", "1601-01-01", "9999-12-31T23:59:59-12:00", "D:20231331", "2023-02-30", "0000", "x" * 10_000]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert when(text) is None


def test_an_author_is_a_name() -> None:
    assert properties(author=' "Ada  Lovelace" <ada@example.com>').author == "Ada Lovelace"
    assert properties(author="<ada@example.com>").author == "<ada@example.com>"
    assert len(properties(author="x" * 5000).author) == 300


FRONT = """---
title: Plan
author: "Ada Lovelace"
date: 2023-05-31
lastmod: 2024-01-02T10:00:00Z
---
The plan is to sail."""
PAGE = """<html><head><title>Plan</title><meta name="Author" content="Ada Lovelace">
<meta property="article:published_time" content="2023-05-31">
<meta property="article:modified_time" content="2024-01-02T10:00:00Z"></head>
<body><p>The plan is to sail.</p></body></html>"""
MAIL = """From: Ada Lovelace <ada@example.com>
To: max@example.com
Date: Wed, 31 May 2023 00:00:00 +0000
Subject: Plan

The plan is to sail.
"""
WHOLE = Properties("Ada Lovelace", datetime(2023, 5, 31, tzinfo=UTC), datetime(2024, 1, 2, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("plan.md", FRONT, WHOLE),
        ("plan.html", PAGE, WHOLE),
        ("plan.eml", MAIL, Properties("Ada Lovelace", datetime(2023, 5, 31, tzinfo=UTC))),
        ("plan.txt", "The plan is to sail.", Properties()),
        ("plan.md", "---\nauthor: x\ndate: never\n---\nThe plan is to sail.", Properties("x")),
    ],
)
def test_a_file_says_who_wrote_it_and_when(tmp_path: Path, name: str, content: str, told: Properties) -> None:
    (tmp_path / name).write_text(content)
    document = parse(tmp_path / name, name)
    assert document.properties == told
    assert unpack(pack_document(document)) == document


CORE = (
    '<cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:t="t"><dc:title>Plan of the voyage</dc:title>'
    "<dc:creator>Ada Lovelace</dc:creator>"
    "<t:created>2023-05-31T00:00:00Z</t:created><t:modified>2024-01-02T10:00:00Z</t:modified></cp:coreProperties>"
)
INFORMATION = "/Author (Ada Lovelace) /CreationDate (D:20230531020000+02'00') /ModDate (D:20240102100000Z)"
OF_BOOK = (
    "<dc:creator>Ada Lovelace</dc:creator><dc:date>2023-05-31</dc:date>"
    "<meta property='dcterms:modified'>2024-01-02T10:00:00Z</meta>"
)
OF_OLD_BOOK = (
    "<dc:creator>Ada Lovelace</dc:creator>"
    "<dc:date xmlns:opf='http://www.idpf.org/2007/opf' opf:event='modification'>2024-01-02T10:00:00Z</dc:date>"
    "<dc:date>2023-05-31</dc:date>"
)
SAYS = "The plan is to sail."


def files(core: str, information: str, of_book: str, title: str) -> dict[str, bytes]:
    """A file of each kind with these properties."""
    parts = {"docProps/core.xml": core} if core else {}
    chapter = {"1.xhtml": page(f"<p>{SAYS}</p>")}
    return {
        "plan.docx": make_docx(p(SAYS), parts),
        "plan.pptx": make_pptx([shape(line(SAYS))], parts),
        "plan.xlsx": make_xlsx({"Sheet": f"<sheetData><row>{cell('A1', SAYS)}</row></sheetData>"}, parts),
        "plan.pdf": make_pdf([PdfPage([Run(72, 720, SAYS)])], title, information=information),
        "plan.epub": make_epub(chapter, title, metadata=of_book),
    }


@pytest.mark.parametrize("kind", ["docx", "pptx", "xlsx", "pdf", "epub"])
def test_office_files_pdfs_and_books_say_who_wrote_them_and_when(tmp_path: Path, kind: str) -> None:
    document = parsed(tmp_path, files(CORE, INFORMATION, OF_BOOK, "Plan of the voyage")[f"plan.{kind}"], f"plan.{kind}")
    assert (document.title, document.properties) == ("Plan of the voyage", WHOLE)
    assert unpack(pack_document(document)) == document
    odd = CORE.replace("2023-05-31T00:00:00Z", "1601-01-01").replace("2024-01-02T10:00:00Z", "soon")
    of_book = "<dc:creator>Ada Lovelace</dc:creator><dc:date>soon</dc:date>"
    content = files(odd, "/Author (Ada Lovelace) /CreationDate (D:1601) /ModDate (soon)", of_book, "")[f"plan.{kind}"]
    assert parsed(tmp_path, content, f"plan.{kind}").properties == Properties("Ada Lovelace")
    nothing = files("", "", "", "")[f"plan.{kind}"]
    assert parsed(tmp_path, nothing, f"plan.{kind}").properties == Properties()


def test_the_day_on_which_an_old_book_was_changed_is_not_that_of_its_writing(tmp_path: Path) -> None:
    book = make_epub({"1.xhtml": page(f"<p>{SAYS}</p>")}, metadata=OF_OLD_BOOK)
    assert parsed(tmp_path, book, "plan.epub").properties == WHOLE
