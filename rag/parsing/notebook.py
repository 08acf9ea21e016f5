"""Reads Jupyter notebooks: text as the Markdown it is, code as code, and of what the code gave back the words."""

import json
import re
from collections.abc import Iterator
from typing import Any

from rag.parsing import html
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, clean, collapse
from rag.parsing.json import parse_json
from rag.parsing.markdown import add_markdown
from rag.parsing.model import ParsedDocument
from rag.parsing.reading import read_text
from rag.parsing.text_structure import add_text

_COLOURS = re.compile(r"\x1b\[[0-9;?]{0,40}[A-Za-z]")
# How Python shows an object that says nothing of itself, a figure for example.
_NAMELESS = re.compile(r"\s*<[^<>]*>\s*$")


def parse(path: Source) -> ParsedDocument:
    """Parse a notebook; what proves to be other JSON is read as that, or as text.

    Raises ParsingError: ``unsupported_type``, ``no_text``, ``too_large``.
    """
    source = read_text(path)
    try:
        notebook = json.loads(source.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return parse_json(source)
    cells = list(_cells(notebook))
    if not cells:
        return parse_json(source)
    builder = DocumentBuilder("notebook")
    for cell in cells:
        _add_cell(builder, cell)
    metadata = notebook.get("metadata")
    title = metadata.get("title") if isinstance(metadata, dict) else ""
    return builder.build(title if isinstance(title, str) else "")


def _cells(notebook: Any) -> Iterator[dict[str, Any]]:
    """The cells of a notebook; those of format 3 and older lie in worksheets."""
    if not isinstance(notebook, dict):
        return
    for part in (notebook, *_list(notebook.get("worksheets"))):
        if isinstance(part, dict):
            yield from (cell for cell in _list(part.get("cells")) if isinstance(cell, dict) and "cell_type" in cell)


def _add_cell(builder: DocumentBuilder, cell: dict[str, Any]) -> None:
    source = _joined(cell.get("source", cell.get("input")))
    match cell["cell_type"]:
        case "markdown":
            add_markdown(builder, clean(source))
        case "heading":
            level = str(cell.get("level", 1))
            builder.add("heading", collapse(clean(source)), level=int(level) if level in "123456" else 1)
        case "code":
            builder.add("code", source)
            for output in _list(cell.get("outputs")):
                if isinstance(output, dict):
                    _add_output(builder, output)
        case _:
            add_text(builder, clean(source))


def _add_output(builder: DocumentBuilder, output: dict[str, Any]) -> None:
    """Add what was printed or shown: a table as such, else text; pictures, scripts and widgets are left out."""
    kind = output.get("output_type")
    if kind == "stream":
        _add_printed(builder, _joined(output.get("text")))
        return
    if kind in ("error", "pyerr"):
        builder.add("paragraph", _COLOURS.sub("", f"{output.get('ename', '')}: {output.get('evalue', '')}"))
        return
    data = output.get("data")
    # Format 3 has the forms beside the kind, under short names.
    shown = data if isinstance(data, dict) else output
    before = builder.length
    for name in ("text/html", "html"):
        if name in shown and builder.length == before:
            html.add_fragment(builder, clean(_joined(shown[name])))
    for name in ("text/markdown", "text/latex", "latex"):
        if name in shown and builder.length == before:
            add_markdown(builder, clean(_joined(shown[name])))
    plain = _joined(shown.get("text/plain", shown.get("text")))
    if builder.length == before and not _NAMELESS.match(plain):
        _add_printed(builder, plain)


def _add_printed(builder: DocumentBuilder, printed: str) -> None:
    """Add printed text as a terminal shows it: of a line that was written over, the last state."""
    lines = _COLOURS.sub("", printed).replace("\r\n", "\n").split("\n")
    builder.add("code", "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines))


def _joined(source: Any) -> str:
    """A text that is kept whole or as a list of lines."""
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
