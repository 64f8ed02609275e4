"""What is booked and what waits, by worked examples: each line says when, what, and the balance."""

from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest

from pbxcharge.core.billing import after, look, proceed
from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import billing_calendar
from pbxcharge.core.billing_record import Paying, collecting
from pbxcharge.core.period import instant_us
from pbxcharge.core.subscription_terms import (
    Applied,
    CreditTerms,
    DeadReason,
    MinimumTerm,
    PenaltyKind,
)
from tests.fakes.subscriptions import a_life, a_plan, an_outage
from tests.fakes.tabs import ALICE, a_purse, a_tab, foreseen

AHEAD = Applied.IN_ADVANCE
DAILY = Applied.PROGRESSIVE
NO_CREDITS = CreditTerms(reasons=frozenset(set(DeadReason) - {DeadReason.NO_FUNDS}))


def test_a_fee_that_does_not_fit_waits_until_what_is_due_does() -> None:
    """30 for November, 20 available: suspended on the 1st; +30 and -10 on the 11th, balance 0."""
    tab = a_tab(a_life(a_plan(applied=AHEAD), "2026-11-01"))
    assert foreseen(tab, "20", "2026-12-01") == [
        "2026-11-01 suspended",
        "2026-11-11 a1 fee 30.00 -> 0.00",
        "2026-11-11 a1 credit -10.00 -> 0.00",
        "2026-11-11 resumed",
    ]


@pytest.mark.parametrize(
    ("available", "day"),
    [("30", "2026-11-01"), ("29", "2026-11-02"), ("0", "2026-12-01"), ("-1", "2026-12-01")],
)
def test_a_fee_is_booked_on_the_first_midnight_on_which_it_fits(available: str, day: str) -> None:
    """30, less a day's share for each dead day.

    What is credited whole costs nothing, and needs nothing, also where a debt is left.
    """
    tab = a_tab(a_life(a_plan(applied=AHEAD), "2026-11-01"))
    booked = [line for line in foreseen(tab, available, "2026-12-02") if " fee " in line]
    assert booked[0].startswith(f"{day} a1 fee 30.00")


def test_a_month_without_any_service_costs_nothing_and_the_next_one_waits_as_well() -> None:
    """The fee is booked with its credits when its month ends; the account stays suspended."""
    tab = a_tab(a_life(a_plan(applied=AHEAD), "2026-11-01"))
    assert foreseen(tab, "0", "2027-01-02") == [
        "2026-11-01 suspended",
        "2026-12-01 a1 fee 30.00 -> 0.00",
        "2026-12-01 a1 credit -30.00 -> 0.00",
        "2027-01-01 a1 fee 30.00 -> 0.00",
        "2027-01-01 a1 credit -30.00 -> 0.00",
    ]


def test_what_was_given_is_booked_below_zero() -> None:
    """A fee at the end of its period, and a penalty, do not wait."""
    term = MinimumTerm(months=12, penalty=PenaltyKind.FIXED, fixed_micros=50_000_000)
    tab = a_tab(a_life(a_plan(minimum_term=term), "2026-11-01", "2026-12-11"))
    assert foreseen(tab, "20", "2027-01-01") == [
        "2026-12-01 a1 fee 30.00 -> -10.00",
        "2026-12-11 a1 fee 9.68 -> -69.68",
        "2026-12-11 a1 penalty 50.00 -> -69.68",
    ]


def test_subscriptions_of_one_account_are_charged_in_order_as_far_as_they_fit() -> None:
    """The second fee of 10 does not fit into 15 any more, the third one of 5 does."""
    lives = [a_life(a_plan(fee, applied=AHEAD), "2026-11-01") for fee in ("10", "10", "5")]
    assert foreseen(a_tab(*lives), "15", "2026-11-02") == [
        "2026-11-01 a1 fee 10.00 -> 5.00",
        "2026-11-01 a3 fee 5.00 -> 0.00",
        "2026-11-01 suspended",
    ]


