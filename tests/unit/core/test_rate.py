"""The price of a call, rule by rule, each with numbers worked out by hand."""

from fractions import Fraction

import pytest

from pbxcharge.core.money import Rounding
from pbxcharge.core.price import (
    LineKind,
    Step,
    block_end,
    block_start,
    charge,
    charge_micros,
    hang_up_limit_s,
    longest_talk_s,
    next_block_end,
)
from tests.fakes.ten_cents import (
    a_rate,
    kinds,
)


def test_each_started_block_is_charged_whole() -> None:
    """61 s at 60/6 bills 66 s: 0.11; 60 s bills 60; 66 s and 67 s are a block apart."""
    rate = a_rate(next_s=6)
    assert [charge(rate, talk_s).billed_s for talk_s in (1, 60, 61, 66, 67)] == [60, 60, 66, 66, 72]
    assert [charge_micros(rate, talk_s) for talk_s in (60, 61, 66, 67)] == [
        100_000,
        110_000,
        110_000,
        120_000,
    ]


def test_a_step_counts_for_blocks_that_start_at_its_second_or_later() -> None:
    """130 s at 60/60 and 0.10, from 90 s 0.05: the block from 60 s keeps its price, so 0.25."""
    rate = a_rate(steps=(Step(90, Fraction(1, 20)),))
    assert charge_micros(rate, 120) == 200_000
    assert charge_micros(rate, 130) == 250_000
    on_the_block = a_rate(steps=(Step(60, Fraction(1, 20)),))
    assert charge_micros(on_the_block, 61) == 150_000


def test_the_grid_of_a_step_goes_on_from_the_end_of_the_last_block() -> None:
    """60/60, per second from 90 s on: the block from 60 s ends at 120 s, then each second."""
    rate = a_rate(steps=(Step(90, None, 1),))
    assert [block_end(rate, talk_s) for talk_s in (61, 119, 121, 122)] == [120, 120, 121, 122]
    assert charge_micros(rate, 121) == 201_700


def test_a_step_changes_only_what_it_names() -> None:
    """From 60 s another price, from 120 s another length: the price of the first step stays."""
    rate = a_rate(steps=(Step(60, Fraction(6, 10)), Step(120, None, 1)))
    assert charge_micros(rate, 121) == 100_000 + 600_000 + 10_000


def test_a_step_that_no_block_starts_in_is_passed_over() -> None:
    """A step from 10 s to 20 s inside a first block of 60 s never counts."""
    rate = a_rate(steps=(Step(10, Fraction(9)), Step(20, Fraction(1))))
    assert charge_micros(rate, 61) == 100_000 + 1_000_000


def test_the_first_block_may_have_a_price_or_an_amount_of_its_own() -> None:
    """First 30 s at 1.00 a minute: 0.50; or 0.07 flat, whatever part of it is talked."""
    rate = a_rate(first_s=30, next_s=6, first_price_per_minute=Fraction(1))
    assert charge_micros(rate, 31) == 500_000 + 10_000
    flat = a_rate(first_s=30, next_s=6, first_amount_micros=70_000)
    assert [charge_micros(flat, talk_s) for talk_s in (1, 30, 31)] == [70_000, 70_000, 80_000]
    assert charge(flat, 31).lines[0].price_per_minute is None


def test_a_call_not_longer_than_the_grace_is_free_of_everything() -> None:
    """Grace 3 s: 3 s cost nothing, neither connect fee nor minimum; 4 s cost both in full."""
    rate = a_rate(grace_s=3, connect_fee_micros=50_000, minimum_charge_micros=400_000)
    assert charge_micros(rate, 3) == 0
    assert charge_micros(rate, 4) == 400_000
    assert charge(rate, 3).free_s == 3
    assert kinds(rate, 3) == {LineKind.GRACE: 0}


def test_without_a_grace_the_first_second_is_charged() -> None:
    """The first second costs connect fee and first block; no talk costs nothing."""
    rate = a_rate(connect_fee_micros=50_000)
    assert charge_micros(rate, 0) == 0
    assert charge_micros(rate, 1) == 150_000


def test_free_seconds_are_subtracted_and_move_the_grid() -> None:
    """30 free seconds at 60/6: the first block runs from 30 s to 90 s, so 91 s bill 66 s."""
    rate = a_rate(next_s=6, free_s=30)
    assert [charge_micros(rate, talk_s) for talk_s in (30, 31, 90, 91)] == [
        0,
        100_000,
        100_000,
        110_000,
    ]
    assert (charge(rate, 91).billed_s, charge(rate, 91).free_s) == (66, 30)
    assert (charge(rate, 20).billed_s, charge(rate, 20).free_s) == (0, 20)


def test_a_step_is_counted_from_the_start_of_the_grid() -> None:
    """30 free seconds and a step at 60 s: the block from talk second 90 on has the new price."""
    rate = a_rate(free_s=30, steps=(Step(60, Fraction(1, 20)),))
    assert charge_micros(rate, 91) == 150_000


