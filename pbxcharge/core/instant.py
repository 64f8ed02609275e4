"""Instants: microseconds since the epoch, and the aware times that calendars and clocks need."""

from datetime import UTC, datetime, timedelta
from typing import Final

MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def utc(at_us: int) -> datetime:
    """The time in UTC of microseconds since the epoch: 0 is 1970-01-01 00:00."""
    return _EPOCH + at_us * MICROSECOND


def since_epoch_us(at: datetime) -> int:
    """The microseconds since the epoch of an aware time, exact."""
    return (at.astimezone(UTC) - _EPOCH) // MICROSECOND
