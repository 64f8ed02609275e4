"""Strategies for prices of every kind that can be made, and for the talk and money they meet."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate
from random import Random
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st

from pbxcharge.core.money import AMOUNT_MAX_MICROS, Rounding
from pbxcharge.core.price import (
    Dearest,
    MaximumThen,
    Price,
    Rate,
    Relative,
    RelativeTerms,
    Step,
    Variant,
)
from pbxcharge.core.windows import Timeline
from tests.examples import examples

Made = TypeVar("Made")

INT64_MAX = 2**63 - 1

thorough = settings(max_examples=examples(1000))
quick = settings(max_examples=examples(400))


# Sampled from lists, since a thousand rates of twenty fields must be drawn in a second or two:
# zero (often), everyday values, values no decimal can write, and the edges of what is read.
PRICES = [
    *[Fraction(0)] * 20,
    *(Fraction(cents, 100) for cents in range(100)),
    *(Fraction(digits, 10**6) for digits in (1, 33, 4_999, 166_667, 999_999)),
    *(Fraction(part, whole) for whole in (3, 7, 9, 11) for part in range(1, 6)),
    *(Fraction(units) for units in (1, 60, 90, 5_000, 10**12)),
    Fraction(1, 10**12),
]
MICROS = [
    *[0] * 10,
    *range(0, 1_000_000, 12_500),
    *(1, 99, 100, 101, 3_333_333, 50_000_000, AMOUNT_MAX_MICROS),
]
BLOCKS_S = [*[1, 6, 10, 30, 60] * 9, *range(1, 91)]

WINDOWS = ["", "evening", "weekend", "night"]
MAYBE_PRICES, MAYBE_MICROS = [None] * 80 + PRICES, [None] * 80 + MICROS
MAYBE_BLOCKS_S = [None] * 80 + BLOCKS_S

prices = st.sampled_from(PRICES)
micros = st.sampled_from(MICROS)
blocks_s = st.sampled_from(BLOCKS_S)

Pick = Callable[[Sequence[Any]], Any]
"""Takes one of a list: hypothesis field by field, or a seeded random for what has too many."""


def some_steps(pick: Pick) -> tuple[Step, ...]:
    """Up to three steps in rising order."""
    starts = accumulate(pick(range(1, 120)) for _ in range(pick(range(4))))
    return tuple(Step(start, pick(MAYBE_PRICES), pick(MAYBE_BLOCKS_S)) for start in starts)


def some_rate(pick: Pick, windows: Sequence[str] = ()) -> Rate:
    """Any rate that can be made, with other terms in these windows."""
    own_amount = pick(MAYBE_MICROS)
    return Rate(
        destination="somewhere",
        prefix="49",
        connect_fee_micros=pick(MICROS),
        first_s=pick(BLOCKS_S),
        next_s=pick(BLOCKS_S),
        price_per_minute=pick(PRICES),
        first_price_per_minute=pick(MAYBE_PRICES) if own_amount is None else None,
        first_amount_micros=own_amount,
        steps=some_steps(pick),
        free_s=pick([0] * 50 + list(range(100))),
        grace_s=pick([0] * 50 + list(range(150))),
        minimum_charge_micros=pick(MICROS),
        maximum_charge_micros=pick(MAYBE_MICROS),
        maximum_then=pick(list(MaximumThen)),
        surcharge_percent=pick(PRICES),
        forbidden=pick([False, True]),
        rounding=pick(list(Rounding)),
        rounding_decimals=pick(range(7)),
        variants=tuple(some_variant(pick, window) for window in windows),
    )


def some_variant(pick: Pick, window: str) -> Variant:
    """Anything that a window may change."""
    own_amount = pick(MAYBE_MICROS)
    first_s = pick([None, *BLOCKS_S[::5]])
    return Variant(
        window=window,
        price_per_minute=pick([None, *PRICES]),
        connect_fee_micros=pick(MAYBE_MICROS),
        first_s=first_s,
        next_s=first_s and pick(BLOCKS_S),
        first_price_per_minute=pick(MAYBE_PRICES) if own_amount is None else None,
        first_amount_micros=own_amount,
        steps=some_steps(pick) if pick([False, True]) else None,
    )


def some_timeline(pick: Pick) -> Timeline:
    """Windows that change at any second, often within the first minutes."""
    starts = accumulate(pick(range(1, 120)) for _ in range(pick(range(6))))
    return Timeline(((0, pick(WINDOWS)), *((start, pick(WINDOWS)) for start in starts)))


def some_windowed_rate(pick: Pick) -> Rate:
    """Any rate that has other terms in one to three windows."""
    return some_rate(pick, WINDOWS[1 : pick(range(2, 5))])


def some_placed_rate(pick: Pick) -> Rate:
    """Any rate, most of them with windows and at the hours of some call."""
    if pick(range(3)) == 0:
        return some_rate(pick)
    return some_windowed_rate(pick).at(some_timeline(pick), pick(range(300)))


def some_relative_terms(pick: Pick) -> RelativeTerms:
    """Any relative terms: each field by itself."""
    return RelativeTerms(
        destination="somewhere",
        prefix="49",
        multiplier=pick(PRICES),
        adjustment_micros=pick(MICROS),
        interval_s=pick(BLOCKS_S),
        first_s=pick(BLOCKS_S),
        next_s=pick(BLOCKS_S),
        rounding=pick(list(Rounding)),
        rounding_decimals=pick(range(7)),
    )


def some_price(pick: Pick, levels: int = 3) -> Price:
    """A rate, or relative terms over a price or nothing, or the dearest of one to three prices."""
    kind = pick(["rate", "relative", "relative", "dearest"]) if levels else "rate"
    if kind == "rate":
        return some_placed_rate(pick)
    if kind == "dearest":
        return Dearest(
            tuple(some_price(pick, max(0, levels - 2)) for _ in range(pick(range(1, 4))))
        )
    above = some_price(pick, levels - 1) if pick(range(5)) else None
    return Relative(above, some_relative_terms(pick))


def seeded(make: Callable[[Pick], Made]) -> st.SearchStrategy[Made]:
    """What is made by a random of any seed: fast, though a failing example is not made smaller."""
    return st.integers(0, 2**32).map(lambda seed: make(Random(seed).choice))


@st.composite
def plain_rates(draw: st.DrawFn) -> Rate:
    """Any rate without windows; a failing one is made smaller field by field."""
    return some_rate(lambda options: draw(st.sampled_from(options)))


timelines = seeded(some_timeline)
windowed_rates = seeded(some_windowed_rate)
relative_terms = seeded(some_relative_terms)
prices_of_calls = seeded(some_price)
placed_rates = seeded(some_placed_rate)
rates = plain_rates() | placed_rates

short_talk = st.sampled_from(range(500))
any_talk = st.one_of(short_talk, st.integers(0, INT64_MAX), st.sampled_from([14_400, INT64_MAX]))
amounts = st.one_of(micros, st.integers(0, 50_000_000), st.just(INT64_MAX))


def rounded_by_hand(amount: Fraction, method: Rounding, decimals: int) -> Fraction:
    """Of the two neighbours on the grid of decimals, the one that the method takes."""
    quantum = 10 ** (6 - decimals)
    below = amount // quantum * quantum
    above = below if below == amount else below + quantum
    middle = Fraction(below + above, 2)
    half_even = below if below // quantum % 2 == 0 else above
    taken = {
        Rounding.DOWN: below,
        Rounding.AWAY_FROM_ZERO: above,
        Rounding.HALF_AWAY_FROM_ZERO: above if amount >= middle else below,
        Rounding.HALF_EVEN: half_even if amount == middle else below if amount < middle else above,
    }
    return Fraction(taken[method])
