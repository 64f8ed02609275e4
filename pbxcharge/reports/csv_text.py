"""CSV for spreadsheets and programs: a header line, stable names, nothing that is calculated."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

Cell = str | int | bool | None

_FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The header, then one record for each row, each with its line feed.

    Args:
        columns: the names; programs rely on them.
        rows: as many cells each as there are columns.
    """
    yield csv_record(columns)
    for row in rows:
        yield csv_record([csv_cell(cell) for cell in row])


def csv_record(cells: Sequence[str]) -> str:
    """One record with its line feed; quoted where a cell holds a comma, a quote or a line end."""
    line = io.StringIO()
    # With a line feed alone as its end the module would leave a lone carriage return unquoted.
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def csv_cell(value: Cell) -> str:
    """A value as the text of its cell; what a spreadsheet would calculate gets a quote first.

    `=1+1` becomes `'=1+1` and `+4420` becomes `'+4420`; the amount -0.30 stays as it is. What is
    missing is an empty cell.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if text.startswith(_FORMULA_BEGINS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
