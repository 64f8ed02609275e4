"""What a report shows, before anybody knows whether as text, as CSV or as a page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

Cell = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings.

    Args:
        title: what the rows are.
        headings: with `>` before the first letter if the column leans to the right.
        rows: as many cells each as there are headings.
        empty: said where there are no rows.
    """

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    empty: str = "none"


@dataclass(frozen=True, slots=True)
class Chart:
    """Amounts of money side by side: upright for days, lying for names.

    Args:
        title: what is shown.
        unit: of the amounts, the site's currency.
        bars: label and micro-units of each.
        upright: whether the labels are days.
    """

    title: str
    unit: str
    bars: tuple[tuple[str, int], ...]
    upright: bool


@dataclass(frozen=True, slots=True)
class Report:
    """A report, made once for every way of showing it.

    Args:
        title: what it is about.
        facts: name and value: whose, which time, by which clocks.
        charts: for those who would rather look.
        sums: small tables.
        main: the rows themselves.
        notes: whole sentences: what was left out, what a column means.
        running: said at the top of every printed page, which is upright then; empty for none.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    charts: tuple[Chart, ...]
    sums: tuple[Table, ...]
    main: Table
    notes: tuple[str, ...]
    running: str = ""


def point_under_point(table: Table) -> Table:
    """With as many decimals for each amount of a column as the longest has: 0.10 above 0.0125.

    They become 0.1000 and 0.0125, so that they are compared at a glance.
    """
    columns = [list(cells) for cells in zip(*table.rows, strict=True)]
    for heading, cells in zip(table.headings, columns, strict=bool(columns)):
        if heading.startswith(">"):
            cells[:] = _evened(cells)
    return replace(table, rows=list(zip(*columns, strict=True)))


def _evened(cells: Sequence[Cell]) -> list[Cell]:
    decimals = max((_decimals(cell) for cell in cells), default=0)
    return [
        f"{cell}{'0' * (decimals - _decimals(cell))}" if _decimals(cell) else cell for cell in cells
    ]


def _decimals(cell: Cell) -> int:
    return len(cell.partition(".")[2]) if isinstance(cell, str) else 0
