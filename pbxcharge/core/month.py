"""Calendar months: where one begins, and when its books are closed, by the clocks of a zone."""

from datetime import datetime, timedelta, tzinfo

from pbxcharge.core.instant import since_epoch_us, utc


def month_start_us(zone: tzinfo, at_us: int) -> int:
    """The first instant of the calendar month that an instant lies in.

    1 May 2026 at 00:30 in Berlin is 30 April in UTC: its month began at 22:00 UTC of that day.

    Args:
        zone: whose clocks count.
        at_us: microseconds since the epoch, UTC.
    """
    local = utc(at_us).astimezone(zone)
    return since_epoch_us(datetime(local.year, local.month, 1, tzinfo=zone))


def month_closes_us(zone: tzinfo, at_us: int, after_d: int) -> int:
    """The first instant at which the month that an instant lies in is closed.

    The books of May 2026 close three days after it has ended: on 4 June at midnight by the clock.

    Args:
        zone: whose clocks count.
        at_us: microseconds since the epoch, UTC.
        after_d: days after the end of the month.
    """
    local = utc(at_us).astimezone(zone)
    year, month = divmod(local.year * 12 + local.month, 12)
    closes = datetime(year, month + 1, 1) + timedelta(days=after_d)
    return since_epoch_us(closes.replace(tzinfo=zone))
