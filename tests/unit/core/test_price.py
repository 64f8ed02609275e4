"""Prices of every kind: relative to the level above, and the dearest while one cannot know."""

import gc
import sys
from collections.abc import Callable
from fractions import Fraction
from types import FrameType
from typing import Any

import pytest

from pbxcharge.core import price as of_prices
from pbxcharge.core.money import AMOUNT_MAX_MICROS, Rounding
from pbxcharge.core.price import (
    Dearest,
    LineKind,
    MaximumThen,
    Price,
    Rate,
    Relative,
    RelativeTerms,
    Step,
    Variant,
    block_end,
    block_start,
    charge,
    charge_micros,
    first_block_micros,
    hang_up_limit_s,
    longest_talk_s,
    next_block_end,
    passes_price,
    terms_from_canonical,
    terms_to_canonical,
)
from pbxcharge.core.windows import Timeline

CENT = 10_000
TEN_CENTS = Fraction(1, 10)


def a_rate(**terms: Any) -> Rate:
    """0.10 a minute at 60/10, where a test does not say otherwise."""
    return Rate(destination="Germany", prefix="49", **({"price_per_minute": TEN_CENTS} | terms))


def terms(**changed: Any) -> RelativeTerms:
    """1.20 and 0.01 for each 10 s, at 60/10, where a test does not say otherwise."""
    margin: dict[str, Any] = {
        "multiplier": Fraction(12, 10),
        "adjustment_micros": CENT,
        "interval_s": 10,
    }
    return RelativeTerms(destination="Germany", prefix="49", **(margin | changed))


def relative(above: Price | None, **changed: Any) -> Relative:
    """These terms over a price."""
    return Relative(above, terms(**changed))


TWICE = relative(a_rate(), multiplier=Fraction(2), adjustment_micros=0)


def test_the_adjustment_is_for_each_interval_of_the_seconds_billed() -> None:
    """75 s at 60/10 is 80 s billed; 0.01 per 10 s adds 0.08, here to nothing."""
    on_nothing = relative(None)
    assert charge(on_nothing, 75).billed_s == 80
    assert charge_micros(on_nothing, 75) == 8 * CENT
    assert [charge_micros(on_nothing, talk_s) for talk_s in (0, 1, 60, 61)] == [
        0,
        6 * CENT,
        6 * CENT,
        7 * CENT,
    ]


def test_a_started_interval_counts_whole() -> None:
    """70 s billed are two intervals of 60 s."""
    assert charge_micros(relative(None, interval_s=60), 61) == 2 * CENT


def test_the_multiplier_is_on_the_charge_of_the_level_above_for_the_same_talk() -> None:
    """75 s cost 80 s of 0.375 a minute, 0.50, above: 0.60, and 0.08 is added."""
    above = a_rate(price_per_minute=Fraction(375, 1000))
    assert charge_micros(above, 75) == 50 * CENT
    assert charge_micros(relative(above), 75) == 68 * CENT


def test_the_level_above_is_rounded_before_it_is_multiplied() -> None:
    """1 s of 0.10 a minute is 0.0017 above, rounded up, and so twice that is 0.0034, not 0.0033."""
    per_second = a_rate(first_s=1, next_s=1)
    assert charge_micros(per_second, 1) == 1_700
    twice = relative(per_second, multiplier=Fraction(2), adjustment_micros=0)
    assert charge_micros(twice, 1) == 3_400


@pytest.mark.parametrize(
    ("rounding", "decimals", "micros"),
    [
        (Rounding.AWAY_FROM_ZERO, 4, 333_400),
        (Rounding.DOWN, 4, 333_300),
        (Rounding.AWAY_FROM_ZERO, 2, 340_000),
        (Rounding.HALF_EVEN, 6, 333_333),
    ],
)
def test_a_relative_price_has_a_rounding_of_its_own(
    rounding: Rounding, decimals: int, micros: int
) -> None:
    """A third of 1.00, rounded as its plan says."""
    price = relative(
        a_rate(price_per_minute=Fraction(1)),
        multiplier=Fraction(1, 3),
        adjustment_micros=0,
        rounding=rounding,
        rounding_decimals=decimals,
    )
    assert charge_micros(price, 60) == micros
    assert charge(price, 60).lines[-1].kind is LineKind.ROUNDING or micros == 333_333


