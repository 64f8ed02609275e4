"""Months by worked examples: they begin when the clocks of the payer's zone say so."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.month import month_closes_us, month_start_us

ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "Pacific/Apia", "Asia/Kathmandu", "America/Asuncion", "Asia/Beirut"]
)


def us(text: str) -> int:
    """An instant, in microseconds since the epoch."""
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("zone", "at", "begins"),
    [
        ("UTC", "2026-04-30T22:30:00+00:00", "2026-04-01T00:00:00+00:00"),
        ("Europe/Berlin", "2026-04-30T22:30:00+00:00", "2026-04-30T22:00:00+00:00"),
        ("Europe/Berlin", "2026-04-30T21:59:59+00:00", "2026-03-31T22:00:00+00:00"),
        ("Europe/Berlin", "2026-11-01T12:00:00+00:00", "2026-10-31T23:00:00+00:00"),
        ("Asia/Kathmandu", "2026-01-31T18:15:00+00:00", "2026-01-31T18:15:00+00:00"),
        ("America/Asuncion", "2023-10-15T00:00:00+00:00", "2023-10-01T04:00:00+00:00"),
    ],
)
def test_a_month_begins_at_the_midnight_of_its_zone(zone: str, at: str, begins: str) -> None:
    """Also in the month in which the clocks are changed, and where that midnight is skipped."""
    assert month_start_us(ZoneInfo(zone), us(at)) == us(begins)


@given(zone=ZONES, at_s=st.integers(us("2000-01-01T12:00:00+00:00") // 10**6, 4 * 10**9))
def test_an_instant_lies_in_its_month(zone: str, at_s: int) -> None:
    """A month began on a first day, not more than 31 days and an hour ago, and begins but once.

    Seen failing with the month begun by the clocks of UTC.
    """
    clocks, at_us = ZoneInfo(zone), at_s * 1_000_000
    begun_us = month_start_us(clocks, at_us)
    assert 0 <= at_us - begun_us <= (31 * 24 + 1) * 3600 * 1_000_000
    assert datetime.fromtimestamp(begun_us // 10**6, UTC).astimezone(clocks).day == 1
    assert month_start_us(clocks, begun_us) == begun_us


@pytest.mark.parametrize(
    ("zone", "at", "after_d", "closes"),
    [
        ("UTC", "2026-05-31T23:59:59+00:00", 3, "2026-06-04T00:00:00+00:00"),
        ("Europe/Berlin", "2026-05-31T22:30:00+00:00", 3, "2026-07-03T22:00:00+00:00"),
        ("Europe/Berlin", "2026-10-15T12:00:00+00:00", 0, "2026-10-31T23:00:00+00:00"),
        ("Europe/Berlin", "2026-12-15T12:00:00+00:00", 40, "2027-02-09T23:00:00+00:00"),
    ],
)
def test_a_month_closes_some_days_after_its_end(
    zone: str, at: str, after_d: int, closes: str
) -> None:
    """At midnight by the clock; 0 is as soon as it has ended."""
    assert month_closes_us(ZoneInfo(zone), us(at), after_d) == us(closes)
