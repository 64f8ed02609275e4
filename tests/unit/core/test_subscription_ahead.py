"""What is paid in advance until an end that is known, when that end is moved."""

from dataclasses import replace
from datetime import UTC, date
from fractions import Fraction
from random import Random

import pytest

from pbxcharge.core.period import instant_us
from pbxcharge.core.subscription import Closing, EarlierEnd, Lifetime, lifetime
from pbxcharge.core.subscription_explained import explained
from pbxcharge.core.subscription_fees import period_fee
from pbxcharge.core.subscription_schedule import next_at_us, owed
from pbxcharge.core.subscription_terms import Applied
from tests.fakes.subscriptions import FAR_US, MONTHS, a_life, a_plan, all_shown

AHEAD = a_plan(applied=Applied.IN_ADVANCE)


def moved(*words: tuple[str, str | None], begins: str = "2026-11-01", periods: int = 1) -> Lifetime:
    """A subscription of 30 a month, and what was said of its end: when, and which day."""
    plan = replace(AHEAD, periods_in_advance=periods)
    said = [
        EarlierEnd(None if end is None else instant_us(end, UTC), instant_us(at, UTC))
        for at, end in words
    ]
    last = said[-1]
    closing = None if last.at_us is None else Closing(last.at_us, last.known_us)
    facts = a_life(plan, begins).assignment
    earlier = tuple(said if closing is None else said[:-1])
    life = lifetime(replace(facts, closing=closing, earlier=earlier), MONTHS, UTC)
    assert life is not None
    return life


def test_an_end_that_comes_earlier_gives_back_what_was_paid() -> None:
    """20 until the 20th; it ends with the 10th: 10 back, not 20 as if all of it had been paid."""
    life = moved(("2026-11-01", "2026-11-21"), ("2026-11-05", "2026-11-11"))
    assert all_shown(life) == [
        "2026-11-01 fee of 2026-11-01: 20.00",
        "2026-11-11 unused of 2026-11-01: -10.00",
    ]


def test_an_end_that_comes_later_costs_the_days_until_then() -> None:
    """10 until the 10th; on the 5th it is to go on for good: 20 more, then every month."""
    life = moved(("2026-11-01", "2026-11-11"), ("2026-11-05", None))
    assert all_shown(life, "2026-12-02") == [
        "2026-11-01 fee of 2026-11-01: 10.00",
        "2026-11-05 fee of 2026-11-01: 20.00",
        "2026-12-01 fee of 2026-12-01: 30.00",
    ]
    assert next_at_us(life, life.activated_us) == instant_us("2026-11-05", UTC)


def test_periods_that_were_not_to_come_are_paid_when_they_are() -> None:
    """Two months in advance, until 10 January: what was left out is paid on the day."""
    life = moved(("2026-11-01", "2027-01-11"), ("2026-12-05", None), periods=2)
    assert all_shown(life, "2027-01-02") == [
        "2026-11-01 fee of 2026-11-01: 30.00",
        "2026-12-01 fee of 2026-12-01: 30.00",
        "2026-12-01 fee of 2027-01-01: 9.68",
        "2026-12-05 fee of 2027-01-01: 20.32",
        "2027-01-01 fee of 2027-02-01: 30.00",
    ]


def test_there_and_back_costs_nothing() -> None:
    """What was paid for the furthest end stays paid, and is given back at the closing."""
    words = [("2026-11-01", "2026-11-11"), ("2026-11-03", "2026-11-21"), ("2026-11-04", None)]
    life = moved(*words, ("2026-11-05", "2026-11-11"))
    amounts = [one.amount_micros // 10**6 for one in owed(life, 0, FAR_US)]
    assert amounts == [10, 10, 10, -20]


def test_more_days_are_explained_by_what_was_paid() -> None:
    """30 for all of November, 10 of them paid before: 20 days more."""
    life = moved(("2026-11-01", "2026-11-11"), ("2026-11-05", None))
    found = explained(life, owed(life, 0, FAR_US)[1])
    assert [str(line.kind) for line in found.lines] == ["full_fee", "earlier"]
    assert (found.used_days, found.charged_days) == (20, 20)
    assert sum((one.amount_micros for one in found.lines), Fraction(0)) == 20_000_000


@pytest.mark.parametrize("seed", range(40))
def test_however_an_end_moves_the_days_of_the_subscription_are_paid(seed: int) -> None:
    """Any words about its end: each period costs what its days cost; nothing is charged twice."""
    dice = Random(seed)
    days = sorted(dice.sample(range(1, 28), 4))
    said = [f"2026-11-{day:02}T{dice.randrange(24):02}:00" for day in days]
    ends = [dice.choice([None, "2026-11-29", "2026-12-15", "2027-02-03"]) for _ in said]
    begins = f"2026-10-{dice.randrange(1, 31):02}"
    words = [*zip(said, ends, strict=True), ("2026-11-28", "2026-12-20")]
    life = moved(*words, begins=begins, periods=dice.randrange(1, 4))
    found = owed(life, 0, FAR_US)
    assert len({one.owed_id for one in found}) == len(found)
    for one in found:
        assert explained(life, one)
    for first in (date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)):
        paid = sum(one.amount_micros for one in found if one.period.first == first)
        fee = period_fee(life, MONTHS.holding(first), life.last_on)
        assert paid == fee.amount_micros
