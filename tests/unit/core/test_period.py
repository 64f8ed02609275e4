"""Months and days of reports, by the clocks of a time zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.period import (
    DAY_US,
    Period,
    bounded,
    day_text,
    instant_us,
    month_period,
    pieces,
    this_month,
)

BERLIN = ZoneInfo("Europe/Berlin")
CAIRO = ZoneInfo("Africa/Cairo")
HAVANA = ZoneInfo("America/Havana")
ZONES = [UTC, BERLIN, CAIRO, HAVANA, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe")]


def us(text: str) -> int:
    """An instant (UTC)."""
    at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_a_month_begins_and_ends_at_local_midnight() -> None:
    """March in Berlin is an hour shorter than its days, since its clocks are put forward."""
    march = month_period("2026-03", BERLIN)
    assert march == Period(us("2026-02-28T23:00"), us("2026-03-31T22:00"))
    assert march.until_us == month_period("2026-04", BERLIN).from_us
    assert month_period("2026-12", UTC).until_us == us("2027-01-01T00:00")


def test_this_month_is_the_one_of_the_instant() -> None:
    """1 May at 00:30 in Berlin is April in UTC, and May for the site."""
    assert this_month(BERLIN, us("2026-04-30T22:30")) == month_period("2026-05", BERLIN)
    assert this_month(UTC, us("2026-04-30T22:30")) == month_period("2026-04", UTC)


@pytest.mark.parametrize("text", ["2026-13", "2026", "2026-3", "0000-01", "9999-12", "２０２６-03"])
def test_what_is_no_month_is_said(text: str) -> None:
    """Also what no calendar has."""
    with pytest.raises(ValueError, match="not a month"):
        month_period(text, UTC)


def test_a_day_without_an_offset_is_the_sites() -> None:
    """With one it is what it says."""
    assert instant_us("2026-07-01", ZoneInfo("Europe/London")) == us("2026-06-30T23:00")
    assert instant_us("2026-07-01T00:00:00Z", BERLIN) == us("2026-07-01T00:00")
    with pytest.raises(ValueError, match="neither a day nor an instant"):
        instant_us("yesterday", UTC)


def test_a_midnight_that_there_is_not_is_when_the_clocks_change() -> None:
    """In Cairo 24 April 2026 begins at 01:00; no instant is in two days or in none."""
    assert instant_us("2026-04-24", CAIRO) == us("2026-04-23T22:00")


@pytest.mark.parametrize(("from_us", "until_us"), [(5, 5), (6, 5), (0, 3661 * DAY_US)])
def test_a_period_is_some_time_and_at_most_ten_years(from_us: int, until_us: int) -> None:
    """What is not is refused before anything is read."""
    with pytest.raises(ValueError, match="period"):
        bounded(Period(from_us, until_us))


def test_a_month_without_a_change_of_clocks_is_one_piece() -> None:
    """With one it is two, cut at the very instant."""
    assert len(pieces(month_period("2026-11", BERLIN), BERLIN)) == 1
    first, second = pieces(month_period("2026-03", BERLIN), BERLIN)
    assert first.until_us == second.from_us == us("2026-03-29T01:00")
    assert second.offset_us - first.offset_us == DAY_US // 24


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 400 * 86_400),
    st.integers(0, 10**9),
)
def test_every_instant_of_a_period_is_counted_to_its_local_day(
    zone: ZoneInfo, begins: datetime, length_s: int, chosen: int
) -> None:
    """Seen failing with the offset of the piece's end instead of its beginning."""
    period = Period(us(begins.isoformat()[:19]), us(begins.isoformat()[:19]) + length_s * 10**6)
    at_us = period.from_us + chosen % (period.until_us - period.from_us)
    (piece,) = (each for each in pieces(period, zone) if each.from_us <= at_us < each.until_us)
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).astimezone(zone)
    assert piece.offset_us * timedelta(microseconds=1) == local.utcoffset()
    assert day_text((at_us + piece.offset_us) // DAY_US) == date.isoformat(local.date())
