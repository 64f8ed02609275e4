"""What subscriptions owe, by worked examples: each line says when, what, for which period."""

from datetime import UTC, date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import BillingCalendar, BillingRule, billing_calendar
from pbxcharge.core.period import instant_us
from pbxcharge.core.subscription_schedule import earliest_change, next_at_us, owed
from pbxcharge.core.subscription_terms import (
    Applied,
    CreditTerms,
    DeadReason,
    FeeAdjustment,
    MinimumTerm,
    PenaltyKind,
    PromotionalRow,
)
from tests.fakes.subscriptions import FAR_US, a_life, a_plan, all_shown, an_outage

AHEAD = Applied.IN_ADVANCE
DAILY = Applied.PROGRESSIVE
WEEKS = billing_calendar(BillingCycle.WEEKLY, date(2026, 6, 1))
FREE_THEN_CHEAP = (
    PromotionalRow(months=1, monthly_fee_micros=0),
    PromotionalRow(months=5, monthly_fee_micros=1_990_000),
)


def test_a_fee_is_charged_when_its_period_ends() -> None:
    """The first and the last by the days on which it was active, those of both ends among them."""
    life = a_life(a_plan(activation_fee_micros=5_000_000), "2026-06-16", "2026-08-10T15:00:00")
    assert all_shown(life) == [
        "2026-06-16 activation of 2026-06-01: 5.00",
        "2026-07-01 fee of 2026-06-01: 15.00",
        "2026-08-01 fee of 2026-07-01: 30.00",
        "2026-08-10 15:00 fee of 2026-08-01: 9.68",
    ]


@pytest.mark.parametrize(
    ("first", "last", "fees"),
    [
        (True, True, ["15.00", "9.68"]),
        (False, True, ["30.00", "9.68"]),
        (True, False, ["15.00", "30.00"]),
    ],
)
def test_proration_can_be_switched_off(first: bool, last: bool, fees: list[str]) -> None:
    """Each for itself; the fee is full no matter when it was activated, or closed."""
    plan = a_plan(prorate_first=first, prorate_last=last)
    lines = all_shown(a_life(plan, "2026-06-16", "2026-08-11"))
    assert [lines[0].partition(": ")[2], lines[-1].partition(": ")[2]] == fees


def test_the_next_period_is_paid_when_the_current_one_ends() -> None:
    """30 at once for June, 30 for July when June ends."""
    life = a_life(a_plan(applied=AHEAD), "2026-06-01")
    assert all_shown(life, "2026-07-02") == [
        "2026-06-01 fee of 2026-06-01: 30.00",
        "2026-07-01 fee of 2026-07-01: 30.00",
    ]


def test_two_periods_in_advance() -> None:
    """April at once, May and June when April ends, July when May ends."""
    life = a_life(a_plan(applied=AHEAD, periods_in_advance=2), "2026-04-01")
    assert all_shown(life, "2026-06-02") == [
        "2026-04-01 fee of 2026-04-01: 30.00",
        "2026-05-01 fee of 2026-05-01: 30.00",
        "2026-05-01 fee of 2026-06-01: 30.00",
        "2026-06-01 fee of 2026-07-01: 30.00",
    ]


def test_a_closing_gives_back_what_was_paid_for_later_days() -> None:
    """Twenty days of June and all of July."""
    plan = a_plan(applied=AHEAD, periods_in_advance=2)
    life = a_life(plan, "2026-04-01", "2026-06-11")
    assert all_shown(life)[-2:] == [
        "2026-06-11 unused of 2026-06-01: -20.00",
        "2026-06-11 unused of 2026-07-01: -30.00",
    ]
    full = a_plan(applied=AHEAD, periods_in_advance=2, prorate_last=False)
    assert all_shown(a_life(full, "2026-04-01", "2026-06-11"))[-1:] == [
        "2026-06-11 unused of 2026-07-01: -30.00"
    ]


def test_a_closing_that_is_known_before_is_not_paid_for() -> None:
    """An add-on that expires on 11 June costs a third of June, and nothing for July."""
    plan = a_plan(applied=AHEAD, periods_in_advance=2)
    life = a_life(plan, "2026-04-01", "2026-06-11", known="2026-04-20")
    assert all_shown(life)[1:] == [
        "2026-05-01 fee of 2026-05-01: 30.00",
        "2026-05-01 fee of 2026-06-01: 10.00",
    ]


