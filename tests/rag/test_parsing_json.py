"""JSON: lines and tables that a person can read and a search can find."""

import json

import pytest

from rag.parsing import detect_kind
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats


def read(folder, value, name="data.json"):
    return parsed(folder, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), name)


def test_plain_values_become_lines_with_their_path(tmp_path):
    document = read(
        tmp_path,
        {
            "company": "Nordwind",
            "open": True,
            "tax": None,
            "address": {"city": "Bremen", "lines": ["a", "b"]},
        },
    )
    assert document.kind == "json"
    assert document.text == ("company: Nordwind\nopen: true\ntax: null\naddress.city: Bremen\naddress.lines: a, b")
    assert document.title == "data"


def test_numbers_stay_as_they_were_written(tmp_path):
    assert read(tmp_path, '{"a": 1.50, "b": 12345678901234567890.10}').text == "a: 1.50\nb: 12345678901234567890.10"


def test_large_parts_get_headings_and_lists_of_alike_objects_become_tables(tmp_path):
    document = read(
        tmp_path,
        {
            "title": "Stock",
            "items": [{"sku": f"A{n}", "name": "Chair", "sizes": [1, 2]} for n in range(5)],
            "tags": ["x", "y", "z"] * 5,
            "long": {"inner": {f"key {n}": n for n in range(20)}},
        },
    )
    assert document.title == "Stock"
    kinds = [(kind, level, text.split("\n")[0]) for kind, level, text in outline(document)]
    assert kinds[:3] == [
        ("paragraph", 0, "title: Stock"),
        ("heading", 1, "items"),
        ("table", 0, "| sku | name | sizes |"),
    ]
    assert "| A4 | Chair | 1, 2 |" in document.text
    assert ("heading", 1, "long") in kinds
    assert ("heading", 2, "inner") in kinds
    assert "key 19: 19" in document.text


def test_a_long_text_keeps_its_lines(tmp_path):
    document = read(tmp_path, {"id": 1, "body": "First line.\nSecond line."})
    assert outline(document) == [("paragraph", 0, "id: 1\nbody:\nFirst line.\nSecond line.")]


def test_json_lines_are_one_list(tmp_path):
    lines = "\n".join(json.dumps({"id": n, "text": f"entry {n}"}) for n in range(3))
    for name in ("log.jsonl", "log.ndjson", "log.txt", "log"):
        document = read(tmp_path, lines, name)
        assert document.kind == "json"
        assert document.text == ("| id | text |\n| --- | --- |\n| 0 | entry 0 |\n| 1 | entry 1 |\n| 2 | entry 2 |")


def test_records_that_differ_are_paragraphs(tmp_path):
    records = [{"a": {"b": {"c": n}}, f"only {n}": "x"} for n in range(3)]
    document = read(tmp_path, records)
    assert outline(document)[1] == ("paragraph", 0, "a.b.c: 1\nonly 1: x")


@pytest.mark.parametrize("broken", ['{"a": 1,}', "[1, 2", '{"a": 1} trailing', "{unquoted: 1}"])
def test_what_is_no_json_is_read_as_text(tmp_path, broken):
    document = read(tmp_path, broken)
    assert document.kind == "text"
    assert document.text == broken


@pytest.mark.parametrize(
    "source", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000]
)
def test_endless_nesting_is_read_as_text(tmp_path, source):
    assert read(tmp_path, source).kind == "text"


def test_nesting_that_python_can_read_is_flattened(tmp_path):
    document = read(tmp_path, '{"a":' * 400 + '"deep"' + "}" * 400)
    assert document.text.endswith(": deep")


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        ('  {"a": 1}', "a.txt", "json"),
        ("[link](https://example.org/a)\n\n# Title", "a", "markdown"),
        ("[1] Miller, Chairs, 2004.\n[2] Smith, Desks, 2005.", "references.txt", "text"),
        ("{curly} words in a text", "a.txt", "text"),
        ('[{"a": ' + '"x", '.join(["1"] * 3), "a.txt", "text"),
    ],
)
def test_only_what_goes_on_as_json_is_json(tmp_path, content, name, kind):
    path = tmp_path / "stored"
    path.write_text(content)
    assert detect_kind(path, name) == kind
