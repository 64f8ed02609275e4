"""Instants: to the microsecond, and the same in whatever zone they were written."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.instant import since_epoch_us, utc


@given(st.integers(-(10**15), 10**17))
def test_an_instant_comes_back_to_the_microsecond(at_us: int) -> None:
    """A float would lose them. Seen failing with `at.timestamp() * 1_000_000`."""
    assert since_epoch_us(utc(at_us)) == at_us


def test_an_hour_that_comes_twice_is_two_instants() -> None:
    """02:30 in Berlin on 25 October is 00:30 in UTC, and an hour later once more."""
    half_past_two = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    first, again = half_past_two, half_past_two.replace(fold=1)
    assert utc(since_epoch_us(first)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert utc(since_epoch_us(again)) - utc(since_epoch_us(first)) == timedelta(hours=1)