def test_the_lines_of_a_relative_price() -> None:
    """Cost above with its multiplier, the adjustment with its intervals, the rounding."""
    priced = charge(relative(a_rate(price_per_minute=Fraction(1, 3))), 75)
    assert [(line.kind, line.amount, line.to_s, line.blocks) for line in priced.lines] == [
        (LineKind.COST, Fraction(12, 10) * 444_500, 75, 0),
        (LineKind.ADJUSTMENT, 8 * CENT, 80, 8),
    ]
    assert (priced.total_micros, priced.billed_s, priced.free_s) == (613_400, 80, 0)


def test_a_price_over_nothing_has_no_cost_line() -> None:
    """A call inside the house costs nothing above; what is added is all."""
    assert [line.kind for line in charge(relative(None), 75).lines] == [LineKind.ADJUSTMENT]


def test_a_grace_above_is_a_grace_of_the_cost_alone() -> None:
    """A call of 3 s is free above and costs the adjustment of its first block here."""
    assert charge_micros(relative(a_rate(grace_s=3)), 3) == 6 * CENT


def test_a_chain_of_relative_prices_rounds_at_each_level() -> None:
    """0.10 → 0.12 + 0.06 → 0.216 + 0.06."""
    assert charge_micros(relative(relative(a_rate())), 60) == 276_000


def test_the_blocks_of_a_relative_price_are_its_own() -> None:
    """At 60/10 over per-second billing: ends at 60, 70, 80."""
    price = relative(a_rate(first_s=1, next_s=1))
    assert [block_end(price, talk_s) for talk_s in (0, 1, 60, 61, 75)] == [0, 60, 60, 70, 80]
    assert [block_start(price, talk_s) for talk_s in (1, 60, 61, 71)] == [0, 0, 60, 70]
    assert next_block_end(price, 70) == 80


def test_the_first_block_is_what_a_caller_must_be_able_to_pay() -> None:
    """The own first block of 60 s: 0.12 + 0.06; the first block above, without its grace."""
    assert first_block_micros(relative(a_rate())) == 18 * CENT
    long_first = a_rate(first_s=120, next_s=60, connect_fee_micros=5 * CENT, grace_s=200)
    assert first_block_micros(relative(long_first)) == 30 * CENT + 6 * CENT
    assert first_block_micros(relative(None)) == 6 * CENT


def test_the_longest_talk_of_a_relative_price_is_the_last_own_block_that_fits() -> None:
    """0.50 pays for 150 s at twice 0.10 a minute; 0.20 for the first 60 s, and less for none."""
    assert longest_talk_s(TWICE, 50 * CENT, 14_400) == 150
    assert longest_talk_s(TWICE, 20 * CENT, 14_400) == 60
    assert longest_talk_s(TWICE, 20 * CENT - 1, 14_400) == 0
    assert longest_talk_s(TWICE, 10**9, 95) == 100


def test_only_the_level_above_ends_a_call_by_its_maximum() -> None:
    """The talk limit is taken over all levels, so no level repeats that of another."""
    hangs_up = a_rate(maximum_charge_micros=20 * CENT, maximum_then=MaximumThen.HANG_UP)
    assert hang_up_limit_s(hangs_up) == 120
    assert hang_up_limit_s(relative(hangs_up)) is None
    assert hang_up_limit_s(Dearest((a_rate(), hangs_up))) == 120
    assert hang_up_limit_s(Dearest((a_rate(), a_rate()))) is None


def test_a_relative_price_is_judged_by_the_dearest_minute_above() -> None:
    """Twice 0.10 and 0.06 a minute is 0.26, but not more; over a 0.60 first block it is 1.26."""
    price = relative(a_rate(), multiplier=Fraction(2))
    assert passes_price(price, Fraction(25, 100))
    assert not passes_price(price, Fraction(26, 100))
    first = relative(a_rate(first_price_per_minute=Fraction(6, 10)), multiplier=Fraction(2))
    assert passes_price(first, Fraction(125, 100))
    assert not passes_price(Dearest((first,)), Fraction(126, 100))
    assert not passes_price(relative(None), Fraction(6, 100))
    assert passes_price(relative(Dearest((a_rate(), first))), Fraction(157, 100))


