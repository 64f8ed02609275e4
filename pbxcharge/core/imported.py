"""Rows of an import: what a file says about one account, phone or number, still as texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

NONE = "none"
"""The word that takes away a plan, a product, a code or a time zone; a blank leaves it."""

ROWS_MAX = 100_000
"""So many rows to an import: they are written in one transaction, and calls wait for it."""


class Subject(StrEnum):
    """What a row is about."""

    ACCOUNT = "account"
    EXTENSION = "extension"
    DID = "did"


COLUMNS: Mapping[Subject, tuple[str, ...]] = {
    Subject.ACCOUNT: (
        *("account", "kind", "parent", "name"),
        *("plan", "product", "code", "time_zone", "status"),
    ),
    Subject.EXTENSION: ("endpoint", "number", "account"),
    Subject.DID: ("number", "account", "endpoint", "context"),
}
"""What may stand in a row; the first one says which account, phone or number it is."""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row, where it stands and what it says.

    Args:
        subject: what it is about.
        file: as the reader was given it.
        line: counted from 1.
        cells: texts by column, never blank; what is not there is not said.
        key: where in the file, such as `accounts[2]`; empty in a table.
        lines: of cells that stand in lines of their own.
    """

    subject: Subject
    file: str
    line: int
    cells: Mapping[str, str]
    key: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The row as it is sent."""
        return {
            "subject": str(self.subject),
            "file": self.file,
            "line": self.line,
            "cells": self.cells,
            "key": self.key,
            "lines": self.lines,
        }

    @property
    def id(self) -> str:
        """Which account, phone or number it is about."""
        return self.cells.get(COLUMNS[self.subject][0], "")

    def line_of(self, column: str) -> int:
        """Where a cell stands."""
        return self.lines.get(column, self.line)

    def key_of(self, column: str) -> str:
        """A cell as an admin looks for it: `accounts[2].plan`, in a table the column."""
        return ".".join(part for part in (self.key, column) if part)
