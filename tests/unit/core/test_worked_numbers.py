"""The numbers that the rules of charging give as examples, each as it is written there."""

from fractions import Fraction
from typing import Any

import pytest

from pbxcharge.core.money import Rounding
from pbxcharge.core.price import (
    Dearest,
    MaximumThen,
    Rate,
    Relative,
    RelativeTerms,
    Step,
    charge,
    charge_micros,
    hang_up_limit_s,
    longest_talk_s,
)
from pbxcharge.core.settlement import talk_seconds

TEN_CENTS, FIVE_CENTS = Fraction(1, 10), Fraction(1, 20)


def a_rate(**terms: Any) -> Rate:
    """0.10 a minute in segments of 60/60, where a test does not say otherwise."""
    price: dict[str, Any] = {"price_per_minute": TEN_CENTS, "first_s": 60, "next_s": 60}
    return Rate(destination="Germany", prefix="49", **(price | terms))


@pytest.mark.parametrize(
    ("segments", "talk_s", "billed_s"),
    [((60, 6), 61, 66), ((60, 10), 75, 80), ((60, 60), 61, 120), ((1, 1), 61, 61)],
)
def test_segments(segments: tuple[int, int], talk_s: int, billed_s: int) -> None:
    """61 s at 60/6 bills 66 s; 75 s at 60/10 is 80 s billed, also of relative prices."""
    first_s, next_s = segments
    relative = RelativeTerms(
        destination="", prefix="", multiplier=Fraction(1), first_s=first_s, next_s=next_s
    )
    assert charge(a_rate(first_s=first_s, next_s=next_s), talk_s).billed_s == billed_s
    assert charge(Relative(None, relative), talk_s).billed_s == billed_s


def test_the_default_segments_are_60_and_10() -> None:
    """Of a rate and of relative terms."""
    rate = Rate(destination="", prefix="", price_per_minute=TEN_CENTS)
    terms = RelativeTerms(destination="", prefix="", multiplier=Fraction(1))
    assert (rate.first_s, rate.next_s) == (terms.first_s, terms.next_s) == (60, 10)


def test_an_adjustment_of_a_cent_for_ten_seconds_adds_eight_to_75_s() -> None:
    """80 s billed; 0.01 per 10 s adds 0.08."""
    terms = RelativeTerms(
        destination="",
        prefix="",
        multiplier=Fraction(12, 10),
        adjustment_micros=10_000,
        interval_s=10,
    )
    assert charge_micros(Relative(None, terms), 75) == 80_000
    above = a_rate(price_per_minute=Fraction(1, 2), next_s=15)
    assert charge_micros(above, 75) == 625_000
    assert charge_micros(Relative(above, terms), 75) == 750_000 + 80_000


def test_a_step_takes_blocks_that_start_at_its_second_or_later() -> None:
    """130 s at 60/60 and 0.10 with a step at 90 s to 0.05 costs 0.25."""
    assert charge_micros(a_rate(steps=(Step(90, FIVE_CENTS),)), 130) == 250_000


def test_three_minutes_are_not_rounded_second_by_second() -> None:
    """180 s at 0.10 a minute is 0.30, not 0.3001."""
    assert charge_micros(a_rate(first_s=1, next_s=1), 180) == 300_000


def test_a_call_within_the_grace_costs_nothing_and_a_longer_one_all() -> None:
    """Neither connect fee nor minimum; not subtracted from a longer call."""
    rate = a_rate(grace_s=5, connect_fee_micros=70_000, minimum_charge_micros=200_000)
    assert [charge_micros(rate, talk_s) for talk_s in (5, 6, 61)] == [0, 200_000, 270_000]


def test_without_blocks_the_steps_after_them_still_apply() -> None:
    """30 free seconds: 0.07 connect fee + 10 % is 0.077, raised to 0.08, lowered to 0.05."""
    rate: dict[str, Any] = {
        "free_s": 30,
        "connect_fee_micros": 70_000,
        "surcharge_percent": Fraction(10),
    }
    assert charge_micros(a_rate(**rate), 30) == 77_000
    rate["minimum_charge_micros"] = 80_000
    assert charge_micros(a_rate(**rate), 30) == 80_000
    assert charge_micros(a_rate(**rate, maximum_charge_micros=50_000), 30) == 50_000


def test_a_maximum_then_hang_up_ends_the_call_with_the_last_block_before_it() -> None:
    """0.25 at 0.10 a minute: two minutes, since the third would make 0.30."""
    terms: dict[str, Any] = {"maximum_charge_micros": 250_000}
    hangs_up = a_rate(**terms, maximum_then=MaximumThen.HANG_UP)
    assert hang_up_limit_s(hangs_up) == 120
    assert longest_talk_s(hangs_up, 10**9, 14_400) == 120
    assert charge_micros(a_rate(**terms), 14_400) == 250_000


def test_rounding_is_away_from_zero_to_four_decimals_unless_the_rate_says_otherwise() -> None:
    """One second of 0.10 a minute is 0.00166…, rounded once to 0.0017."""
    per_second: dict[str, Any] = {"first_s": 1, "next_s": 1}
    assert charge_micros(a_rate(**per_second), 1) == 1_700
    down = a_rate(**per_second, rounding=Rounding.DOWN, rounding_decimals=3)
    assert charge_micros(down, 1) == 1_000
    lines = charge(a_rate(**per_second), 1).lines
    assert [line.amount for line in lines] == [Fraction(5_000, 3), 1_700 - Fraction(5_000, 3)]


@pytest.mark.parametrize(
    ("duration_ms", "talk_s"), [(60_099, 60), (60_100, 61), (1, 1), (0, 1), (30_100, 31)]
)
def test_a_started_second_counts_once_it_has_lasted_the_tolerance(
    duration_ms: int, talk_s: int
) -> None:
    """60.099 s is 60, 60.1 s is 61; an answered call lasts at least 1 s."""
    assert talk_seconds(duration_ms * 1000, tolerance_ms=100) == talk_s


def test_a_call_that_costs_nothing_needs_no_credit() -> None:
    """Price 0, over nothing too, lasts as long as it likes on an empty wallet."""
    free = a_rate(price_per_minute=Fraction(0))
    terms = RelativeTerms(destination="", prefix="", multiplier=Fraction(12, 10))
    for price in (free, Relative(free, terms), Relative(None, terms), Dearest((free,))):
        assert longest_talk_s(price, 0, 14_400) == 14_400
