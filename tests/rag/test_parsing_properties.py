"""What files say of themselves is told: who wrote them, and when; what makes no sense is left out."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.parsing import parse
from rag.parsing.model import Properties
from rag.parsing.properties import properties, when
from rag.parsing.wire import pack_document, unpack


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


def test_an_office_file_says_it_in_its_core_properties(tmp_path: Path) -> None:
    core = (
        '<cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:t="t"><dc:creator>Ada Lovelace</dc:creator>'
        "<t:created>2023-05-31T00:00:00Z</t:created><t:modified>2024-01-02T10:00:00Z</t:modified></cp:coreProperties>"
    )
    body = (
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>The plan is to sail.</w:t></w:r></w:p></w:body></w:document>"
    )
    path = tmp_path / "plan.docx"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("word/document.xml", body)
        file.writestr("docProps/core.xml", core)
    assert parse(path, "plan.docx").properties == WHOLE