def test_an_activation_fee_that_waits_keeps_the_fee_behind_it() -> None:
    """No credit is for it; once it is paid, the fee behind it is due less its dead days."""
    plan = a_plan("30", applied=AHEAD, activation_fee_micros=25_000_000)
    tab = a_tab(a_life(plan, "2026-11-01"))
    assert foreseen(tab, "20", "2026-12-02") == ["2026-11-01 suspended"]
    assert foreseen(tab, "50", "2026-12-01") == [
        "2026-11-01 a1 activation 25.00 -> 25.00",
        "2026-11-01 suspended",
        "2026-11-06 a1 fee 30.00 -> 0.00",
        "2026-11-06 a1 credit -5.00 -> 0.00",
        "2026-11-06 resumed",
    ]


def test_days_without_service_of_a_progressive_fee_are_credited_with_it() -> None:
    """A day of service waits for 1.00; each day after it costs as much as it is credited."""
    tab = a_tab(a_life(a_plan("30", applied=DAILY), "2026-11-01"))
    day, now = instant_us("2026-11-04", UTC), instant_us("2026-11-04T12:00", UTC)
    purse = a_purse("0")
    tab, demand = proceed(tab, day)
    while demand is not None:
        tab, demand = proceed(after(tab, demand, purse.take(collecting(demand, ALICE))), day)
    assert [one.amount_micros for one in tab.bills["a1"].waiting] == [10**6, 10**6, 10**6]
    _, demand = proceed(look(tab, now), now)
    assert demand is not None and demand.needs_micros == 10**6
    assert [item.owed.amount_micros for item in demand.items] == [10**6] * 3 + [-2 * 10**6]


def test_what_one_subscription_gives_back_pays_for_another_at_once() -> None:
    """1 a day while 30 wait for credit: the 21st day does not fit, and with it 21 come back."""
    waits, daily = (a_life(a_plan(applied=how), "2026-11-01") for how in (AHEAD, DAILY))
    lines = foreseen(a_tab(waits, daily), "20", "2026-11-30")
    assert lines[20:26] == [
        "2026-11-21 a2 fee 1.00 -> 0.00",
        "2026-11-22 a2 fee 1.00 -> 20.00",
        "2026-11-22 a2 credit -21.00 -> 20.00",
        "2026-11-22 a1 fee 30.00 -> 11.00",
        "2026-11-22 a1 credit -21.00 -> 11.00",
        "2026-11-22 resumed",
    ]


def test_a_day_without_service_is_credited_at_its_own_midnight() -> None:
    """Without a cent each day of 1.00 is booked with its credit, and does not wait itself."""
    waits, daily = (a_life(a_plan(applied=how), "2026-11-01") for how in (AHEAD, DAILY))
    tab, lines = a_tab(waits, daily), ["2026-11-01 suspended"]
    for day in ("2026-11-02", "2026-11-03"):
        lines += [f"{day} a2 fee 1.00 -> 0.00", f"{day} a2 credit -1.00 -> 0.00"]
    assert foreseen(tab, "0", "2026-11-03T00:00:01") == lines


def test_a_last_day_is_booked_with_the_credits_of_its_period() -> None:
    """Blocked for ten days, and a debt by then: the 30th day of 1 and the credit of 10 are one."""
    blocked = (an_outage(DeadReason.BLOCKED, "2026-11-01", "2026-11-11"),)
    given = a_life(a_plan(), "2026-11-01")
    daily = a_life(a_plan(applied=DAILY), "2026-11-01", outages=blocked)
    lines = foreseen(a_tab(given, daily), "29", "2026-12-01T00:00:01")
    assert lines[29:] == [
        "2026-12-01 a1 fee 30.00 -> -21.00",
        "2026-12-01 a2 fee 1.00 -> -21.00",
        "2026-12-01 a2 credit -10.00 -> -21.00",
    ]


def test_a_credit_waits_behind_its_fee_when_an_earlier_fee_keeps_that_waiting() -> None:
    """By days: the first waits for 1; the second is blocked: its fee and its credit wait behind."""
    calendar = billing_calendar(BillingCycle.DAILY, date(2026, 1, 1))
    blocked = (an_outage(DeadReason.BLOCKED, "2026-11-02", "2026-11-03"),)
    plan = a_plan(applied=DAILY, credits=NO_CREDITS)
    tab = a_tab(a_life(plan, "2026-11-01", outages=blocked, calendar=calendar))
    assert foreseen(tab, "0", "2026-11-03T00:00:01") == ["2026-11-02 suspended"]


