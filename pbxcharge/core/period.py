"""Periods of reports: months and days as the clocks of a time zone show them."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from pbxcharge.core.instant import MICROSECOND, since_epoch_us, utc
from pbxcharge.core.month import month_start_us

DAY_US = 86_400_000_000
YEARS_MAX = 10
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """A time, from its first instant until before its last; microseconds since the epoch, UTC."""

    from_us: int
    until_us: int

    def holds(self, at_us: int) -> bool:
        """Whether an instant lies in it."""
        return self.from_us <= at_us < self.until_us


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a period in which local clocks are ahead of UTC by the same offset."""

    from_us: int
    until_us: int
    offset_us: int


def month_period(text: str, zone: tzinfo) -> Period:
    """A calendar month: 2026-03 in Berlin begins at 23:00 UTC and ends at 22:00 UTC.

    Raises:
        ValueError: the text is no month.
    """
    found = _MONTH.fullmatch(text)
    try:
        first = date(int(found[1]), int(found[2]), 1) if found else None
        following = first and (first + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        first = following = None
    if first is None or following is None:
        raise ValueError(f"{text!r} is not a month such as 2026-03")
    return Period(midnight_us(first, zone), midnight_us(following, zone))


def this_month(zone: tzinfo, now_us: int) -> Period:
    """The calendar month in which an instant lies."""
    from_us = month_start_us(zone, now_us)
    return Period(from_us, month_start_us(zone, from_us + 40 * DAY_US))


def instant_us(text: str, zone: tzinfo) -> int:
    """A day or an instant (ISO 8601); without an offset it is meant by the clocks of the zone.

    2026-07-01 in London is 30 June, 23:00 UTC.

    Raises:
        ValueError: it is neither.
    """
    try:
        at = datetime.fromisoformat(text)
        return since_epoch_us(at if at.tzinfo else at.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        hint = "such as 2026-03-01 or 2026-03-01T12:00:00"
        raise ValueError(f"{text!r} is neither a day nor an instant, {hint}") from None


def bounded(period: Period) -> Period:
    """The period, unless it ends before it begins or is longer than ten years.

    Raises:
        ValueError: it is.
    """
    if period.until_us <= period.from_us:
        raise ValueError("the period ends before it begins")
    if period.until_us - period.from_us > YEARS_MAX * 366 * DAY_US:
        raise ValueError(f"the period is longer than {YEARS_MAX} years")
    return period


def pieces(period: Period, zone: tzinfo) -> tuple[Piece, ...]:
    """The period cut where the local clocks are put forward or back: March in Berlin has two.

    Within a piece a local day is a whole number of days since the epoch plus the offset, so that
    whoever counts by days needs no time zones.
    """
    found: list[Piece] = []
    begins_us = at_us = period.from_us
    offset_us = _offset_us(zone, begins_us)
    while at_us < period.until_us:
        next_us = min(at_us + DAY_US, period.until_us)
        if _offset_us(zone, next_us) != offset_us:
            next_us = _change_us(zone, at_us, next_us)
            found.append(Piece(begins_us, next_us, offset_us))
            begins_us, offset_us = next_us, _offset_us(zone, next_us)
        at_us = next_us
    if begins_us < period.until_us:
        found.append(Piece(begins_us, period.until_us, offset_us))
    return tuple(found)


@lru_cache(maxsize=16_384)
def midnight_us(day: date, zone: tzinfo) -> int:
    """The first instant of a local day: 1 May 2026 in Berlin begins on 30 April, 22:00 UTC."""
    # Where clocks are put forward at midnight this is the instant at which they are; where they
    # are put back to it, the first of the two.
    return since_epoch_us(datetime(day.year, day.month, day.day, tzinfo=zone))


@lru_cache(maxsize=16_384)
def local_day(at_us: int, zone: tzinfo) -> date:
    """The date that the clocks of a zone show at an instant."""
    return utc(at_us).astimezone(zone).date()


def day_text(day: int) -> str:
    """The date of a day counted from 1970-01-01: 20_000 is 2024-10-04."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _change_us(zone: tzinfo, before_us: int, after_us: int) -> int:
    """The first instant with another offset than the one before; clocks change at whole seconds."""
    offset_us = _offset_us(zone, before_us)
    while after_us - before_us > 1:
        middle_us = (before_us + after_us) // 2
        if _offset_us(zone, middle_us) == offset_us:
            before_us = middle_us
        else:
            after_us = middle_us
    return after_us


def _offset_us(zone: tzinfo, at_us: int) -> int:
    offset = utc(at_us).astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - an aware instant has one
    return offset // MICROSECOND
