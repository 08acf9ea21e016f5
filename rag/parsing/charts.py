"""Reads what the charts and diagrams of Office show: a chart's series as a table, a diagram's points as a list."""

from lxml import etree

from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.elements import child, children, local_name, value, whole
from rag.parsing.number_formats import format_number
from rag.parsing.pptx_text import paragraph_text
from rag.parsing.tables import CellBudget, markdown_table

_MOST_POINTS = 10_000


def add_chart(builder: DocumentBuilder, root: etree._Element | None, budget: CellBudget) -> None:
    """Add a chart's title as a caption and its cached figures as a table: a category a row, a series a column."""
    chart = child(root, "chart")
    if chart is None:
        return
    title = child(chart, "title")
    if title is not None:
        builder.add("caption", collapse("".join(text.text or "" for text in title.iter("{*}t", "{*}v"))))
    series = list(chart.iter("{*}ser"))
    heads = [""]
    rows: dict[int, list[str]] = {}
    for number, one in enumerate(series, 1):
        heads.append(collapse(" ".join(_points(child(one, "tx")).values())))
        for kind, column in (("cat", 0), ("xVal", 0), ("val", number), ("yVal", number)):
            for index, text in _points(child(one, kind)).items():
                row = rows.setdefault(index, [])
                budget.take(max(column + 1 - len(row), 0))
                row.extend([""] * (column + 1 - len(row)))
                row[column] = text
    builder.add("table", markdown_table([heads, *(rows[index] for index in sorted(rows))]))


def add_diagram(builder: DocumentBuilder, root: etree._Element | None) -> None:
    """Add the texts of a SmartArt diagram, a list item each."""
    for point in children(child(root, "ptLst"), "pt"):
        if value(point, "type") in (None, "node", "asst"):
            texts = map(paragraph_text, children(child(point, "t"), "p"))
            builder.add("list_item", " ".join(filter(None, texts)), level=1, marker="- ")


def _points(source: etree._Element | None) -> dict[int, str]:
    """The cached points below a reference, by their index."""
    if source is None:
        return {}
    cache = next((one for one in source.iter("{*}strCache", "{*}numCache", "{*}strLit", "{*}numLit", "{*}lvl")), None)
    if cache is None:
        text = "".join(one.text or "" for one in source.iter("{*}v", "{*}t"))
        return {0: text} if text else {}
    code = child(cache, "formatCode")
    found: dict[int, str] = {}
    for point in children(cache, "pt"):
        held = child(point, "v")
        text = held.text or "" if held is not None else ""
        if local_name(cache) in ("numCache", "numLit"):
            text = _number(text, code.text or "General" if code is not None else "General")
        found[whole(point.get("idx"), 0, _MOST_POINTS)] = text
        if len(found) > _MOST_POINTS:
            break
    return found


def _number(text: str, code: str) -> str:
    try:
        return format_number(float(text), code)
    except (ValueError, ArithmeticError):
        return text
