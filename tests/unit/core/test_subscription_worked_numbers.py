"""The numbers that documents of subscriptions give as examples, where no other test has them."""

from datetime import date
from fractions import Fraction

import pytest

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import billing_calendar
from pbxcharge.core.money import MICROS, Rounding
from pbxcharge.core.subscription_terms import (
    Applied,
    DeadReason,
    MinimumTerm,
    PenaltyKind,
    PromotionalRow,
    SubscriptionPlan,
)
from tests.fakes.subscriptions import a_life, a_plan, all_shown, an_outage

WEEKS = billing_calendar(BillingCycle.WEEKLY, date(2026, 6, 1))


def test_ten_a_month_are_charged_as_2_34_a_week() -> None:
    """2.33333 by the derivation, rounded up when it is charged."""
    life = a_life(a_plan("10"), "2026-06-01", calendar=WEEKS)
    assert all_shown(life, "2026-06-09") == ["2026-06-08 fee of 2026-06-01: 2.34"]


def test_the_fee_of_a_week_can_be_made_3() -> None:
    """Weekly billing more expensive than its share of 10 a month."""
    plan = a_plan("10", fees_micros={BillingCycle.WEEKLY: 3 * MICROS})
    assert all_shown(a_life(plan, "2026-06-01", calendar=WEEKS), "2026-06-09") == [
        "2026-06-08 fee of 2026-06-01: 3.00"
    ]


def test_a_plan_of_which_nothing_else_is_said_has_the_usual_terms() -> None:
    """At the end of the period, one period in advance, prorated, two decimals up, every credit."""
    plan = SubscriptionPlan(name="SmartCall", monthly_fee_micros=0)
    assert (plan.applied, plan.periods_in_advance) == (Applied.END_OF_PERIOD, 1)
    assert (plan.rounding, plan.rounding_decimals) == (Rounding.AWAY_FROM_ZERO, 2)
    assert (plan.prorate_first, plan.prorate_last, plan.more_than_once) == (True, True, False)
    assert (plan.activation_fee_micros, plan.minimum_term.months) == (0, 0)
    assert plan.credits.reasons == frozenset(DeadReason)
    assert not plan.credits.skips(is_first=True, is_last=True)


def test_a_month_free_five_at_1_99_and_then_2_99() -> None:
    """As the scale of the document shows it, from the first of a month."""
    rows = (
        PromotionalRow(months=1, monthly_fee_micros=0),
        PromotionalRow(months=5, monthly_fee_micros=1_990_000),
    )
    life = a_life(a_plan("2.99", promotions=rows), "2026-01-01")
    fees = [line.partition(": ")[2] for line in all_shown(life, "2026-10-02")]
    assert fees == ["0.00", *["1.99"] * 5, *["2.99"] * 3]


def test_credits_are_issued_of_a_full_fee_that_is_not_prorated() -> None:
    """Active from the 16th, charged for all of June; ten days without service are given back."""
    gap = an_outage(DeadReason.BLOCKED, "2026-06-21", "2026-07-01")
    life = a_life(a_plan(prorate_first=False), "2026-06-16", outages=(gap,))
    assert all_shown(life, "2026-07-02") == [
        "2026-07-01 fee of 2026-06-01: 30.00",
        "2026-07-01 credit of 2026-06-01: -10.00",
    ]


@pytest.mark.parametrize(
    ("fee", "charged"), [("0", []), ("5", ["2026-06-16 activation of 2026-06-01: 5.00"])]
)
def test_an_activation_fee_of_zero_is_none(fee: str, charged: list[str]) -> None:
    """It is charged for every new subscription upon startup."""
    plan = a_plan(activation_fee_micros=int(fee) * MICROS)
    assert all_shown(a_life(plan, "2026-06-16"), "2026-06-17") == charged


def test_a_progressive_sum_is_the_rounded_fee_times_days_of_days() -> None:
    """10 in a month of 30 days: each day the rounded sum grows by 0.33 or 0.34, up to 10."""
    life = a_life(a_plan("10", applied=Applied.PROGRESSIVE), "2026-04-01")
    grown, sums = Fraction(0), []
    for line in all_shown(life, "2026-05-02")[:30]:
        grown += Fraction(line.partition(": ")[2])
        sums.append(grown)
    exact = [Fraction(10 * day, 30) for day in range(1, 31)]
    assert sums == [Fraction(-(-one * 100 // 1), 100) for one in exact]


def test_what_remains_of_a_minimum_term_is_its_fees_with_promotions() -> None:
    """Six months, cancelled with January: a month was free, five at 1.99 would have come."""
    rows = (
        PromotionalRow(months=1, monthly_fee_micros=0),
        PromotionalRow(months=5, monthly_fee_micros=1_990_000),
    )
    term = MinimumTerm(months=6, penalty=PenaltyKind.REMAINING)
    life = a_life(a_plan("2.99", promotions=rows, minimum_term=term), "2026-01-01", "2026-02-01")
    assert all_shown(life) == [
        "2026-02-01 fee of 2026-01-01: 0.00",
        "2026-02-01 penalty of 2026-01-01: 9.95",
    ]
