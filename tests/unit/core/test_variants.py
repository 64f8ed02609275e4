"""Rates that are other ones in time windows: rule by rule, with numbers worked out by hand."""

from datetime import tzinfo
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.core.money import round_micros
from pbxcharge.core.price import (
    Charge,
    LineKind,
    MaximumThen,
    Rate,
    Step,
    Variant,
    block_end,
    charge,
    charge_micros,
    hang_up_limit_s,
    longest_talk_s,
    passes_price,
    rate_from_canonical,
    rate_to_canonical,
)
from pbxcharge.core.windows import NO_WINDOWS, Schedule, Timeline, always
from tests.examples import examples
from tests.fakes.any_price import blocks_s, prices, timelines, windowed_rates
from tests.fakes.wall_clock import by_the_clock, instants_s, schedules, zones

TEN_CENTS, FIVE_CENTS = Fraction(1, 10), Fraction(1, 20)
SIX_OCLOCK_S = 1_790_013_600
EVENING = Timeline(((0, ""), (SIX_OCLOCK_S, "evening")))


def a_rate(*variants: Variant, **terms: Any) -> Rate:
    """0.10 a minute at 60/60, where a test does not say otherwise."""
    price: dict[str, Any] = {"price_per_minute": TEN_CENTS, "first_s": 60, "next_s": 60}
    return Rate(destination="Germany", prefix="49", variants=variants, **(price | terms))


def evening(**changed: Any) -> Variant:
    """What the window evening changes."""
    return Variant(window="evening", **changed)


def before_six(rate: Rate, seconds: int) -> Rate:
    """A rate as it is for a call that is answered so long before the evening begins."""
    return rate.at(EVENING, SIX_OCLOCK_S - seconds)


HALF_PRICE = a_rate(evening(price_per_minute=FIVE_CENTS))


def spans(priced: Charge) -> list[tuple[LineKind, int, int, str]]:
    """The lines of blocks: what, from when to when, in which window."""
    return [(line.kind, line.from_s, line.to_s, line.window) for line in priced.lines]


@pytest.mark.parametrize(
    ("seconds_before", "talk_s", "micros"),
    [
        (30, 60, 100_000),
        (30, 61, 150_000),
        (60, 61, 150_000),
        (61, 61, 200_000),
        (61, 121, 250_000),
    ],
)
def test_a_block_has_the_price_of_the_window_of_its_first_second(
    seconds_before: int, talk_s: int, micros: int
) -> None:
    """A block that begins at 17:59:59 is dear to its end; one that begins at 18:00:00 is cheap."""
    assert charge_micros(before_six(HALF_PRICE, seconds_before), talk_s) == micros


def test_before_and_after_the_change_the_price_is_the_window_s() -> None:
    """Answered long before: 0.10 a minute; in the evening: 0.05, also its first block."""
    assert charge_micros(before_six(HALF_PRICE, 14_400), 180) == 300_000
    assert charge_micros(before_six(HALF_PRICE, 0), 180) == 150_000
    assert charge_micros(before_six(HALF_PRICE, -3600), 180) == 150_000


def test_the_connect_fee_is_that_of_the_window_of_the_answer() -> None:
    """0.20 by day, 0.30 in the evening: whenever the blocks begin."""
    rate = a_rate(evening(connect_fee_micros=300_000), connect_fee_micros=200_000, free_s=60)
    assert charge_micros(before_six(rate, 1), 60) == 200_000
    assert charge_micros(before_six(rate, 0), 60) == 300_000
    assert charge(before_six(rate, 0), 60).lines[1].window == "evening"


def test_the_grid_goes_on_from_the_end_of_the_last_block_in_the_intervals_of_the_window() -> None:
    """60/60 by day, 10/5 in the evening, answered 90 s before it: blocks end at 60, 120, 125."""
    rate = before_six(a_rate(evening(first_s=10, next_s=5)), 90)
    assert [block_end(rate, talk_s) for talk_s in (1, 61, 121, 126)] == [60, 120, 125, 130]
    assert charge(rate, 121).billed_s == 125


def test_only_the_first_block_of_a_call_is_a_first_block() -> None:
    """A flat 0.50 for the first 10 s of the evening is not charged to a call that runs into it."""
    rate = a_rate(evening(first_s=10, next_s=60, first_amount_micros=500_000))
    assert charge_micros(before_six(rate, 30), 61) == 200_000
    assert charge_micros(before_six(rate, 0), 11) == 600_000


def test_steps_count_from_the_grid_and_windows_by_the_clock() -> None:
    """From 90 s on 0.04 by day; in the evening from 150 s on 0.01: answered 130 s before it.

    Blocks begin at 0 (0.10), 60 (0.10), 120 (0.04), 180 (0.01).
    """
    by_day = (Step(90, Fraction(4, 100)),)
    rate = a_rate(evening(steps=(Step(150, Fraction(1, 100)),)), steps=by_day)
    assert charge_micros(before_six(rate, 130), 181) == 250_000


