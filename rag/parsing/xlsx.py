"""Reads XLSX: every visible sheet's cells as they are shown, its comments and the text of its drawings."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from lxml import etree

from rag.errors import marked as _
from rag.parsing.building import collapse
from rag.parsing.elements import child, child_value, children, local_name, truth, value, whole
from rag.parsing.model import ParsedDocument
from rag.parsing.number_formats import BUILT_IN, format_number
from rag.parsing.packages import Package
from rag.parsing.sheets import MAX_COLUMNS, Sheet, Workbook

_SHOWN = ("visible", None)
_REMEMBERED = 100_000
_LONGEST_INDEX = 12


class CellStyles:
    """The number format of each cell style, by the style's index."""

    def __init__(self, formats: list[str], from_1904: bool = False) -> None:
        self.formats = formats
        self.from_1904 = from_1904
        self._shown: dict[tuple[str, str | None], str] = {}

    def show_text(self, text: str, style: str | None) -> str:
        """The number written in ``text`` as a cell of that style shows it; other text as it is."""
        shown = self._shown.get((text, style))
        if shown is None:
            try:
                shown = self.show(float(text), whole(style))
            except (ValueError, ArithmeticError):
                shown = text
            if len(self._shown) < _REMEMBERED:
                self._shown[text, style] = shown
        return shown

    def show(self, number: float, style: int) -> str:
        """The number as a cell of that style shows it."""
        code = self.formats[style] if 0 <= style < len(self.formats) else "General"
        return format_number(number, code, from_1904=self.from_1904)


def read(package: Package, main: str) -> ParsedDocument:
    """Read the workbook whose main part is ``main``."""
    root = package.xml(main)
    if root is None:
        raise package.corrupt()
    relations = package.relations(main)
    by_kind = {relation.kind: relation.target for relation in relations.values()}
    folder = main.rpartition("/")[0]
    workbook = Workbook()
    strings = _shared_strings(package, by_kind.get("sharedStrings", f"{folder}/sharedStrings.xml"), workbook)
    from_1904 = truth(child_value(root, "workbookPr", "date1904"))
    styles = CellStyles(_formats(package.xml(by_kind.get("styles", f"{folder}/styles.xml"))), from_1904)
    for entry in children(child(root, "sheets"), "sheet"):
        workbook.count_sheet()
        name = value(entry, "name") or ""
        relation = relations.get(value(entry, "id") or "")
        if value(entry, "state") not in _SHOWN:
            workbook.hide(name)
        elif relation is not None and relation.kind == "worksheet" and relation.target in package:
            workbook.add(_sheet(package, relation.target, Sheet(name), workbook, strings, styles))
    return replace(workbook.build(package.core_title()), properties=package.core_properties())


def _sheet(
    package: Package, part: str, sheet: Sheet, workbook: Workbook, strings: list[str], styles: CellStyles
) -> Sheet:
    row = -1
    for element in _elements(package, part, ("row", "mergeCell")):
        if local_name(element) == "mergeCell":
            first, _other, last = (element.get("ref") or "").partition(":")
            sheet.merge(*place(first), *place(last or first))
            continue
        row = whole(element.get("r"), row + 2) - 1
        column = -1
        for cell in element:
            reference = cell.get("r")
            column = column_of(reference, column + 1) if reference else column + 1
            workbook.fill(sheet, row, column, _cell_text(cell, strings, styles, workbook))
    sheet.remarks.extend(_remarks(package, part))
    return sheet


def _cell_text(cell: etree._Element, strings: list[str], styles: CellStyles, workbook: Workbook) -> str:
    # A sheet may have millions of cells: its elements are told apart by the end of their names.
    kind = cell.get("t", "n")
    text, calculated, stored = "", False, False
    for part in cell:
        end = str(part.tag)[-2:]
        if end == "}v":
            text, stored = part.text or "", True
        elif end == "}f":
            calculated = True
        elif end == "is" and kind == "inlineStr":
            return rich_text(part)
    if not text:
        if calculated and not stored:
            unread_formula(workbook)
        return ""
    if kind == "s":
        index = int(text) if text.isdecimal() and len(text) < _LONGEST_INDEX else whole(text.strip(), -1)
        return strings[index] if 0 <= index < len(strings) else ""
    if kind == "b":
        return "TRUE" if text.strip() == "1" else "FALSE"
    if kind == "n":
        return styles.show_text(text, cell.get("s"))
    if kind == "d":
        return text.removesuffix("T00:00:00").removesuffix("Z").replace("T", " ")
    return text