def test_closed_at_midnight_is_closed_before_the_next_period() -> None:
    """July is neither charged nor given back."""
    lines = all_shown(a_life(a_plan(applied=AHEAD), "2026-06-01", "2026-07-01"))
    assert lines == ["2026-06-01 fee of 2026-06-01: 30.00"]


def test_a_progressive_fee_grows_by_the_day() -> None:
    """The sum of 10 for April is 0.34, 0.67, 1.00 after one, two, three days; 10 after thirty."""
    life = a_life(a_plan("10", applied=DAILY), "2026-04-01")
    items = owed(life, 0, instant_us("2026-05-01T00:00:01", UTC))
    assert [one.amount_micros for one in items[:3]] == [340_000, 330_000, 330_000]
    assert items[0].owed_id == "subscription:a1:2026-04-01:fee:2026-04-01"
    assert sum(one.amount_micros for one in items) == 10_000_000
    assert len(items) == 30


def test_a_change_in_mid_period_rewrites_no_earlier_day() -> None:
    """Ten days at 1, and twenty at 2: earlier lines stay, and April costs 50."""
    change = [("2026-04-11", a_plan("60", applied=DAILY))]
    plain = a_life(a_plan(applied=DAILY), "2026-04-01")
    changed = a_life(a_plan(applied=DAILY), "2026-04-01", changes=change)
    until_us = instant_us("2026-04-11T00:00:01", UTC)
    assert owed(changed, 0, until_us) == owed(plain, 0, until_us)
    april = owed(changed, 0, instant_us("2026-05-01T00:00:01", UTC))
    assert sum(one.amount_micros for one in april) == 50_000_000
    assert {one.amount_micros for one in april} == {1_000_000, 2_000_000}


def test_a_coarser_and_a_finer_rounding_never_take_anything_back() -> None:
    """2.50 rounded up to 3 is kept until the exact sum has passed it."""
    whole = a_plan("15", applied=DAILY, rounding_decimals=0)
    change = [("2026-04-04", a_plan("15", applied=DAILY))]
    items = owed(a_life(whole, "2026-04-01", changes=change), 0, FAR_US)[:6]
    assert [one.amount_micros for one in items] == [1_000_000, 0, 1_000_000, 0, 500_000, 500_000]


def test_progressive_days_that_are_not_prorated_come_with_the_first_and_the_last() -> None:
    """From the 16th: sixteen days at once; closed on the 18th: the rest."""
    plan = a_plan(applied=DAILY, prorate_first=False, prorate_last=False)
    assert all_shown(a_life(plan, "2026-06-16", "2026-06-18T09:00:00")) == [
        "2026-06-17 fee of 2026-06-01: 16.00",
        "2026-06-18 fee of 2026-06-01: 1.00",
        "2026-06-18 09:00 fee of 2026-06-01: 13.00",
    ]


def test_a_price_change_holds_from_the_next_charge_on() -> None:
    """A period costs what its first day says; paid in advance, what the day of the charge says."""
    later = a_life(a_plan(), "2026-06-01", changes=[("2026-06-15", a_plan("40"))])
    assert all_shown(later, "2026-08-02") == [
        "2026-07-01 fee of 2026-06-01: 30.00",
        "2026-08-01 fee of 2026-07-01: 40.00",
    ]
    two = a_plan(applied=AHEAD, periods_in_advance=2)
    dear = a_plan("40", applied=AHEAD, periods_in_advance=2)
    ahead = a_life(two, "2026-06-01", changes=[("2026-07-02", dear)])
    assert all_shown(ahead, "2026-08-02")[-2:] == [
        "2026-07-01 fee of 2026-08-01: 30.00",
        "2026-08-01 fee of 2026-09-01: 40.00",
    ]


def test_a_change_of_the_day_does_not_rewrite_what_was_charged_that_morning() -> None:
    """July is paid at its midnight; 40 from that noon on is the fee of August, and 30 is back."""
    change = [("2026-07-01T12:00:00", a_plan("40", applied=AHEAD))]
    life = a_life(a_plan(applied=AHEAD), "2026-06-01", "2026-08-01", changes=change)
    assert [line for line in all_shown(life) if "fee" in line] == [
        "2026-06-01 fee of 2026-06-01: 30.00",
        "2026-07-01 fee of 2026-07-01: 30.00",
    ]
    closed = a_life(a_plan(applied=AHEAD), "2026-06-01", "2026-07-01T18:00:00", changes=change)
    assert all_shown(closed)[-1] == "2026-07-01 18:00 unused of 2026-07-01: -29.03"


