"""CSV that a spreadsheet shows and never calculates, and that a program reads back whole."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.reports.csv_text import Cell, csv_cell, csv_lines


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+442079460000", "'+442079460000"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-0.30", "-0.30"),
        (-5, "-5"),
        ("442079460000", "442079460000"),
        (True, "yes"),
        (None, ""),
        ("", ""),
    ],
)
def test_no_cell_becomes_a_formula(value: Cell, cell: str) -> None:
    """A text that begins like one gets a quote; negative amounts stay numbers."""
    assert csv_cell(value) == cell


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_every_text_is_read_back_as_it_was(rows: list[tuple[str, str]]) -> None:
    """Commas, quotes and line ends stay within their cell; only the quote of a formula is added."""
    text = "".join(csv_lines(["a", "b"], rows))
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read == [["a", "b"], *([csv_cell(one) for one in row] for row in rows)]
