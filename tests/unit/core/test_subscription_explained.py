"""Why a subscription was charged what it was: lines that add up, and stay what they are."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.core.fee_lines import FeeLine, FeeLineKind, fee_lines, fee_lines_text
from pbxcharge.core.money import MICROS, Rounding
from pbxcharge.core.subscription import Lifetime
from pbxcharge.core.subscription_explained import explained
from pbxcharge.core.subscription_schedule import Owed, OwedKind, owed
from pbxcharge.core.subscription_terms import (
    Applied,
    DeadReason,
    FeeAdjustment,
    MinimumTerm,
    PenaltyKind,
    PromotionalRow,
)
from tests.examples import examples
from tests.fakes.any_life import lives
from tests.fakes.subscriptions import FAR_US, a_life, a_plan, an_outage
from tests.unit.core.test_subscription_properties import known_at, without_service

AHEAD, DAILY = Applied.IN_ADVANCE, Applied.PROGRESSIVE


def told(life: Lifetime, number: int) -> list[str]:
    """The lines of what is owed at a place of the list: kind, amount in units, days of days."""
    found = explained(life, owed(life, 0, FAR_US)[number])
    return [_line(line) for line in found.lines]


def _line(line: FeeLine) -> str:
    days = f" {line.days}/{line.of_days}" if line.of_days else ""
    return f"{line.kind}{days} {line.amount_micros * Fraction(1, MICROS)}"


def test_a_fee_is_full_less_promotion_and_discount_for_its_days() -> None:
    """30, promoted to 12, a quarter off, 16 of 30 days: 4.80, which is rounded up to 5."""
    plan = a_plan(
        promotions=(PromotionalRow(months=1, monthly_fee_micros=12 * MICROS),), rounding_decimals=0
    )
    discount = FeeAdjustment(percent=Fraction(-25))
    life = a_life(plan, "2026-06-15", adjustment=discount)
    assert told(life, 0) == [
        "full_fee 30",
        "promotion -18",
        "adjustment -3",
        "days 16/30 -21/5",
        "rounding 1/5",
    ]


def test_a_free_month_has_lines_too() -> None:
    """What is nothing is explained by what it would have been."""
    free = PromotionalRow(months=1, monthly_fee_micros=0)
    life = a_life(a_plan("2.99", promotions=(free,)), "2026-06-01")
    assert told(life, 0) == ["full_fee 299/100", "promotion -299/100"]


def test_a_day_is_the_sum_less_the_earlier_ones() -> None:
    """The third of April is 10 × 3/30, less 0.67 of two days."""
    life = a_life(a_plan("10", applied=DAILY), "2026-04-01")
    assert told(life, 2) == ["full_fee 10", "days 3/30 -9", "earlier -67/100"]
    assert told(life, 0) == ["full_fee 10", "days 1/30 -29/3", "rounding 1/150"]


def test_a_change_in_mid_period_has_the_lines_of_both_fees() -> None:
    """Ten days at 30 and one at 60 are 12, less 10."""
    change = [("2026-04-11", a_plan("60", applied=DAILY))]
    life = a_life(a_plan(applied=DAILY), "2026-04-01", changes=change)
    assert told(life, 10) == [
        "full_fee 30",
        "days 10/30 -20",
        "full_fee 60",
        "days 1/30 -58",
        "earlier -10",
    ]


def test_a_credit_tells_its_days_and_what_was_credited_before() -> None:
    """Ten days when the fee was booked, three more when the period ends."""
    waits = an_outage(DeadReason.NO_FUNDS, "2026-11-01", "2026-11-11")
    again = an_outage(DeadReason.BLOCKED, "2026-11-21", "2026-11-24")
    booked = [("2026-11-01", "2026-11-11")]
    life = a_life(a_plan(applied=AHEAD), "2026-10-01", outages=(waits, again), booked=booked)
    assert told(life, 2) == ["dead_days 10/30 -10"]
    assert told(life, 4) == ["dead_days 13/30 -13", "earlier 10"]


def test_no_more_is_credited_than_was_charged() -> None:
    """Dead from the first day to the closing: half a month is credited, as it was charged."""
    plan = a_plan("31", rounding_decimals=0, rounding=Rounding.DOWN)
    gap = an_outage(DeadReason.BLOCKED, "2026-06-01")
    life = a_life(plan, "2026-06-01", "2026-06-16", outages=(gap,))
    assert told(life, 1) == ["dead_days 15/30 -31/2", "rounding 1/2"]


def test_what_was_paid_ahead_is_given_back_less_the_days_that_were_used() -> None:
    """Ten of thirty days of June were used, and none of July."""
    plan = a_plan(applied=AHEAD, periods_in_advance=2)
    life = a_life(plan, "2026-04-01", "2026-06-11")
    assert told(life, -2) == ["paid 30/30 -30", "full_fee 30", "days 10/30 -20"]
    assert told(life, -1) == ["paid 31/31 -30"]


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        (PenaltyKind.FIXED, ["fixed 25"]),
        (
            PenaltyKind.REMAINING,
            ["remaining 16/31 160/31", "remaining 31/31 10", "rounding -1/775"],
        ),
    ],
)
def test_a_penalty_is_an_amount_or_what_remains(kind: PenaltyKind, lines: list[str]) -> None:
    """Closed in the middle of the second of three months; each month is rounded as it would be."""
    term = MinimumTerm(months=3, penalty=kind, fixed_micros=25 * MICROS)
    assert told(a_life(a_plan("10", minimum_term=term), "2026-06-01", "2026-07-16"), -1) == lines


def test_an_activation_fee_is_explained() -> None:
    """And what is rounded of it."""
    life = a_life(a_plan(activation_fee_micros=5_001_000), "2026-06-01")
    assert told(life, 0) == ["activation 5001/1000", "rounding 9/1000"]


@pytest.mark.parametrize(
    ("terms", "days"),
    [
        ({}, (16, 16)),
        ({"prorate_first": False}, (16, 30)),
        ({"applied": AHEAD}, (16, 16)),
        ({"applied": DAILY}, (1, 1)),
        ({"applied": DAILY, "prorate_first": False}, (1, 15)),
    ],
)
def test_days_used_are_not_always_days_charged(
    terms: dict[str, Any], days: tuple[int, int]
) -> None:
    """Without proration the full fee is charged, whenever in the period it began."""
    life = a_life(a_plan(**terms), "2026-06-15")
    found = explained(life, owed(life, 0, FAR_US)[0])
    assert (found.used_days, found.charged_days) == days


def test_lines_can_be_read_again() -> None:
    """As they are stored with the record of the charge."""
    term = MinimumTerm(months=3, penalty=PenaltyKind.REMAINING)
    life = a_life(a_plan("10", minimum_term=term), "2026-06-01", "2026-07-16")
    for one in owed(life, 0, FAR_US):
        found = explained(life, one)
        assert fee_lines(found.lines_text) == found.lines
        assert fee_lines_text(found.lines) == found.lines_text
    assert fee_lines_text([FeeLine(FeeLineKind.DAYS, Fraction(-5, 3), 1, 2)]) == (
        '[{"amount":"-5/3","days":1,"kind":"days","of_days":2}]'
    )


@settings(max_examples=examples(12))
@given(lives(changes=0), st.booleans())
def test_the_lines_of_whatever_is_owed_add_up_to_it(life: Lifetime, dead: bool) -> None:
    """Exactly, and what was rounded is less than the last decimal; of a penalty, each month is.

    Seen failing with what was credited before left out of a credit.
    """
    life = without_service(life) if dead else life
    for one in owed(life, 0, FAR_US):
        lines = explained(life, one).lines
        assert sum(line.amount_micros for line in lines) == one.amount_micros
        rounding = sum(line.amount_micros for line in lines if line.kind is FeeLineKind.ROUNDING)
        if one.kind is not OwedKind.PENALTY:
            assert abs(rounding) < 10 ** (6 - life.agreed.rounding_decimals)


@settings(max_examples=examples(12))
@given(lives(closes=True), st.booleans())
def test_lines_are_those_of_the_instant(life: Lifetime, surprise: bool) -> None:
    """Told years later, by all that has happened since, they are what they were.

    Seen failing with the closing taken into account before it was known.
    """
    facts = life.assignment
    if surprise and facts.closing is not None:
        closing = replace(facts.closing, known_us=facts.closing.at_us)
        life = replace(life, assignment=replace(facts, closing=closing))
    for one in owed(life, 0, FAR_US)[-8:]:
        then = known_at(life, one.at_us)
        assert then is not None
        assert explained(then, one) == explained(life, one)


def test_owed_days_are_named() -> None:
    """A progressive fee is of its day; a fee of a period is of none."""
    daily, whole = (
        owed(a_life(a_plan(applied=applied), "2026-06-03"), 0, FAR_US)[0]
        for applied in (DAILY, AHEAD)
    )
    assert isinstance(daily, Owed)
    assert (str(daily.day), whole.day) == ("2026-06-03", None)
