"""Billing periods by worked dates, and as properties over calendars."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import (
    BillingCalendar,
    BillingPeriod,
    BillingRule,
    add_months,
    anchor_date,
    billing_calendar,
)

DAY = timedelta(days=1)
DATES = st.dates(date(1996, 1, 1), date(2104, 12, 31))
CYCLES = st.sampled_from(BillingCycle)
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "Pacific/Auckland", "America/Santiago", "Africa/Cairo", "Asia/Tehran"]
).map(ZoneInfo)


@st.composite
def calendars(draw: st.DrawFn) -> BillingCalendar:
    """A billing period and its anchor, changed up to three times."""
    begins = sorted(draw(st.sets(DATES, max_size=3)))
    rules = (BillingRule(draw(CYCLES), draw(DATES), since) for since in (date.min, *begins))
    return BillingCalendar(tuple(rules))


@pytest.mark.parametrize(
    ("cycle", "anchor", "day", "first", "until"),
    [
        ("daily", "2020-01-01", "2026-03-29", "2026-03-29", "2026-03-30"),
        ("weekly", "2024-01-01", "2026-11-22", "2026-11-16", "2026-11-23"),
        ("two_weekly", "2024-01-03", "2024-01-02", "2023-12-20", "2024-01-03"),
        ("monthly", "2026-01-01", "2026-06-30", "2026-06-01", "2026-07-01"),
        ("monthly", "2026-01-15", "2026-06-14", "2026-05-15", "2026-06-15"),
        ("monthly", "2026-01-31", "2026-02-27", "2026-01-31", "2026-02-28"),
        ("monthly", "2026-01-31", "2026-02-28", "2026-02-28", "2026-03-31"),
        ("monthly", "2026-01-31", "2028-02-29", "2028-02-29", "2028-03-31"),
        ("monthly", "2026-01-31", "2026-04-29", "2026-03-31", "2026-04-30"),
        ("quarterly", "2026-02-01", "2026-01-31", "2025-11-01", "2026-02-01"),
        ("half_yearly", "2023-08-31", "2024-02-29", "2024-02-29", "2024-08-31"),
        ("yearly", "2024-02-29", "2026-02-28", "2026-02-28", "2027-02-28"),
        ("yearly", "2024-02-29", "2028-02-28", "2027-02-28", "2028-02-29"),
    ],
)
def test_a_day_lies_in_the_period_of_its_anchor(
    cycle: str, anchor: str, day: str, first: str, until: str
) -> None:
    """A day that a month has not is its last, and the 31st comes back; so does 29 February."""
    calendar = billing_calendar(BillingCycle(cycle), date.fromisoformat(anchor))
    period = calendar.holding(date.fromisoformat(day))
    assert (period.first.isoformat(), period.until.isoformat()) == (first, until)
    assert period.days == period.full_days


def test_a_change_of_the_period_cuts_the_one_that_runs() -> None:
    """14 of June's 30 days, then weeks: no day lies in two periods, or in none."""
    monthly = BillingRule(BillingCycle.MONTHLY, date(2026, 1, 1))
    thursday = BillingRule(BillingCycle.WEEKLY, date(2026, 1, 1), since=date(2026, 6, 15))
    calendar = BillingCalendar((monthly, thursday))
    cut = calendar.holding(date(2026, 6, 14))
    assert cut == BillingPeriod(date(2026, 6, 1), date(2026, 6, 15), BillingCycle.MONTHLY, 30)
    short = calendar.following(cut)
    assert (short.first.day, short.until.day, short.full_days) == (15, 18, 7)
    assert calendar.following(cut, 2).days == 7
    assert calendar.preceding(short) == cut


@pytest.mark.parametrize(
    ("zone", "day", "begins", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00", 23),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00", 25),
        ("Pacific/Auckland", "2026-04-05", "2026-04-04T11:00", 25),
        ("Pacific/Auckland", "2026-09-27", "2026-09-26T12:00", 23),
        ("America/Santiago", "2026-09-06", "2026-09-06T04:00", 23),
    ],
)
def test_a_period_lasts_from_midnight_to_midnight(
    zone: str, day: str, begins: str, hours: int
) -> None:
    """By the customer's clocks, also where they change, and where they change at midnight."""
    calendar = billing_calendar(BillingCycle.DAILY, date(2020, 1, 1))
    instants = calendar.holding(date.fromisoformat(day)).instants(ZoneInfo(zone))
    at_s = int(datetime.fromisoformat(begins).replace(tzinfo=UTC).timestamp())
    assert instants.from_us == at_s * 10**6
    assert instants.until_us - instants.from_us == hours * 3600 * 10**6


