"""Statements: which billing period is meant, and that what moved is what lies between balances."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import anchor_date, billing_calendar
from pbxcharge.core.ledger import EntryKind
from pbxcharge.core.statement import (
    NOTHING,
    Group,
    all_sums,
    ended_period,
    named_period,
)

MOVED = st.tuples(st.sampled_from(["opening", *EntryKind]), st.integers(-(10**9), 10**9))


def calendar(cycle: BillingCycle, day: int = 1):  # type: ignore[no-untyped-def]
    """Billing periods from a day of the month, or of the week."""
    return billing_calendar(cycle, anchor_date(cycle, day))


@pytest.mark.parametrize(
    ("cycle", "day", "text", "first", "until"),
    [
        (BillingCycle.MONTHLY, 1, "2026-11", "2026-11-01", "2026-12-01"),
        (BillingCycle.MONTHLY, 15, "2026-11", "2026-11-15", "2026-12-15"),
        (BillingCycle.MONTHLY, 15, "2026-11-05", "2026-10-15", "2026-11-15"),
        (BillingCycle.MONTHLY, 31, "2026-02", "2026-02-28", "2026-03-31"),
        (BillingCycle.QUARTERLY, 1, "2026-11", "2026-10-01", "2027-01-01"),
        (BillingCycle.YEARLY, 1, "2026-11", "2026-01-01", "2027-01-01"),
        (BillingCycle.WEEKLY, 1, "2026-11-05", "2026-11-02", "2026-11-09"),
        (BillingCycle.DAILY, 1, "2026-11-05", "2026-11-05", "2026-11-06"),
    ],
)
def test_a_period_is_named_by_a_month_or_a_day(
    cycle: BillingCycle, day: int, text: str, first: str, until: str
) -> None:
    """The one that begins in the month, or the one that holds it."""
    found = named_period(calendar(cycle, day), text)
    assert (found.first.isoformat(), found.until.isoformat()) == (first, until)


@pytest.mark.parametrize("text", ["2026-11", "2026-13", "November", "2026-11-31", "9999-12-31"])
def test_what_names_no_one_period_is_refused(text: str) -> None:
    """Five weeks begin in November: none of them is it."""
    with pytest.raises(ValueError, match="2026-11"):
        named_period(calendar(BillingCycle.WEEKLY), text)


def test_the_last_period_is_the_one_that_is_over() -> None:
    """On the day after its last."""
    ended = ended_period(calendar(BillingCycle.MONTHLY), date(2026, 12, 1))
    assert ended.first == date(2026, 11, 1)


@given(st.lists(MOVED))
def test_what_moved_is_what_lies_between_the_balances(entries: list[tuple[str, int]]) -> None:
    """Every kind of entry has its group, so none is left out of the closing balance.

    Seen failing with a kind that is added to no group.
    """
    sums = NOTHING
    for kind, micros in entries:
        sums = sums.plus(kind, micros)
    assert sums.closing_micros == sum(micros for _, micros in entries)
    assert all_sums([sums, sums]).closing_micros == 2 * sums.closing_micros
    assert sums.closing_micros - sums.opening_micros == sum(map(sums.of, Group))
