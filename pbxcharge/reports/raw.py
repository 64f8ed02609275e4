"""The rows of an answer for programs: stable names, instants in UTC, nothing shortened."""

from collections.abc import Iterator
from typing import Any

from pbxcharge.reports.csv_text import Cell, csv_lines
from pbxcharge.reports.words import Document


def csv_text(answer: Document) -> Iterator[str]:
    """The rows of an answer as CSV, line by line, under the names that its JSON has."""
    columns = answer["columns"]
    return csv_lines(columns, ([_cell(row[name]) for name in columns] for row in answer["rows"]))


def _cell(value: Any) -> Cell:
    """A list becomes one text: `acme 0.05; telco 0.03`."""
    return "; ".join(map(_member, value)) if isinstance(value, list) else value


def _member(member: Document) -> str:
    """A level and its charge, or a line of a charge and its amount."""
    if "account_id" in member:
        return f"{member['account_id']} {member['charge']}"
    return f"{member['kind']} {member['amount']}"
