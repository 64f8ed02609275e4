"""Periods as people name them: a day, a month, an instant; all in UTC."""

from datetime import UTC, datetime
from typing import Annotated

import typer

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]

Since = Annotated[
    datetime | None,
    typer.Option(formats=_FORMATS, metavar="DATE", help="From this day or second (UTC) on."),
]
Until = Annotated[
    datetime | None,
    typer.Option(formats=_FORMATS, metavar="DATE", help="Before this day or second (UTC)."),
]


def month_bounds(text: str) -> tuple[datetime, datetime]:
    """A month's first instant and the next month's: 2026-12 ends where 2027-01 begins.

    Raises:
        typer.BadParameter: it is no month.
    """
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a month such as 2026-03") from None
    year, month = divmod(first.year * 12 + first.month, 12)
    return first, first.replace(year=year, month=month + 1)
