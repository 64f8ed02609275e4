"""Schemas of the rows of tables: they take what the readers take, and refuse what these refuse."""

import csv
import json
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pbxcharge.catalog.deck_columns import COLUMNS, PREFIX
from pbxcharge.catalog.deck_rows import read_deck
from pbxcharge.catalog.form import read_form
from pbxcharge.catalog.import_form import ImportForm
from pbxcharge.catalog.import_table import SECTIONS, parse_table
from pbxcharge.core.imported import COLUMNS as IMPORT_COLUMNS
from pbxcharge.core.imported import Subject
from pbxcharge.schemas import TABLES, file_schema

CONFIG = Path(__file__).parents[3] / "config"
VALIDATORS = {name: Draft202012Validator(file_schema(name)) for name in TABLES}
EXAMPLES = {"deck": "rates/carrier.csv"} | {
    name: f"import/{name}.csv" for name in SECTIONS.values()
}
TOGETHER = {"minimum_charge", "maximum_charge", "effective_until", ""}
"""Columns under which the reader names what cells do to each other, and no schema can."""

AMOUNTS = ["0", "0.10", "+5", "000.5", "0.123456", "1e3", "-1", "0,10", ".5", "5.", "1" * 13]
SECONDS = ["1", "60", "0060", "86400", "0", "86401", "6.0", "-6", "0000000060"]
TEXTS = {
    PREFIX: ["44", "@local", "@incoming:44", "", "+44", "044", "4" * 15, "4" * 16, "@x", "4 4"],
    "destination": ["United Kingdom", "Côte d'Ivoire", "x" * 120, "x" * 121, "a\x07b", "0"],
    "status": ["open", "forbidden", "FORBIDDEN", "closed"],
    "maximum_then": ["free", "hang_up", "hang-up"],
    "rounding": ["down", "half_even", "up"],
    "rounding_decimals": ["0", "6", "7", "4.0"],
    "effective_from": ["2026-12-01", "2026-12-01 18:30", "1.12.2026", "tomorrow"],
    **dict.fromkeys(("first_s", "next_s", "free_seconds", "grace_seconds"), SECONDS),
}
CELLS = [(name, text) for name in COLUMNS for text in ("", *TEXTS.get(name, AMOUNTS))]
ROWS = st.lists(st.sampled_from(CELLS), max_size=5).map(
    lambda cells: {PREFIX: "44", "price_per_minute": "0.10", **dict(cells)}
)


def fits(table: str, row: dict[str, str]) -> bool:
    """Whether the schema takes a row."""
    return bool(VALIDATORS[table].is_valid(row))


def deck_complaints(row: dict[str, str]) -> set[str]:
    """The columns that the reader names in a deck of one row."""
    text = "\n".join((",".join(row), ",".join(f'"{cell}"' for cell in row.values())))
    _, found = read_deck("deck.csv", text.encode(), UTC)
    return {finding.key for finding in found.all()}


@given(row=ROWS)
def test_a_row_of_a_deck_fits_if_the_reader_takes_it(row: dict[str, str]) -> None:
    """And only then, apart from what an amount or a day is beside another one."""
    complaints = deck_complaints(row)
    if complaints <= TOGETHER:
        assert fits("deck", row) or complaints
    else:
        assert not fits("deck", row), complaints


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_tables_of_the_example_site_fit(name: str) -> None:
    """Row by row, as a reader of CSV gives them."""
    lines = (CONFIG / EXAMPLES[name]).read_text().splitlines()
    rows = list(csv.DictReader(line for line in lines if line and not line.startswith("#")))
    assert rows
    assert [row for row in rows if not fits(name, row)] == []


@pytest.mark.parametrize("name", TABLES)
def test_the_schema_beside_the_example_is_todays(name: str) -> None:
    """Valid, with every column, and what each of them means."""
    schema = file_schema(name)
    Draft202012Validator.check_schema(schema)
    assert json.loads((CONFIG / "schemas" / f"{name}.schema.json").read_text()) == schema
    assert all(cell["description"] for cell in schema["properties"].values())
    columns = {"deck": COLUMNS} | {SECTIONS[it]: IMPORT_COLUMNS[it] for it in Subject}
    assert tuple(schema["properties"]) == columns[name]


IMPORTED = {
    "everything": ("accounts", "account=alice,kind=user,parent=acme,plan=none,status=active"),
    "a word as the command line has it": ("accounts", "account=south,kind=service-provider"),
    "empty cells": ("extensions", "endpoint=ext1,number=,account="),
    "a number": ("dids", "number=442079460000,context=support"),
    "no id": ("accounts", "account=,name=Alice"),
    "no column of the id": ("extensions", "number=101,account=alice"),
    "a kind that is none": ("accounts", "account=alice,kind=admin"),
    "a status that is none": ("accounts", "account=alice,status=gone"),
    "a column of another table": ("dids", "number=44,plan=retail"),
}


@pytest.mark.parametrize(("table", "written"), IMPORTED.values(), ids=IMPORTED)
def test_a_row_to_be_imported_fits_if_the_reader_takes_it(table: str, written: str) -> None:
    """The right ones and the wrong ones alike."""
    row = dict(cell.split("=") for cell in written.split(","))
    text = "\n".join((",".join(row), ",".join(row.values())))
    source, found = parse_table(f"{table}.csv", table, text)
    assert source is not None
    assert fits(table, row) is not bool((*found, *read_form(ImportForm, source)[1]))
