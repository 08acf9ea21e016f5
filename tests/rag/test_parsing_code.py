"""Source code: whole, as code, cut where definitions begin."""

import pytest

from rag.parsing import detect_kind
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats

PYTHON = '''"""Doors."""

import os

WIDTH = 80


# How wide a door is,
# in centimetres.
@cached
def width(door):
    def inner():
        pass

    return door.width


class Door:
    def open(self):
        pass


async def close(door):
    await door.close()


if __name__ == "__main__":
    close(Door())
'''


def headings(document):
    return [text for kind, _, text in outline(document) if kind == "heading"]


def test_python_is_cut_at_its_definitions_with_what_belongs_to_them(tmp_path):
    document = parsed(tmp_path, PYTHON, "doors_v2.py")
    assert document.kind == "code"
    assert document.title == "doors_v2.py"
    assert headings(document) == ["width", "Door", "close"]
    blocks = [text for kind, _, text in outline(document) if kind == "code"]
    assert blocks[0].endswith("WIDTH = 80")
    assert blocks[1].startswith("# How wide a door is,\n# in centimetres.\n@cached\ndef width")
    assert "def inner" in blocks[1]
    assert "\n\n\n".join(blocks) == PYTHON.strip()


@pytest.mark.parametrize(
    ("name", "source", "names"),
    [
        (
            "a.ts",
            "import x from 'y';\n\nexport interface Door {\n  width: number;\n}\n\nexport const open = async (d) => {\n"
            "  d.open();\n};\n\nexport default function close(d) {\n  d.close();\n}\n",
            ["Door", "open", "close"],
        ),
        (
            "a.go",
            "package main\n\ntype Door struct {\n\tWidth int\n}\n\nfunc (d *Door) Open() error {\n\treturn nil\n}\n\n"
            "func main() {\n}\n",
            ["Door", "Open", "main"],
        ),
        (
            "a.rs",
            "use std::fmt;\n\n/// A door.\n#[derive(Debug)]\npub struct Door {\n    w: u8,\n}\n\nimpl Door {\n"
            "    pub fn open(&self) {}\n}\n\npub(crate) fn shut(d: Door) {}\n",
            ["Door", "Door", "shut"],
        ),
        (
            "a.c",
            "#include <stdio.h>\n\nint width(int a);\n\nstatic int width(int a)\n{\n    if (a) { return 1; }\n"
            "    return a;\n}\n\nint main(int argc, char **argv) {\n    return width(1);\n}\n",
            ["width", "main"],
        ),
        (
            "A.java",
            "package a.b;\n\nimport java.util.List;\n\n@Service\npublic final class Door {\n    void open() {}\n}\n",
            ["Door"],
        ),
        ("a.rb", "module Doors\n  class Door\n  end\nend\n\ndef open?(door)\n  true\nend\n", ["Doors", "open?"]),
        ("a.sh", "#!/bin/sh\nset -e\n\nbuild() {\n  make\n}\n\nfunction clean {\n  rm -f a\n}\n", ["build", "clean"]),
        (
            "a.sql",
            "CREATE TABLE IF NOT EXISTS doors (\n  id int\n);\n\ncreate or replace view wide as select 1;\n",
            ["doors", "wide"],
        ),
        ("a.php", "<?php\n\nfunction width($d) {\n  return 1;\n}\n\nabstract class Door {\n}\n", ["width", "Door"]),
    ],
)
def test_other_languages_are_cut_by_their_words(tmp_path, name, source, names):
    document = parsed(tmp_path, source, name)
    assert headings(document) == names
    code = "\n".join(text for kind, _, text in outline(document) if kind == "code")
    assert code.split() == source.split(), "nothing is lost and the order is kept"


def test_code_without_definitions_is_one_block(tmp_path):
    document = parsed(tmp_path, "a = 1\n\n\nb = 2\n", "settings.py")
    assert outline(document) == [("code", 0, "a = 1\n\n\nb = 2")]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.py", "# only a comment\n", "code"),
        ("run", "#!/usr/bin/env python3\nprint(1)\n", "code"),
        ("snippet", "import os\n\ndef f(a):\n    return a\n\nclass B:\n    pass\n", "code"),
        ("notes.txt", "import os\n\ndef f(a):\n    return a\n\nclass B:\n    pass\n", "text"),
        ("page.php", "<!doctype html><p>words</p>", "html"),
        ("values.yaml", "name: x\nports:\n  - 1\n", "code"),
        ("minutes", "We import furniture from Denmark.\nThe class of 1998 met again.\nReturn it by Monday.\n", "text"),
    ],
)
def test_code_is_told_by_name_and_else_by_content(tmp_path, name, content, kind):
    path = tmp_path / "stored"
    path.write_text(content)
    assert detect_kind(path, name) == kind


def test_one_endless_line_takes_no_time(tmp_path):
    assert parsed(tmp_path, "int " * 500_000 + "\n" + "f(" * 200_000, "a.c").kind == "code"
