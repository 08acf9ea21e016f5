"""Jupyter notebooks: text, code and what it gave back, whatever the file is called."""

import json

import pytest

from rag.parsing import limits
from tests.rag.parsed import outline, parsed

pytestmark = pytest.mark.formats

PICTURE = "iVBORw0KGgo" + "A" * 5000


def cell(kind, source, **more):
    return {"cell_type": kind, "metadata": {}, "source": source, **more}


def output(**data):
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {key.replace("_", "/"): x for key, x in data.items()},
    }


def notebook(*cells, **metadata):
    return json.dumps({"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def read(folder, *cells, name="plan.ipynb", **metadata):
    document = parsed(folder, notebook(*cells, **metadata), name)
    assert document.kind == "notebook"
    return document


@pytest.mark.parametrize("name", ["plan.ipynb", "plan.json", "plan", "plan.txt"])
def test_cells_become_blocks(tmp_path, name):
    printed = {"output_type": "stream", "name": "stdout", "text": ["42\n", "43\n"]}
    document = read(
        tmp_path,
        cell("markdown", ["# Sales\n", "\n", "Of *all* [shops](x).\n", "\n", "- one\n"]),
        cell("code", ["# sums\n", "print(42)"], execution_count=3, outputs=[printed]),
        cell("raw", "Left as it is."),
        name=name,
    )
    assert document.title == "Sales"
    assert outline(document) == [
        ("heading", 1, "Sales"),
        ("paragraph", 0, "Of all shops."),
        ("list_item", 1, "one"),
        ("code", 0, "# sums\nprint(42)"),
        ("code", 0, "42\n43"),
        ("paragraph", 0, "Left as it is."),
    ]


def test_what_code_shows_is_read_and_pictures_are_not(tmp_path):
    table = "<div><style>td {}</style><table><tr><th>Day<th>Sum<tr><td>Monday<td>7</table></div>"
    outputs = [
        output(text_plain="   Day  Sum\n0 Monday 7", text_html=[table]),
        output(image_png=PICTURE, text_plain="<Figure size 640x480 with 1 Axes>"),
        output(text_html="<script>plot()</script>", text_plain="a plot of sums"),
        output(text_markdown="**Bold** words"),
        {"output_type": "execute_result", "data": {"text/plain": ["'seven'"]}},
        {"output_type": "error", "ename": "ValueError", "evalue": "\x1b[31mno sum\x1b[0m", "traceback": ["x" * 50]},
        {"output_type": "stream", "text": "\r 1%\r 50%\r100%\n\x1b[1mdone\x1b[0m\n"},
    ]
    document = read(tmp_path, cell("code", "show()", outputs=outputs))
    assert outline(document)[1:] == [
        ("table", 0, "| Day | Sum |\n| --- | --- |\n| Monday | 7 |"),
        ("code", 0, "a plot of sums"),
        ("paragraph", 0, "Bold words"),
        ("code", 0, "'seven'"),
        ("paragraph", 0, "ValueError: no sum"),
        ("code", 0, "100%\ndone"),
    ]
    assert "AAAA" not in document.text


def test_notebooks_of_format_3_are_read(tmp_path):
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Old"]},
        {"cell_type": "code", "input": ["1 + 1"], "outputs": [{"output_type": "pyout", "text": ["2"]}]},
    ]
    source = json.dumps({"metadata": {"name": ""}, "nbformat": 3, "worksheets": [{"cells": cells}]})
    document = parsed(tmp_path, source, "old.ipynb")
    assert outline(document) == [("heading", 2, "Old"), ("code", 0, "1 + 1"), ("code", 0, "2")]


def test_the_title_is_the_one_that_the_notebook_has(tmp_path):
    assert read(tmp_path, cell("code", "x = 1"), title="Sums of 2024").title == "Sums of 2024"
    assert read(tmp_path, cell("code", "x = 1"), title=["odd"]).title == "plan"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ('{"cells": []}', "json"),
        ('{"cells": "none", "cell_type": "code"}', "json"),
        ('[{"cell_type": "code", "cells": []}]', "json"),
        ('{"cells": [1, {"cell_type": "code", "source": {"a": 1}}], "a": 1', "text"),
    ],
)
def test_other_json_is_read_as_that(tmp_path, source, kind):
    assert parsed(tmp_path, source, "data.ipynb").kind == kind


def test_odd_values_are_survived(tmp_path):
    odd = [None, 7, {"output_type": "stream", "text": {"a": 1}}, {"output_type": "display_data", "data": [1]}, {}]
    document = read(tmp_path, cell("code", [1, "x = 1"], outputs=odd), cell("heading", "Top", level="deep"))
    assert document.text == "x = 1\n\nTop"


def test_output_without_end_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_CHARACTERS", 1000)
    with pytest.raises(Exception, match="more than"):
        read(tmp_path, cell("code", "x", outputs=[{"output_type": "stream", "text": "word " * 500}]))
