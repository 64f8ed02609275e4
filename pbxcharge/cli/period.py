"""Periods as people name them: a day, a month, an instant; all in UTC."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]

_AGE = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}

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


def instant(text: str, now: datetime) -> datetime:
    """An instant as ISO 8601 (UTC where no zone is given), or an age: 10m is ten minutes ago.

    Raises:
        typer.BadParameter: it is neither.
    """
    if aged := _AGE.fullmatch(text):
        return now - int(aged[1]) * _UNITS[aged[2]]
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        hint = "such as 90s, 10m, 2h, 3d or 2026-03-01T12:00:00"
        raise typer.BadParameter(f"{text!r} is neither an age nor an instant, {hint}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
