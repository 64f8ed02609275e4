"""What commands print: tables for people, JSON for programs, complaints on standard error."""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbxcharge.cli.exits import BadConfiguration

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 10_000
"""Nothing is wrapped or cut off: one row is one line, and an id can be copied in one piece."""

Column = tuple[str, str]
"""A heading and `<` or `>`, the side that the column leans to; `.`: amounts, point under point."""


def console(*, error: bool = False) -> "Console":
    """Where to print; colours only where it is a terminal."""
    from rich.console import Console

    return Console(file=sys.stderr if error else sys.stdout, width=WIDTH, highlight=False)


def say(text: str) -> None:
    """One line for people."""
    console().print(text, markup=False)


def complain(text: str) -> None:
    """One line on standard error."""
    console(error=True).print(text, markup=False, style="bold red")


def remark(text: str) -> None:
    """One line on standard error that is no failure."""
    console(error=True).print(text, markup=False, style="dim")


def print_json(document: Any) -> None:
    """A document as indented JSON."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[Any]], empty: str, *, terse: bool = False
) -> None:
    """Rows under headings, nothing cut off; or one line that says there are none.

    A `terse` one leaves out columns without anything in them, and on a terminal that is too narrow
    for it each row stands in lines of its own.
    """
    cells = [[printable(_text(cell)) for cell in row] for row in rows]
    if not cells:
        remark(empty)
        return
    if terse:
        columns, cells = _filled(columns, cells)
    heading, *lines = _lines(columns, [_headings(columns, cells), *cells])
    if terse and _too_narrow((heading, *lines)):
        _print_blocks(columns, cells)
        return
    console().print(heading, markup=False, style="bold")
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _filled(
    columns: Sequence[Column], cells: list[list[str]]
) -> tuple[list[Column], list[list[str]]]:
    """The columns that have something in them."""
    kept = [place for place in range(len(columns)) if any(row[place].strip() for row in cells)]
    return [columns[place] for place in kept], [[row[place] for place in kept] for row in cells]


def _too_narrow(lines: Iterable[str]) -> bool:
    return sys.stdout.isatty() and max(map(_width, lines)) > shutil.get_terminal_size().columns


def _print_blocks(columns: Sequence[Column], cells: list[list[str]]) -> None:
    width = max(len(heading) for heading, _ in columns)
    blocks = (
        "".join(
            f"{heading:<{width}}  {cell.strip()}\n"
            for (heading, _), cell in zip(columns, row, strict=True)
            if cell.strip()
        )
        for row in cells
    )
    sys.stdout.write("\n".join(blocks))


def _lines(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines, each column as wide as its widest cell.

    Not by a grid, which takes a millisecond for each row of it.
    """
    widths = [max(map(_width, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            _padded(cell, width, side)
            for cell, width, (_, side) in zip(row, widths, columns, strict=True)
        ).rstrip()


def _padded(cell: str, width: int, side: str) -> str:
    blanks = " " * (width - _width(cell))
    return blanks + cell if side == ">" else cell + blanks


def _width(text: str) -> int:
    """In columns of the terminal; some letters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def grid(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> "Table":
    """Rows under headings, to be printed."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    cells = [[_text(cell) for cell in row] for row in rows]
    for heading, (_, side) in zip(_headings(columns, cells), columns, strict=True):
        shown.add_column(heading, justify="right" if side == ">" else "left", no_wrap=True)
    for row in cells:
        shown.add_row(*map(Text, row))
    return shown


def _headings(columns: Sequence[Column], cells: list[list[str]]) -> list[str]:
    """The headings of columns, once the amounts below them stand point under point."""
    return [
        _point_under_point(heading, cells, place) if side == "." else heading
        for place, (heading, side) in enumerate(columns)
    ]


def _point_under_point(heading: str, cells: list[list[str]], place: int) -> str:
    """Pad the amounts of a column: 0.10 under 12.0332 begins one place further right."""
    decimals = max((len(row[place].partition(".")[2]) for row in cells), default=0)
    for row in cells:
        amount = row[place]
        row[place] = amount + " " * (decimals - len(amount.partition(".")[2]))
    width = max(len(heading), *(len(row[place]) for row in cells)) if cells else len(heading)
    for row in cells:
        row[place] = row[place].rjust(width)
    return heading.rjust(width)


def plural(count: int, word: str) -> str:
    """A number of things: no errors, 1 error, 2 errors."""
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"


def printable(text: Any) -> str:
    """A text from outside, without what would move the cursor or colour the terminal."""
    return "".join(char if char.isprintable() else "�" for char in str(text))


def facts(pairs: Mapping[str, Any]) -> None:
    """Names and values, one pair on each line; what is None is left out."""
    width = max(len(name) for name in pairs)
    for name, value in pairs.items():
        if value is not None:
            say(f"{name:<{width}}  {printable(_text(value))}")


def at(instant: str | None) -> str:
    """An instant for people, to the second: 2026-03-01 12:00:00 (UTC)."""
    return "" if instant is None else instant[:19].replace("T", " ")


def moment(instant: str | None, zone: str) -> str:
    """An instant by an account's clocks: 2027-04-15 at midnight, else 2027-04-15 09:30."""
    if instant is None:
        return ""
    from zoneinfo import ZoneInfo

    local = datetime.fromisoformat(instant).astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M}".removesuffix(" 00:00")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return "yes" if cell is True else "no" if cell is False else str(cell)


def clock(at_us: int | None) -> str:
    """The time of day (UTC) of an event, to the millisecond."""
    if at_us is None:
        return ""
    ms = at_us // 1000 % 86_400_000
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def day(at_us: int) -> str:
    """The date (UTC) of an event."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).date().isoformat()


def write_lines(place: str, lines: Iterable[str]) -> None:
    """Write a file of lines; `-` is the standard output."""
    if place == "-":
        sys.stdout.writelines(lines)
        return
    try:
        with Path(place).open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
    except OSError as error:
        raise BadConfiguration(f"{place} cannot be written: {error.strerror or error}") from error