CHEAP_START = a_rate(first_s=60, next_s=60)
DEAR_START = a_rate(
    first_s=10, next_s=10, price_per_minute=Fraction(9, 100), connect_fee_micros=CENT
)


def test_the_dearest_of_several_prices_is_what_counts() -> None:
    """10 s: 0.10 against 0.025; 60 s: equal; 61 s: 0.20 against 0.115."""
    both = Dearest((CHEAP_START, DEAR_START))
    assert charge_micros(both, 10) == 100_000
    assert charge(both, 61) == charge(CHEAP_START, 61)
    assert charge_micros(Dearest((DEAR_START, a_rate(first_s=1, next_s=1))), 1) == 25_000
    assert first_block_micros(both) == 100_000


def test_of_equal_prices_the_lines_are_those_of_the_first() -> None:
    """0.10 either way, once with a connect fee."""
    assert charge(Dearest((DEAR_START, CHEAP_START)), 60) == charge(DEAR_START, 60)
    assert charge(Dearest((CHEAP_START, DEAR_START)), 60) == charge(CHEAP_START, 60)


def test_the_blocks_of_several_prices_are_the_longest() -> None:
    """At 60/60 and 10/10 a started second is paid to the end of the minute."""
    both = Dearest((CHEAP_START, DEAR_START))
    assert [block_end(both, talk_s) for talk_s in (0, 1, 61)] == [0, 60, 120]
    assert [block_start(both, talk_s) for talk_s in (1, 61, 75)] == [0, 60, 70]


def test_an_amount_pays_for_the_shortest_talk_of_several_prices() -> None:
    """0.20 pays 120 s of the one and 120 of the other; 0.15 60 s of the one, 90 of the other."""
    both = Dearest((CHEAP_START, DEAR_START))
    assert longest_talk_s(both, 15 * CENT, 14_400) == 60
    assert longest_talk_s(DEAR_START, 15 * CENT, 14_400) == 90
    assert longest_talk_s(both, 9 * CENT, 14_400) == 0


def test_the_dearest_of_no_prices_is_no_price() -> None:
    """Whoever leaves all trunks out must refuse the call."""
    with pytest.raises(ValueError, match="no prices"):
        Dearest(())


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"multiplier": Fraction(-1)}, "multiplier is below zero"),
        ({"adjustment_micros": -1}, "adjustment_micros is below zero"),
        ({"interval_s": 0}, "interval_s is below 1"),
        ({"first_s": 0}, "first_s is below 1"),
        ({"next_s": 0}, "next_s is below 1"),
        ({"rounding_decimals": 7}, "rounding_decimals is not 0 to 6"),
    ],
)
def test_terms_that_could_make_a_price_fall_are_refused(changed: dict[str, Any], says: str) -> None:
    """Each by what is wrong with it."""
    with pytest.raises(ValueError, match=says):
        terms(**changed)


def test_stored_relative_terms_have_stable_names_and_exact_fractions() -> None:
    """Records that were written once are read for ever."""
    stored = {
        "rule_set": 1,
        "destination": "Germany",
        "prefix": "49",
        "relative": {"multiplier": "6/5", "adjustment_micros": 10_000, "interval_s": 10},
        "first_s": 60,
        "next_s": 10,
        "forbidden": 0,
        "rounding": "away_from_zero",
        "rounding_decimals": 4,
    }
    assert terms_to_canonical(terms()) == stored
    assert terms_from_canonical(stored) == terms()
    assert terms_from_canonical(terms_to_canonical(a_rate())) == a_rate()


@pytest.mark.parametrize(
    "change",
    [
        {"rule_set": 2},
        {"relative": None},
        {"relative": {}},
        {"relative": {"multiplier": "1.2", "adjustment_micros": 0, "interval_s": 1}},
        {"relative": {"multiplier": "1/1", "adjustment_micros": 0, "interval_s": 1, "more": 1}},
        {"first_s": None},
        {"price_per_minute": "1/1"},
        {"forbidden": True},
    ],
)
def test_stored_terms_that_cannot_be_read_in_full_are_refused(change: dict[str, Any]) -> None:
    """A price from a part of the terms would be a wrong one."""
    with pytest.raises(ValueError, match="stored rate"):
        terms_from_canonical(terms_to_canonical(terms()) | change)