def test_without_a_block_fee_surcharge_and_minimum_still_count() -> None:
    """Inside the free seconds: 0.10 connect fee + 10 % = 0.11; with a minimum of 0.20, 0.20."""
    rate = a_rate(free_s=30, connect_fee_micros=100_000, surcharge_percent=Fraction(10))
    assert charge_micros(rate, 5) == 110_000
    raised = a_rate(free_s=30, connect_fee_micros=100_000, minimum_charge_micros=200_000)
    assert charge_micros(raised, 5) == 200_000


def test_the_surcharge_is_on_the_connect_fee_too_and_before_the_minimum() -> None:
    """(0.10 + 0.10) + 25 % = 0.25, which passes a minimum of 0.24."""
    rate = a_rate(
        connect_fee_micros=100_000, surcharge_percent=Fraction(25), minimum_charge_micros=240_000
    )
    assert charge_micros(rate, 60) == 250_000
    assert kinds(rate, 60)[LineKind.SURCHARGE] == 50_000
    assert LineKind.MINIMUM not in kinds(rate, 60)


def test_the_maximum_lowers_what_the_minimum_raised() -> None:
    """Minimum 5, maximum 3: 3, since the maximum comes last. 0.10 + 4.90 − 2.00, line by line."""
    rate = a_rate(minimum_charge_micros=5_000_000, maximum_charge_micros=3_000_000)
    assert charge_micros(rate, 60) == 3_000_000
    assert kinds(rate, 60)[LineKind.MINIMUM] == 4_900_000
    assert kinds(rate, 60)[LineKind.MAXIMUM] == -2_000_000


def test_a_maximum_then_free_costs_no_more_however_long_the_call() -> None:
    """A maximum of 10 at 1 per second: 1,800 s cost 10, and nothing ends the call."""
    rate = a_rate(
        price_per_minute=Fraction(60), first_s=1, next_s=1, maximum_charge_micros=10_000_000
    )
    assert charge_micros(rate, 1800) == 10_000_000
    assert hang_up_limit_s(rate) is None
    assert longest_talk_s(rate, 10_000_000, 1800) == 1800


def test_the_whole_is_rounded_once() -> None:
    """180 s per second at 0.10 a minute is 0.30, not 0.3001 as with each second rounded up."""
    rate = a_rate(first_s=1, next_s=1)
    assert charge_micros(rate, 180) == 300_000
    assert charge_micros(rate, 1) == 1_700


@pytest.mark.parametrize(
    ("rounding", "decimals", "micros"),
    [
        (Rounding.AWAY_FROM_ZERO, 4, 1_700),
        (Rounding.HALF_AWAY_FROM_ZERO, 3, 2_000),
        (Rounding.HALF_EVEN, 6, 1_667),
        (Rounding.DOWN, 4, 1_600),
        (Rounding.AWAY_FROM_ZERO, 0, 1_000_000),
    ],
)
def test_rounding_follows_the_rate(rounding: Rounding, decimals: int, micros: int) -> None:
    """One second at 0.10 a minute is 0.001666…, and each rate has its own way to round it."""
    rate = a_rate(first_s=1, next_s=1, rounding=rounding, rounding_decimals=decimals)
    assert charge_micros(rate, 1) == micros


def test_the_rounding_is_a_line_of_its_own() -> None:
    """0.001666… and 0.0000333… of rounding make 0.0017."""
    rate = a_rate(first_s=1, next_s=1)
    assert kinds(rate, 1) == {
        LineKind.FIRST_BLOCK: Fraction(5000, 3),
        LineKind.ROUNDING: Fraction(100, 3),
    }


def test_the_lines_tell_when_and_at_what_price() -> None:
    """30 free seconds, fee, first block, blocks, step: each with its seconds of talk and blocks."""
    rate = a_rate(
        next_s=6, free_s=30, connect_fee_micros=50_000, steps=(Step(72, Fraction(1, 20), 60),)
    )
    lines = charge(rate, 150).lines
    assert [(line.kind, line.from_s, line.to_s, line.blocks) for line in lines] == [
        (LineKind.FREE_SECONDS, 0, 30, 0),
        (LineKind.CONNECT_FEE, 0, 0, 0),
        (LineKind.FIRST_BLOCK, 30, 90, 1),
        (LineKind.BLOCKS, 90, 102, 2),
        (LineKind.BLOCKS, 102, 162, 1),
    ]
    assert [line.amount for line in lines] == [0, 50_000, 100_000, 20_000, 50_000]
    assert lines[-1].price_per_minute == Fraction(1, 20)


def test_block_ends_within_free_seconds_and_after() -> None:
    """30 free seconds at 60/6: 0, 30, 90, 96 … are the ends; the free seconds are one whole."""
    rate = a_rate(next_s=6, free_s=30)
    assert [block_end(rate, talk_s) for talk_s in (0, 1, 30, 31, 90, 91)] == [0, 30, 30, 90, 90, 96]
    assert [next_block_end(rate, talk_s) for talk_s in (0, 29, 30, 90)] == [30, 30, 90, 96]
    assert [block_start(rate, talk_s) for talk_s in (0, 1, 30, 31, 90, 91, 97)] == [
        0,
        0,
        0,
        30,
        30,
        90,
        96,
    ]