def test_credits_of_a_fee_that_another_closing_pays_for_are_given_once() -> None:
    """At noon of the 10th a1 gives all back: a2 pays 30 less nine dead days, and that is all."""
    ahead = a_plan(applied=Applied.IN_ADVANCE)
    closed, waits = a_life(ahead, "2026-11-01", "2026-11-10T12:00:00"), a_life(ahead, "2026-11-01")
    lines = foreseen(a_tab(closed, waits), "35", "2026-12-01T00:00:01")
    assert [line for line in lines if "a2" in line] == [
        "2026-11-10 12:00 a2 fee 30.00 -> 14.00",
        "2026-11-10 12:00 a2 credit -9.00 -> 14.00",
    ]


def test_a_top_up_is_compared_with_what_is_due_at_its_own_instant() -> None:
    """On the 6th at noon five days are dead: 25 are due."""
    tab = a_tab(a_life(a_plan(applied=AHEAD), "2026-11-01"))
    tab, demand = proceed(tab, instant_us("2026-11-01", UTC))
    assert demand is not None
    now = instant_us("2026-11-06T12:00", UTC)
    tab, demand = proceed(after(tab, demand, fits=False), now)
    while demand is not None and demand.at_us < now:
        tab, demand = proceed(after(tab, demand, fits=False), now)
    tab, demand = proceed(look(tab, now), now)
    assert demand is not None and (demand.at_us, demand.needs_micros) == (now, 25_000_000)
    tab, none = proceed(after(tab, demand, fits=True), now)
    assert (none, tab.short_us, tab.waits) == (None, None, False)


def test_without_credits_for_it_a_lack_of_funds_lasts() -> None:
    """What is due does not fall, and the fees of later months wait behind it."""
    tab = a_tab(a_life(a_plan(applied=AHEAD, credits=NO_CREDITS), "2026-11-01"))
    assert foreseen(tab, "20", "2027-03-01") == ["2026-11-01 suspended"]


def test_closing_what_waits_takes_off_what_was_not_used() -> None:
    """30 for November, nothing there, closed on the 16th: fifteen dead days, fifteen unused."""
    tab = a_tab(a_life(a_plan(applied=AHEAD), "2026-11-01", "2026-11-16"))
    lines = foreseen(tab, "0", "2026-12-01")
    assert lines[0] == "2026-11-01 suspended"
    assert lines[-1] == "2026-11-16 resumed"
    assert sorted(lines[1:-1]) == [
        "2026-11-16 a1 credit -15.00 -> 0.00",
        "2026-11-16 a1 fee 30.00 -> 0.00",
        "2026-11-16 a1 unused -15.00 -> 0.00",
    ]


def test_midnights_are_those_of_the_customer() -> None:
    """In Auckland the 11th begins at 11:00 UTC of the 10th, in daylight saving time."""
    zone = ZoneInfo("Pacific/Auckland")
    calendar = billing_calendar(BillingCycle.MONTHLY, date(2026, 1, 1))
    life = a_life(a_plan(applied=AHEAD), "2026-11-01", zone=zone, calendar=calendar)
    lines = foreseen(a_tab(life), "20", "2026-11-30")
    assert lines[0] == "2026-10-31 11:00 suspended"
    assert lines[-1] == "2026-11-10 11:00 resumed"


def test_a_postpaid_account_pays_within_its_month() -> None:
    """50 a month: the second fee of 30 would pass it; on 1 December there is room again."""
    paying = Paying("alice", "alice:outgoing", UTC, 50_000_000)
    demands = []
    for plan in (a_plan(applied=AHEAD), a_plan(applied=AHEAD)):
        _, demand = proceed(a_tab(a_life(plan, "2026-11-01")), instant_us("2026-11-01", UTC))
        assert demand is not None
        demands.append(collecting(demand, paying))
    purse = a_purse("0", "-1000")
    assert [purse.take(one) for one in demands] == [True, False]
    assert demands[0].month_from_us == instant_us("2026-11-01", UTC)