def test_amounts_at_the_edge_of_what_is_read_are_exact() -> None:
    """10^12 units thrice multiplied by 10^12 are not rounded anywhere, and no amount pays them."""
    dear = a_rate(price_per_minute=Fraction(10**12), first_s=1, next_s=1)
    price: Price = dear
    for _ in range(3):
        price = relative(price, multiplier=Fraction(10**12), adjustment_micros=AMOUNT_MAX_MICROS)
    assert charge_micros(dear, 60) == AMOUNT_MAX_MICROS
    six = 6 * AMOUNT_MAX_MICROS
    expected = ((AMOUNT_MAX_MICROS * 10**12 + six) * 10**12 + six) * 10**12 + six
    assert charge_micros(price, 60) == expected
    assert longest_talk_s(price, AMOUNT_MAX_MICROS, 14_400) == 0


def calls_run(act: Callable[[], object]) -> int:
    """Calls of functions, Python's own among them, that an act comes to."""
    count = 0

    def count_call(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    # A collection of garbage has calls of its own, at any moment.
    gc.disable()
    sys.setprofile(count_call)
    try:
        act()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


EVENING = Variant(window="evening", price_per_minute=Fraction(1, 30), first_s=1, next_s=1)
BY_THE_SECOND = a_rate(first_s=1, next_s=1, steps=(Step(2, None, 1),), variants=(EVENING,))
TWO_CHANGES = Timeline(((0, ""), (1, "evening"), (2, "")))
CLOSED: list[Price] = [
    BY_THE_SECOND,
    BY_THE_SECOND.at(TWO_CHANGES, 0),
    relative(relative(BY_THE_SECOND, first_s=1, next_s=1), first_s=1, next_s=1),
    Dearest((BY_THE_SECOND, relative(BY_THE_SECOND.at(TWO_CHANGES, 0), first_s=1, next_s=1))),
]


@pytest.mark.parametrize("price", CLOSED)
@pytest.mark.parametrize(
    "of", [charge_micros, block_end, block_start, next_block_end], ids=lambda of: str(of.__name__)
)
def test_three_hours_are_priced_in_as_many_steps_as_three_seconds(
    price: Price, of: Callable[[Price, int], int]
) -> None:
    """At 1/1, where 3 hours are 10,800 blocks: the same calls of functions, counted.

    Seen failing with the blocks of `blocks_begun` counted one after the other.
    """
    assert calls_run(lambda: of(price, 10_800)) == calls_run(lambda: of(price, 3)) > 3


@pytest.mark.parametrize("price", CLOSED)
def test_the_lines_of_three_hours_are_made_in_as_many_steps(price: Price) -> None:
    """Also with the lines: a few more calls where fractions are of another kind, not 10,000.

    Seen failing with one line for each block in `_block_lines`.
    """
    short = calls_run(lambda: charge(price, 3))
    assert calls_run(lambda: charge(price, 10_800)) <= 1.2 * short


@pytest.mark.parametrize("price", CLOSED)
def test_the_longest_talk_is_found_in_few_steps(price: Price) -> None:
    """By bisection: 10,800 blocks are 14 prices at each level, not 10,800.

    Seen failing with the price of each of the candidates in `_last_end_paid`.
    """
    most = charge_micros(price, 9_000)
    assert calls_run(lambda: longest_talk_s(price, most, 10_800)) < 1_000


def test_a_table_for_a_call_is_made_in_steps_that_its_changes_number() -> None:
    """Four changes and ten days between them cost what four changes within a minute cost.

    Seen failing with a change for each minute in `BlockGrid.table`.
    """
    names = ("", "evening", "", "evening", "")
    near = Timeline(tuple((60 * n, name) for n, name in enumerate(names)))
    far = Timeline(tuple((864_000 * n, name) for n, name in enumerate(names)))
    grid = BY_THE_SECOND.grid
    assert calls_run(lambda: grid.table(near, 0)) == calls_run(lambda: grid.table(far, 0)) < 120


def test_everything_that_asks_for_a_price_may_ask_here() -> None:
    """What is promised by name is there."""
    assert all(hasattr(of_prices, name) for name in of_prices.__all__)