def test_a_change_counts_from_its_own_day_on() -> None:
    """A day is charged when it is over: 1 of the 1st, 2 of the 2nd, whose noon doubled the fee."""
    change = [("2026-04-02T12:00:00", a_plan("60", applied=DAILY))]
    lines = all_shown(a_life(a_plan(applied=DAILY), "2026-04-01", changes=change), "2026-04-04")
    assert [line.partition(": ")[2] for line in lines] == ["1.00", "2.00"]


def test_promotional_months_run_from_the_activation() -> None:
    """From 15 March: what starts before 15 April is free, then five months at 1.99."""
    life = a_life(a_plan("2.99", promotions=FREE_THEN_CHEAP), "2026-03-15")
    amounts = [line.partition(": ")[2] for line in all_shown(life, "2026-11-02")]
    assert amounts == ["0.00", "0.00", *["1.99"] * 5, "2.99"]


def test_promotional_weeks_are_derived_or_set() -> None:
    """A free month from Monday 1 June is the five weeks that start in it; 1.99 a month is 0.47."""
    life = a_life(a_plan("2.99", promotions=FREE_THEN_CHEAP), "2026-06-01", calendar=WEEKS)
    derived = [line.partition(": ")[2] for line in all_shown(life, "2026-12-15")]
    assert derived == ["0.00"] * 5 + ["0.47"] * 22 + ["0.70"]
    week = BillingCycle.WEEKLY
    rows = (
        PromotionalRow(months=1, monthly_fee_micros=0, periods={week: 2}),
        PromotionalRow(months=1, monthly_fee_micros=0, fees_micros={week: 250_000}),
    )
    life = a_life(a_plan("3", promotions=rows), "2026-06-01", calendar=WEEKS)
    amounts = [line.partition(": ")[2] for line in all_shown(life, "2026-08-04")]
    assert amounts == ["0.00"] * 2 + ["0.25"] * 5 + ["0.70"] * 2


def test_a_discount_of_the_assignment_is_taken_off_every_fee() -> None:
    """20 % off 30; the activation fee stays."""
    plan = a_plan(activation_fee_micros=5_000_000)
    discount = FeeAdjustment(percent=Fraction(-20))
    assert all_shown(a_life(plan, "2026-06-01", adjustment=discount), "2026-07-02") == [
        "2026-06-01 activation of 2026-06-01: 5.00",
        "2026-07-01 fee of 2026-06-01: 24.00",
    ]


@pytest.mark.parametrize(
    ("kind", "closed", "lines"),
    [
        (PenaltyKind.REMAINING, "2026-06-01", ["2026-06-01 penalty of 2026-05-01: 70.00"]),
        (PenaltyKind.REMAINING, "2026-12-16", ["2026-12-16 penalty of 2026-12-01: 5.16"]),
        (PenaltyKind.FIXED, "2026-12-31", ["2026-12-31 penalty of 2026-12-01: 25.00"]),
        (PenaltyKind.FIXED, "2027-01-01", []),
        (PenaltyKind.REMAINING, "2027-01-01", []),
        (PenaltyKind.NONE, "2026-06-01", []),
    ],
)
def test_closing_before_the_minimum_term_costs_a_penalty(
    kind: PenaltyKind, closed: str, lines: list[str]
) -> None:
    """12 months at 10 from 1 January: what is left of them, or an amount; afterwards nothing."""
    term = MinimumTerm(months=12, penalty=kind, fixed_micros=25_000_000)
    owes = all_shown(a_life(a_plan("10", minimum_term=term), "2026-01-01", closed))
    assert [line for line in owes if "penalty" in line] == lines


