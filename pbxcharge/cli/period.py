"""Periods as people name them: a day, a month, an instant; in UTC, or in a zone that is given."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
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

FROM = typer.Option("--from", metavar="DAY", help="The first day or month, in the site's time.")
To = Annotated[
    str | None, typer.Option("--to", metavar="DAY", help="The last day or month; else up to now.")
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


def begins(text: str, zone: tzinfo) -> datetime:
    """The first instant of a day or a month, by the clocks of a zone; an instant is itself.

    2026-03 and 2026-03-01 both begin on the first of March at midnight.

    Raises:
        typer.BadParameter: it is none of them.
    """
    return _span(text, zone)[0]


def ends(text: str, zone: tzinfo) -> datetime:
    """The first instant after a day or a month, by the clocks of a zone; an instant is itself.

    2026-03 and 2026-03-31 both end where the first of April begins.

    Raises:
        typer.BadParameter: it is none of them.
    """
    return _span(text, zone)[1]


def from_to(
    begin: str, end: str | None, zone: tzinfo, now: datetime | None = None
) -> tuple[datetime, datetime]:
    """A time from one day or month to another, both of which count; else up to now.

    From 2026-10 to 2026-11 is October and November, by the clocks of the zone.

    Args:
        begin: the first day or month, or an instant.
        end: the last one; None is now.
        zone: whose clocks count.
        now: by default what the clock says.

    Raises:
        typer.BadParameter: one of them cannot be read, or nothing lies between them.
    """
    first = begins(begin, zone)
    after = (now or datetime.now(zone)) if end is None else ends(end, zone)
    if first >= after and end is None:
        raise typer.BadParameter(f"--from {begin} has not begun yet")
    if first >= after:
        raise typer.BadParameter(f"--to {end} is before --from {begin}")
    return first, after


def _span(text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
        first, after = month_bounds(text)
        return first.replace(tzinfo=zone), after.replace(tzinfo=zone)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        hint = "such as 2026-03, 2026-03-01 or 2026-03-01T12:00:00"
        raise typer.BadParameter(f"{text!r} is no month, day or instant, {hint}") from None
    local = at if at.tzinfo else at.replace(tzinfo=zone)
    is_day = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None
    # Midnight by the clock, also where a day has 23 hours.
    return local, local + timedelta(days=1) if is_day else local
