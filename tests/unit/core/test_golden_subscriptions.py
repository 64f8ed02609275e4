"""Examples of subscriptions from the documents and test suites of other products.

`subscriptions` of `tests/golden/cases.json` names the source of each.
"""

import json
from collections import Counter
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from pbxcharge.core.billing_cycle import BillingCycle
from pbxcharge.core.billing_period import billing_calendar
from pbxcharge.core.money import format_amount, parse_amount
from pbxcharge.core.subscription_fees import progressive_fee
from pbxcharge.core.subscription_schedule import owed
from pbxcharge.core.subscription_terms import Applied, PromotionalRow
from tests.fakes.subscriptions import MONTHS, a_life, a_plan, all_shown
from tests.fakes.tabs import a_tab, foreseen

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "cases.json").read_text("utf-8"))
CASES = {case["id"]: case for case in GOLDEN["subscriptions"]}


def test_a_weekly_fee_follows_from_the_monthly_one() -> None:
    """10 a month is 2.33333 a week."""
    case = CASES["porta-weekly-derived"]
    for cycle, fee in case["fee_of"].items():
        derived = a_plan(case["monthly_fee"]).fee_micros(BillingCycle(cycle))
        assert derived == parse_amount(fee)


def test_promotional_months_come_first() -> None:
    """Free for a month, then 1.99 for five, then 2.99."""
    case = CASES["porta-promo"]
    rows = tuple(
        PromotionalRow(months=months, monthly_fee_micros=parse_amount(fee))
        for months, fee in case["promotions"]
    )
    life = a_life(a_plan(case["monthly_fee"], promotions=rows), "2026-01-01")
    fees = [line.partition(": ")[2] for line in all_shown(life, "2026-12-31")]
    for month, fee in case["fee_of_month"].items():
        assert fees[int(month) - 1] == format_amount(parse_amount(fee))


def test_periods_in_advance_stand_on_the_statement_of_the_one_that_ended() -> None:
    """June and July on that of June, August on that of July."""
    case = CASES["porta-advance-june1"]
    life = a_life(a_plan(case["monthly_fee"], applied=Applied.IN_ADVANCE), case["activated"])
    assert all_shown(life, case["until"]) == case["owed"]
    sums: Counter[str] = Counter()
    for one in owed(life, 0, MONTHS.holding(date(2026, 8, 2)).instants(life.zone).until_us):
        sums[one.stated_in.first.isoformat()] += one.amount_micros
    assert sums == {month: parse_amount(total) for month, total in case["statements"].items()}


def test_a_fee_that_waits_is_booked_when_its_dead_days_made_it_fit() -> None:
    """20 available for 30: on 11 November both are booked, +30 and -10, and nothing is left."""
    case = CASES["porta-suspend-credit"]
    plan = a_plan(case["monthly_fee"], applied=Applied.IN_ADVANCE)
    begins, resumed = case["period"], case["resumed_on"]
    fee, credit = (format_amount(parse_amount(amount)) for amount in case["booked"])
    balance = format_amount(parse_amount(case["balance"]))
    assert foreseen(a_tab(a_life(plan, begins)), case["available"], "2026-12-01") == [
        f"{begins} suspended",
        f"{resumed} a1 fee {fee} -> {balance}",
        f"{resumed} a1 credit {credit} -> {balance}",
        f"{resumed} resumed",
    ]


@pytest.mark.parametrize("name", ["cgr-incremental-month", "cgr-incremental-year"])
def test_a_day_costs_its_share_of_the_days_that_there_are(name: str) -> None:
    """A 29th of February, a 366th of a leap year: real days, not thirty."""
    case = CASES[name]
    cycle = BillingCycle(case["cycle"])
    plan = a_plan("10", applied=Applied.PROGRESSIVE, fees_micros={cycle: parse_amount(case["fee"])})
    calendar = billing_calendar(cycle, date(2024, 1, 1))
    life = a_life(plan, "2020-01-01", calendar=calendar)
    for day, days in case["days_of"].items():
        first = date.fromisoformat(day)
        charged = progressive_fee(life, calendar.holding(first), first, None)
        assert charged.exact_micros == Fraction(parse_amount(case["fee"]), days)


def test_every_example_of_a_subscription_is_tried() -> None:
    """None stands in the file for show."""
    tried = Path(__file__).read_text("utf-8")
    assert all(case["source"] and f'"{name}"' in tried for name, case in CASES.items())