def test_a_penalty_knows_the_promotions_that_are_left() -> None:
    """Closed after two months of 12: four more at 1.99, six at 2.99."""
    term = MinimumTerm(months=12, penalty=PenaltyKind.REMAINING)
    plan = a_plan("2.99", minimum_term=term, promotions=FREE_THEN_CHEAP)
    owes = all_shown(a_life(plan, "2026-01-01", "2026-03-01"))
    assert owes[-1] == "2026-03-01 penalty of 2026-02-01: 25.90"


def test_dead_days_are_credited_when_their_period_ends() -> None:
    """The fee is charged in full, then each day without service is credited."""
    gap = an_outage(DeadReason.BLOCKED, "2026-06-11", "2026-07-03")
    assert all_shown(a_life(a_plan(), "2026-06-01", outages=(gap,)), "2026-08-02") == [
        "2026-07-01 fee of 2026-06-01: 30.00",
        "2026-07-01 credit of 2026-06-01: -20.00",
        "2026-08-01 fee of 2026-07-01: 30.00",
        "2026-08-01 credit of 2026-07-01: -1.94",
    ]


@pytest.mark.parametrize(
    ("terms", "credited"),
    [
        (CreditTerms(), ["06", "07", "08"]),
        (CreditTerms(reasons=frozenset({DeadReason.EXPIRED})), []),
        (CreditTerms(skip_first=True), ["07", "08"]),
        (CreditTerms(skip_regular=True), ["06", "08"]),
        (CreditTerms(skip_last=True), ["06", "07"]),
    ],
)
def test_credits_follow_their_terms(terms: CreditTerms, credited: list[str]) -> None:
    """By reason, and not in the first, the last or the regular periods that skip them."""
    gap = an_outage(DeadReason.NO_FUNDS, "2026-06-01", "2026-09-01")
    life = a_life(a_plan(credits=terms), "2026-06-01", "2026-09-01", outages=(gap,))
    lines = [line for line in all_shown(life) if "credit" in line]
    assert [line.partition("of 2026-")[2][:2] for line in lines] == credited


def test_november_waits_for_its_dead_days() -> None:
    """30 due, 20 available: booked on the 11th with -10; what is dead later is credited later."""
    plan = a_plan(applied=AHEAD)
    waits = an_outage(DeadReason.NO_FUNDS, "2026-11-01", "2026-11-11")
    again = an_outage(DeadReason.BLOCKED, "2026-11-21", "2026-11-24")
    booked = [("2026-11-01", "2026-11-11")]
    life = a_life(plan, "2026-10-01", outages=(waits, again), booked=booked)
    assert all_shown(life, "2026-12-02")[1:] == [
        "2026-11-01 fee of 2026-11-01: 30.00",
        "2026-11-11 credit of 2026-11-01: -10.00",
        "2026-12-01 fee of 2026-12-01: 30.00",
        "2026-12-01 credit of 2026-11-01: -3.00",
    ]


def test_nothing_is_credited_that_was_not_charged() -> None:
    """What is charged when its period ends has not waited, whatever is said to be booked before."""
    blocked = an_outage(DeadReason.BLOCKED, "2026-06-01")
    life = a_life(a_plan(), "2026-06-01", outages=(blocked,), booked=[("2026-06-01", "2026-06-11")])
    assert all_shown(life, "2026-07-02") == [
        "2026-07-01 fee of 2026-06-01: 30.00",
        "2026-07-01 credit of 2026-06-01: -30.00",
    ]


@pytest.mark.parametrize(
    ("applied", "waits"),
    [(Applied.END_OF_PERIOD, False), (AHEAD, True), (DAILY, True)],
)
def test_only_what_is_paid_before_the_service_may_wait(applied: Applied, waits: bool) -> None:
    """Activation fees may; fees at the end of a period and penalties are booked below zero."""
    term = MinimumTerm(months=2, penalty=PenaltyKind.FIXED, fixed_micros=1_000_000)
    plan = a_plan(applied=applied, activation_fee_micros=1_000_000, minimum_term=term)
    items = owed(a_life(plan, "2026-06-01", "2026-06-09"), 0, FAR_US)
    may = {one.kind.value: one.may_wait for one in items}
    assert may.pop("unused", False) is False
    assert may == {"activation": True, "fee": waits, "penalty": False}


def test_midnights_are_the_customers() -> None:
    """July in Auckland begins at noon of 30 June in UTC."""
    zone = ZoneInfo("Pacific/Auckland")
    life = a_life(a_plan(), "2026-06-01", zone=zone)
    (june,) = owed(life, 0, instant_us("2026-07-02", UTC))
    assert june.at_us == instant_us("2026-06-30T12:00:00", UTC)