def test_a_window_that_names_no_steps_keeps_those_of_the_rate() -> None:
    """0.05 in the evening, and from 60 s on the 0.02 of the rate; with no steps it stays 0.05."""
    steps = (Step(60, Fraction(2, 100)),)
    keeps = a_rate(evening(price_per_minute=FIVE_CENTS), steps=steps)
    assert charge_micros(before_six(keeps, 0), 61) == 70_000
    none = a_rate(evening(price_per_minute=FIVE_CENTS, steps=()), steps=steps)
    assert charge_micros(before_six(none, 0), 61) == 100_000


def test_of_price_and_amount_of_the_first_block_naming_one_clears_the_other() -> None:
    """By day 0.07 flat for the first minute; in the evening 0.60 a minute, or nothing else."""
    by_price = a_rate(evening(first_price_per_minute=Fraction(6, 10)), first_amount_micros=70_000)
    assert charge_micros(before_six(by_price, 0), 1) == 600_000
    kept = a_rate(evening(price_per_minute=FIVE_CENTS), first_amount_micros=70_000)
    assert charge_micros(before_six(kept, 0), 61) == 120_000


def test_free_seconds_move_the_grid_and_the_windows_stay() -> None:
    """30 free seconds, answered 40 s before the evening: the block at 30 s is dear."""
    rate = a_rate(evening(price_per_minute=FIVE_CENTS), free_s=30)
    assert charge_micros(before_six(rate, 40), 91) == 150_000
    assert charge_micros(before_six(rate, 30), 91) == 100_000


def test_a_window_in_which_no_block_begins_is_passed_over() -> None:
    """Three seconds of it inside a block change nothing."""
    timeline = Timeline(((0, ""), (10, "evening"), (13, "")))
    rate = HALF_PRICE.at(timeline, 0)
    assert charge_micros(rate, 61) == 200_000


def test_the_lines_name_the_window() -> None:
    """One minute by day, two in the evening."""
    assert spans(charge(before_six(HALF_PRICE, 30), 180)) == [
        (LineKind.FIRST_BLOCK, 0, 60, ""),
        (LineKind.BLOCKS, 60, 180, "evening"),
    ]


def test_windows_that_the_rate_does_not_name_are_its_own_terms() -> None:
    """In the weekend, which it does not name, it is as by day, and the lines say so."""
    weekend = HALF_PRICE.at(always("weekend"), 5)
    assert weekend == HALF_PRICE
    assert spans(charge(weekend, 60)) == [(LineKind.FIRST_BLOCK, 0, 60, "")]


def test_the_credit_is_measured_with_the_windows() -> None:
    """0.30 pays, from one minute before the evening on, for 1 + 4 minutes."""
    assert longest_talk_s(before_six(HALF_PRICE, 60), 300_000, 14_400) == 300
    assert longest_talk_s(before_six(HALF_PRICE, 14_400), 300_000, 14_400) == 180


def test_the_hang_up_limit_is_measured_with_the_windows() -> None:
    """A maximum of 0.30 ends the call when the next block would pass it: after 1 + 4 minutes."""
    rate = a_rate(
        evening(price_per_minute=FIVE_CENTS),
        maximum_charge_micros=300_000,
        maximum_then=MaximumThen.HANG_UP,
    )
    assert hang_up_limit_s(before_six(rate, 60)) == 300
    free = a_rate(
        evening(price_per_minute=Fraction(0)),
        maximum_charge_micros=300_000,
        maximum_then=MaximumThen.HANG_UP,
    )
    assert hang_up_limit_s(before_six(free, 60)) is None


def test_a_price_is_too_high_in_the_window_in_which_it_is() -> None:
    """A rate by itself is judged by its own terms, in a window by that one's."""
    rate = a_rate(evening(price_per_minute=Fraction(9)))
    assert not passes_price(rate, Fraction(5))
    assert passes_price(rate.at(always("evening"), 0), Fraction(5))
    assert passes_price(before_six(rate, 3600), Fraction(5))


def test_a_rate_without_windows_is_itself_at_all_hours() -> None:
    """It is not made anew for each call."""
    plain = a_rate()
    assert plain.at(EVENING, SIX_OCLOCK_S) is plain
    assert HALF_PRICE.at(NO_WINDOWS, 5) is HALF_PRICE
    assert before_six(HALF_PRICE, 30) is before_six(HALF_PRICE, 30)


def test_rates_at_other_hours_are_other_prices() -> None:
    """Whatever is remembered for a price is not taken for the same rate at another hour."""
    early, late = before_six(HALF_PRICE, 30), before_six(HALF_PRICE, 60)
    assert len({early, late, HALF_PRICE}) == 3
    assert late.at(EVENING, SIX_OCLOCK_S - 30) == early