@pytest.mark.parametrize(
    ("cycle", "day", "month", "anchor"),
    [
        ("weekly", 5, 1, "2024-01-05"),
        ("monthly", 31, 1, "2024-01-31"),
        ("quarterly", 31, 4, "2024-07-31"),
        ("half_yearly", 31, 2, "2024-08-31"),
        ("yearly", 29, 2, "2024-02-29"),
        ("yearly", 31, 4, "2024-04-30"),
    ],
)
def test_an_anchor_is_a_date_that_has_its_day(
    cycle: str, day: int, month: int, anchor: str
) -> None:
    """The quarters that begin with April begin on 31 July and on 30 April."""
    assert anchor_date(BillingCycle(cycle), day, month).isoformat() == anchor


@pytest.mark.parametrize(("cycle", "day", "month"), [("weekly", 8, 1), ("monthly", 32, 1)])
def test_what_is_no_anchor_is_refused(cycle: str, day: int, month: int) -> None:
    """With the days that there are."""
    with pytest.raises(ValueError, match="anchor day"):
        anchor_date(BillingCycle(cycle), day, month)
    with pytest.raises(ValueError, match="anchor month"):
        anchor_date(BillingCycle.YEARLY, 1, 13)


def test_the_rules_of_a_calendar_begin_one_after_the_other() -> None:
    """And the first has always been."""
    rule = BillingRule(BillingCycle.DAILY, date(2026, 1, 1))
    for rules in ((), (rule, rule), (BillingRule(BillingCycle.DAILY, rule.anchor, rule.anchor),)):
        with pytest.raises(ValueError, match="billing calendar"):
            BillingCalendar(rules)


@given(calendars(), DATES)
def test_every_day_lies_in_one_period(calendar: BillingCalendar, day: date) -> None:
    """Neighbours touch, every day of a period finds it again, and none is longer than it would be.

    Seen failing with `until` of a period that a change cuts left as it would have been.
    """
    period = calendar.holding(day)
    assert period.holds(day)
    assert 1 <= period.days <= period.full_days
    assert calendar.holding(period.first) == calendar.holding(period.until - DAY) == period
    assert calendar.following(period).first == period.until
    assert calendar.preceding(period).until == period.first


@given(CYCLES, DATES, DATES, st.integers(0, 30))
def test_going_on_and_back_comes_home(
    cycle: BillingCycle, anchor: date, day: date, count: int
) -> None:
    """So many periods on and as many back is the same one, and the anchor begins one.

    Seen failing with an anchor of the 31st that became the 28th for good after a February.
    """
    calendar = billing_calendar(cycle, anchor)
    here = there = calendar.holding(day)
    there = calendar.following(there, count)
    for _ in range(count):
        there = calendar.preceding(there)
    assert there == here
    assert calendar.holding(anchor).first == anchor


@given(calendars(), DATES, ZONES)
def test_periods_leave_no_instant_out(calendar: BillingCalendar, day: date, zone: ZoneInfo) -> None:
    """One ends at the very instant at which the next begins, within two hours of its days.

    Seen failing with midnights taken by the clocks of UTC in `instants` of the first day alone.
    """
    period = calendar.holding(day)
    instants, following = period.instants(zone), calendar.following(period).instants(zone)
    assert instants.until_us == following.from_us
    off_us = instants.until_us - instants.from_us - period.days * 86_400 * 10**6
    assert abs(off_us) <= 2 * 3600 * 10**6


@given(DATES, st.integers(-600, 600))
def test_months_are_added_within_the_month(day: date, months: int) -> None:
    """The month is the one that many on, and the day never a later one.

    Seen failing with 31 days kept for every month.
    """
    moved = add_months(day, months)
    assert (moved.year - day.year) * 12 + moved.month - day.month == months
    assert moved.day == day.day or (moved.day < day.day and (moved + DAY).day == 1)