def test_a_change_of_the_billing_period_charges_the_share_of_the_cut_one() -> None:
    """14 of 30 days of June, then weeks from Monday the 15th."""
    rules = (
        BillingRule(BillingCycle.MONTHLY, date(2026, 1, 1)),
        BillingRule(BillingCycle.WEEKLY, date(2026, 6, 1), since=date(2026, 6, 15)),
    )
    life = a_life(a_plan(), "2026-06-01", calendar=BillingCalendar(rules))
    assert all_shown(life, "2026-06-23") == [
        "2026-06-15 fee of 2026-06-01: 14.00",
        "2026-06-22 fee of 2026-06-15: 7.00",
    ]


def test_a_period_that_is_paid_is_not_cut() -> None:
    """Two months in advance: a change seen on 5 June waits for August; else it is tomorrow."""
    at_us = instant_us("2026-06-05T12:00:00", UTC)
    ahead = a_life(a_plan(applied=AHEAD, periods_in_advance=2), "2026-04-01")
    assert earliest_change(ahead, at_us) == date(2026, 8, 1)
    assert earliest_change(a_life(a_plan(applied=AHEAD), "2026-06-05"), at_us) == date(2026, 7, 1)
    assert earliest_change(a_life(a_plan(), "2026-04-01"), at_us) == date(2026, 6, 6)


def test_a_date_that_a_zone_leaves_out_costs_its_day_once() -> None:
    """Samoa had no 30 December 2011: that day and the one before end at the same instant."""
    zone = ZoneInfo("Pacific/Apia")
    calendar = billing_calendar(BillingCycle.DAILY, date(2011, 1, 1))
    life = a_life(a_plan(), "2011-12-28", calendar=calendar, zone=zone)
    both_us = instant_us("2011-12-31", zone)
    ends = [one.period.first.day for one in owed(life, both_us, both_us + 1)]
    assert ends == [29, 30]


@pytest.mark.parametrize(
    ("applied", "seen", "comes"),
    [
        (Applied.END_OF_PERIOD, "2026-06-01", "2026-06-16"),
        (Applied.END_OF_PERIOD, "2026-06-16", "2026-07-01"),
        (AHEAD, "2026-06-30T23:59:59", "2026-07-01"),
        (AHEAD, "2026-07-01", "2026-08-01"),
        (DAILY, "2026-06-16", "2026-06-17"),
        (DAILY, "2026-08-10", "2026-08-10T15:00:00"),
        (Applied.END_OF_PERIOD, "2026-08-10", "2026-08-10T15:00:00"),
        (Applied.END_OF_PERIOD, "2026-08-10T15:00:00", None),
    ],
)
def test_the_next_instant_is_known(applied: Applied, seen: str, comes: str | None) -> None:
    """The activation, the end of a period or of a day, the closing; then none."""
    life = a_life(a_plan(applied=applied), "2026-06-16", "2026-08-10T15:00:00")
    wanted = None if comes is None else instant_us(comes, UTC)
    assert next_at_us(life, instant_us(seen, UTC)) == wanted


def test_a_waiting_fee_is_looked_at_each_midnight() -> None:
    """With each day without service less is due; a booking of it is an instant, too."""
    life = a_life(a_plan(applied=AHEAD), "2026-10-01", booked=[("2026-11-01", "2026-11-11T09:00")])
    seen_us = instant_us("2026-11-10", UTC)
    assert next_at_us(life, seen_us, waits=True) == instant_us("2026-11-11", UTC)
    assert next_at_us(life, seen_us) == instant_us("2026-11-11T09:00", UTC)


def test_midnights_that_two_dates_share_are_passed_once() -> None:
    """Samoa had no 30 December 2011: after its midnight comes that of the 31st."""
    zone = ZoneInfo("Pacific/Apia")
    life = a_life(a_plan(applied=DAILY), "2011-12-28", zone=zone)
    shared_us = instant_us("2011-12-31", zone)
    assert next_at_us(life, shared_us - 1) == shared_us
    assert next_at_us(life, shared_us) == instant_us("2012-01-01", zone)
