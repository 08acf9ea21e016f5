"""Reads CSV, TSV and their kin: the separator and the header are found, the rows become a Markdown table."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from rag.parsing import limits
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, collapse
from rag.parsing.model import ParsedDocument
from rag.parsing.reading import read_clean
from rag.parsing.tables import CellBudget, markdown_table

_SEPARATORS = "\t;|,"
"""In order of preference: a comma is also a decimal sign and stands in prose."""
_SAMPLE_ROWS = 200
_SAMPLE_CHARACTERS = 64 * 1024
_MOST_LINES_IN_CELL = 100
_LEAST_REGULAR = 0.6
_NUMBER = re.compile(r"[-+(]?[$€£¥]? ?\d[\d.,' ]*%?\)?$|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ][\d:.]+Z?)?$")
_DECLARED = re.compile(r"sep=(.)\n")

Row = list[str]


def parse(path: Source) -> ParsedDocument:
    """Parse a file of separated values. Raises ParsingError: ``unsupported_type``, ``no_text``, ``too_large``."""
    text = read_clean(path)
    builder = DocumentBuilder("csv")
    add_csv(builder, text)
    return builder.build("")


def add_csv(builder: DocumentBuilder, text: str) -> None:
    """Append separated values as tables: a row of one cell that stands before a table becomes its caption."""
    separator = find_separator(text)
    declared = _DECLARED.match(text)
    rows = _rows(text[declared.end() :] if declared else text, separator or "\x1f")
    rows = [row for row in rows if any(map(str.strip, row))]
    lead = 0
    if separator is not None:
        while lead < min(len(rows), 10) and sum(1 for cell in rows[lead] if cell.strip()) == 1:
            lead += 1
    if lead == len(rows):
        lead = 0
    for row in rows[:lead]:
        builder.add("caption", collapse(" ".join(row)))
    table = rows[lead:]
    builder.add("table", markdown_table(table if has_header(table) else [[], *table], keep_first=True))


def find_separator(text: str) -> str | None:
    """The sign between the cells of ``text``; ``None`` when its lines have but one cell each."""
    declared = _DECLARED.match(text)
    if declared is not None:
        return declared.group(1)
    best, found = 0.0, None
    for separator in _SEPARATORS:
        regular = regularity(text, separator)
        if regular > best + 0.05:
            best, found = regular, separator
    return found if best >= _LEAST_REGULAR else None


def regularity(text: str, separator: str) -> float:
    """The share of the first rows that have the most common number of cells, 0.0 when that number is one."""
    sample = text[:_SAMPLE_CHARACTERS]
    if separator not in sample:
        return 0.0
    rows: list[Row] = []
    for row in _read(sample, separator, csv.QUOTE_MINIMAL):
        if any(map(str.strip, row)):
            rows.append(row)
        if len(rows) == _SAMPLE_ROWS:
            break
    if len(text) > len(sample) and len(rows) > 1:
        rows.pop()
    widths = Counter(map(len, rows))
    width, count = widths.most_common(1)[0] if widths else (1, 0)
    if width == 1:
        return 0.0
    # A row that is wider than its header is more likely damaged than prose is.
    narrow = widths.get(1, 0)
    return (count + 0.5 * (len(rows) - count - narrow)) / len(rows)


def has_header(rows: Sequence[Row]) -> bool:
    """Whether the first row names the columns: it holds no number or date above others of the same sort."""
    if len(rows) < 2:
        return True
    below = rows[1 : 1 + _SAMPLE_ROWS]
    for column, cell in enumerate(rows[0]):
        if not _NUMBER.match(cell.strip()):
            continue
        values = [row[column].strip() for row in below if column < len(row) and row[column].strip()]
        if values and sum(1 for value in values if _NUMBER.match(value)) > 0.8 * len(values):
            return _is_row_of_years(rows[0])
    return True


def _is_row_of_years(row: Row) -> bool:
    cells = [cell.strip() for cell in row if cell.strip()]
    years = [cell for cell in cells if re.fullmatch(r"(?:19|20)\d\d", cell)]
    return len(years) >= 2 and len(years) >= len(cells) - 2


def _rows(text: str, separator: str) -> list[Row]:
    """All rows; a quotation mark that nothing closes is taken for a sign like others."""
    rows = _bounded(text, separator, csv.QUOTE_MINIMAL)
    if any(cell.count("\n") > _MOST_LINES_IN_CELL for row in rows for cell in row):
        rows = _bounded(text, separator, csv.QUOTE_NONE)
    return rows


def _bounded(text: str, separator: str, quoting: int) -> list[Row]:
    budget = CellBudget()
    rows = []
    for row in _read(text, separator, quoting):
        budget.take(len(row))
        rows.append(row)
    return rows


def _read(text: str, separator: str, quoting: int) -> Iterator[Row]:
    csv.field_size_limit(limits.MAX_MARKUP_BYTES)
    if quoting == csv.QUOTE_NONE:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=csv.QUOTE_NONE)
    else:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
