"""Differences between the rows of an import and what there is, and the order to write them in."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pbxcharge.catalog.findings import Finding, Severity
from pbxcharge.core.account import Account, Did, Extension
from pbxcharge.core.imported import COLUMNS, ImportRow, Subject
from pbxcharge.flow.acts import Declined

Thing = Account | Extension | Did
FIELDS = {"account": "account_id", "parent": "parent_id"}
"""Columns that are called otherwise in the books."""


@dataclass(frozen=True, slots=True)
class Change:
    """One account, phone or number as it is to be.

    Args:
        row: that wants it.
        before: as it is; None if it is new.
        after: as it is to be.
    """

    row: ImportRow
    before: Thing | None
    after: Thing

    @property
    def id(self) -> str:
        """What it is called in the books."""
        match self.after:
            case Account():
                return self.after.account_id
            case Extension():
                return self.after.endpoint
            case Did():
                return self.after.number

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        """Before and after of each column that changes, without the id and what is not there."""
        pairs = {
            column: (self._said(self.before, column), self._said(self.after, column))
            for column in COLUMNS[self.row.subject][1:]
        }
        return {column: pair for column, pair in pairs.items() if pair[0] != pair[1]}

    @staticmethod
    def _said(thing: Thing | None, column: str) -> Any:
        return None if thing is None else getattr(thing, FIELDS.get(column, column))


@dataclass(frozen=True, slots=True)
class Differences:
    """What an import comes to.

    Args:
        changes: in the order in which they can be written.
        same: how many rows say what there is.
        refused: how many rows have an error.
        findings: what is wrong.
    """

    changes: tuple[Change, ...]
    same: int
    refused: int
    findings: tuple[Finding, ...]


def found_in(row: ImportRow, declined: Declined) -> Finding:
    """A reason against a row, at its line and column."""
    column = declined.field or COLUMNS[row.subject][0]
    key, line = row.key_of(column), row.line_of(column)
    return Finding(Severity.ERROR, row.file, line, key, declined.message, declined.hint)


def in_order(
    changes: Mapping[str, Change], after: Mapping[str, Collection[str]]
) -> tuple[list[Change], list[list[str]]]:
    """The changes so that each follows those it waits for; and rings of them that cannot be.

    Args:
        changes: by id, all of one subject.
        after: the ids that each has to wait for; others than those of `changes` do not count.
    """
    waits = {name: {each for each in after.get(name, ()) if each in changes} for name in changes}
    rings: list[list[str]] = []
    while True:
        try:
            order = list(TopologicalSorter(waits).static_order())
        except CycleError as error:
            ring = list(dict.fromkeys(error.args[1]))
            rings.append(ring)
            for name in ring:
                waits[name] = set()
        else:
            return [changes[name] for name in order], rings


def repeated(rows: Sequence[ImportRow], ids: Sequence[str]) -> Iterator[tuple[ImportRow, Finding]]:
    """Rows about something that an earlier row is about already."""
    first: dict[tuple[Subject, str], ImportRow] = {}
    for row, name in zip(rows, ids, strict=True):
        earlier = first.setdefault((row.subject, name), row)
        if earlier is not row:
            column = COLUMNS[row.subject][0]
            place = f"{earlier.file}:{earlier.line}" if earlier.file != row.file else earlier.line
            message = f"{name} stands twice, first in line {place}"
            key, line = row.key_of(column), row.line_of(column)
            hint = "keep one of them"
            yield row, Finding(Severity.ERROR, row.file, line, key, message, hint)