@pytest.mark.parametrize(
    ("variants", "says"),
    [
        ([evening(price_per_minute=Fraction(-1))], "price_per_minute is below zero in time window"),
        ([evening(connect_fee_micros=-1)], "connect_fee_micros is below zero in time window"),
        ([evening(first_s=0, next_s=1)], "first_s is below 1 in time window evening"),
        ([evening(first_s=6)], "first_s and next_s are a pair, also in time window evening"),
        ([evening(steps=(Step(0),))], "from_s of the step at 0 s is below 1 in time window"),
        ([evening(), evening()], "time window evening is changed twice"),
        ([Variant(window="")], "a variant names no time window"),
        (
            [evening(first_amount_micros=1, first_price_per_minute=TEN_CENTS)],
            "the first block has both an amount and a price per minute in time window evening",
        ),
    ],
)
def test_a_window_that_no_price_follows_from_is_refused(variants: list[Variant], says: str) -> None:
    """Each by what is wrong with it, and in which window."""
    with pytest.raises(ValueError, match=says):
        a_rate(*variants)


def test_what_is_wrong_with_the_rate_itself_is_said_once() -> None:
    """Not again for each of its windows."""
    with pytest.raises(ValueError) as refused:
        a_rate(evening(connect_fee_micros=1), next_s=0)
    assert refused.value.args == ("next_s is below 1",)


def test_a_stored_rate_has_variants_only_where_there_are_some() -> None:
    """A rate without them is stored, word for word, as it was before there were any."""
    assert "variants" not in rate_to_canonical(a_rate())
    evening_only = {
        "window": "evening",
        "price_per_minute": "1/20",
        "connect_fee_micros": None,
        "first_s": None,
        "next_s": None,
        "first_price_per_minute": None,
        "first_amount_micros": None,
        "steps": None,
    }
    assert rate_to_canonical(HALF_PRICE)["variants"] == [evening_only]


@pytest.mark.parametrize(
    "variants",
    [None, "evening", [None], [{}], [{"window": "evening"}], [{"window": 1, "steps": None}]],
)
def test_a_stored_variant_that_cannot_be_read_in_full_is_refused(variants: Any) -> None:
    """A price from a part of the terms would be a wrong one."""
    stored = rate_to_canonical(HALF_PRICE) | {"variants": variants}
    with pytest.raises(ValueError, match="variant"):
        rate_from_canonical(stored)


@given(windowed_rates, timelines, st.integers(0, 500), st.integers(0, 500))
def test_a_rate_is_placed_by_the_hours_of_the_call(
    rate: Rate, timeline: Timeline, answered_s: int, second: int
) -> None:
    """Each second of talk has the window of that second of the clock, if the rate names it.

    Seen failing with `timeline.since(0)` in `at`, and without `.naming(named)`.
    """
    window = timeline.window_at(answered_s + second)
    named = {variant.window for variant in rate.variants}
    placed = rate.at(timeline, answered_s)
    assert placed.clock.window_at(second) == (window if window in named else "")
    assert placed.at(timeline, answered_s + second) == rate.at(timeline, answered_s + second)


@st.composite
def changed_in_any_window(draw: st.DrawFn) -> Rate:
    """A rate with prices and intervals of its own in each window of a schedule."""
    pairs = [(draw(prices), draw(blocks_s)) for _ in range(5)]
    own_price, own_s = pairs.pop()
    variants = (
        Variant(window=name, price_per_minute=price, first_s=block_s, next_s=block_s)
        for name, (price, block_s) in zip("abcd", pairs, strict=True)
    )
    return a_rate(*variants, price_per_minute=own_price, first_s=own_s, next_s=own_s)


@settings(max_examples=examples(300))
@given(changed_in_any_window(), schedules(), zones, instants_s, st.integers(1, 3600))
def test_a_call_costs_what_the_wall_clock_says_block_by_block(
    rate: Rate, schedule: Schedule, zone: tzinfo, answered_s: int, talk_s: int
) -> None:
    """Any windows, holidays and zone: for each block the clock is looked at anew.

    Seen failing with the window of the answer for all blocks in `BlockGrid`, and with
    `(until_s - from_s) // block_s` in `_runs`.
    """
    terms: dict[str, Any] = {
        one.window: (one.price_per_minute, one.next_s) for one in rate.variants
    }
    sum_micros, at_s = Fraction(0), answered_s
    while at_s < answered_s + talk_s:
        window = by_the_clock(schedule, zone, at_s)
        price, block_s = terms.get(window, (rate.price_per_minute, rate.next_s))
        sum_micros += price * 1_000_000 * block_s / 60
        at_s += block_s
    placed = rate.at(schedule.timeline(zone, answered_s - 60, answered_s + talk_s), answered_s)
    assert charge_micros(placed, talk_s) == round_micros(sum_micros, rate.rounding, 4)
    assert block_end(placed, talk_s) == at_s - answered_s