def unread_formula(workbook: Workbook) -> None:
    """Note that a formula has no stored result."""
    workbook.builder.note(
        "formulas_without_results",
        _(
            "Some formulas have no stored result and were left empty. Open the file in Excel, save it and "
            "upload it again."
        ),
    )


def rich_text(item: etree._Element) -> str:
    """A string's text over all of its runs, without the readings printed above Chinese and Japanese words."""
    parts: list[str] = []
    for element in item.iterchildren(etree.Element):
        name = local_name(element)
        if name == "t":
            parts.append(element.text or "")
        elif name == "r":
            parts.extend(text.text or "" for text in children(element, "t"))
    return "".join(parts)


def _shared_strings(package: Package, part: str, workbook: Workbook) -> list[str]:
    strings: list[str] = []
    if part not in package:
        return strings
    for item in _elements(package, part, ("si",)):
        strings.append(rich_text(item))
        workbook.strings.take()
    return strings


def _formats(root: etree._Element | None) -> list[str]:
    own = {
        whole(value(one, "numFmtId")): value(one, "formatCode") or "General"
        for one in children(child(root, "numFmts"), "numFmt")
    }
    numbers = (whole(value(style, "numFmtId")) for style in children(child(root, "cellXfs"), "xf"))
    return [own.get(number) or BUILT_IN.get(number, "General") for number in numbers]


def _elements(package: Package, part: str, names: tuple[str, ...]) -> Iterator[etree._Element]:
    """The elements of these names, one at a time: a large sheet is never in memory as a tree."""
    tags = tuple(f"{{*}}{name}" for name in names)
    options: dict[str, Any] = {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "huge_tree": False,
        "remove_pis": True,
    }
    with package.stream(part) as stream:
        events = etree.iterparse(stream, events=("end",), tag=tags, remove_comments=True, **options)
        checked = False
        for _other, element in events:
            if not checked:
                package.check(element)
                checked = True
            yield element
            element.clear()
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]


def _remarks(package: Package, part: str) -> Iterator[str]:
    """The sheet's comments, each with its cell, and the text of its drawings."""
    relations = package.relations(part).values()
    threaded = any(relation.kind == "threadedComment" for relation in relations)
    for relation in relations:
        if relation.kind == "threadedComment":
            for comment in children(package.xml(relation.target), "threadedComment"):
                texts = [text.text or "" for text in children(comment, "text")]
                yield _comment(comment.get("ref") or "", "".join(texts))
        elif relation.kind == "comments" and not threaded:
            for comment in children(child(package.xml(relation.target), "commentList"), "comment"):
                held = child(comment, "text")
                yield _comment(comment.get("ref") or "", rich_text(held) if held is not None else "")
        elif relation.kind == "drawing":
            root = package.xml(relation.target)
            for body in root.iter("{*}txBody") if root is not None else ():
                yield "\n".join(
                    filter(None, (collapse("".join(t.text or "" for t in p.iter("{*}t"))) for p in body.iter("{*}p")))
                )


def _comment(cell: str, text: str) -> str:
    text = "\n".join(filter(None, map(collapse, text.split("\n"))))
    return f"Comment on {cell}: {text}" if text else ""


def place(reference: str) -> tuple[int, int]:
    """Row and column from 0 of a reference such as "BC12"; (-1, -1) of one that is none."""
    letters = reference.rstrip("0123456789")
    row = whole(reference[len(letters) :])
    column = column_of(reference, -1)
    return (row - 1, column) if row and column >= 0 else (-1, -1)


def column_of(reference: str, default: int) -> int:
    """The column from 0 of a reference such as "BC12", ``default`` where it names none."""
    column = _column(reference[:3].rstrip("0123456789"))
    return column if column >= 0 else default


@lru_cache(maxsize=MAX_COLUMNS)
def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - 64
    return column - 1 if column <= MAX_COLUMNS else -1
