"""Calendar months: where one begins, by the clocks of a time zone."""

from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def month_start_us(zone: tzinfo, at_us: int) -> int:
    """The first instant of the calendar month that an instant lies in.

    1 May 2026 at 00:30 in Berlin is 30 April in UTC: its month began at 22:00 UTC of that day.

    Args:
        zone: whose clocks count.
        at_us: microseconds since the epoch, UTC.
    """
    local = (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone)
    first = datetime(local.year, local.month, 1, tzinfo=zone).astimezone(UTC)
    return (first - _EPOCH) // timedelta(microseconds=1)
