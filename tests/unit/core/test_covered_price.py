"""The price of talk of which quotas take something off: by worked numbers, and for any price."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pbxcharge.core.coverage import (
    Coverage,
    Span,
    coverage_from_text,
    coverage_to_text,
    cut,
    joined,
    uses,
)
from pbxcharge.core.measure import Measure
from pbxcharge.core.price import (
    Covered,
    LineKind,
    Price,
    Rate,
    Relative,
    RelativeTerms,
    block_end,
    charge,
    charge_micros,
    costs_of,
    covered,
    first_block_micros,
    longest_talk_s,
)
from pbxcharge.core.rating import lines_canonical
from pbxcharge.core.split import discount_percent, split
from tests.examples import examples
from tests.fakes.any_price import amounts, prices_of_calls, short_talk

CENT = 10_000
few = settings(max_examples=examples(200))
MINUTES = "alice:allowance:minutes:2026-11-01"


def a_rate(**terms: Any) -> Rate:
    """0.10 a minute at 60/60, where a test does not say otherwise."""
    price = {"price_per_minute": Fraction(1, 10), "first_s": 60, "next_s": 60}
    return Rate(destination="Germany", prefix="49", **(price | terms))


def free(from_s: int, until_s: int, percent: int = 100, measure: Measure = Measure.SECONDS) -> Span:
    """Seconds that cost nothing, or so much less."""
    return Span(from_s, until_s, Fraction(percent, 100), MINUTES, "SmartMinutes", measure)


def cost(spans: Coverage, talk_s: int, **terms: Any) -> int:
    """What so much covered talk costs."""
    return charge_micros(covered(a_rate(**terms), spans), talk_s)


def test_two_minutes_left_and_a_call_of_eight() -> None:
    """2 min at 0.00 and 6 min at 0.60."""
    spans = (free(0, 120),)
    assert cost(spans, 480) == 60 * CENT
    parts = split(costs_of(a_rate())[0], spans, 480)
    assert [(part.seconds, part.amount) for part in parts] == [
        (120, Fraction(0)),
        (360, Fraction(60 * CENT)),
    ]
    assert discount_percent(parts) == 25


def test_of_a_block_the_seconds_count_that_are_covered() -> None:
    """Half a block that is free is half its price; half a discount of it a quarter."""
    assert cost((free(0, 30),), 60) == 5 * CENT
    assert cost((free(0, 30, 50),), 60) == 75 * CENT // 10


def test_the_connect_fee_is_asked_and_the_minimum_unless_all_is_free() -> None:
    """Minutes are included, the connection is not; a call of which nothing is paid has no least."""
    terms = {"connect_fee_micros": 2 * CENT, "minimum_charge_micros": 50 * CENT}
    assert cost((free(0, 600),), 600, **terms) == 2 * CENT
    assert cost((free(0, 60),), 120, **terms) == 50 * CENT
    assert cost((free(0, 60),), 1200, **terms) == 192 * CENT


def test_a_surcharge_is_taken_off_with_the_talk_and_asked_of_the_connect_fee() -> None:
    """10 % on a connect fee of 0.10 and a free minute is 0.11."""
    terms = {"connect_fee_micros": 10 * CENT, "surcharge_percent": Fraction(10)}
    assert cost((free(0, 60),), 60, **terms) == 11 * CENT


def test_grace_and_free_seconds_use_nothing() -> None:
    """A call forgiven uses none; the grid of blocks begins after the free seconds."""
    forgiving, late = a_rate(grace_s=5), a_rate(free_s=30)
    assert uses(costs_of(late), (free(30, 150),), 31) == {MINUTES: 60}
    assert uses(costs_of(late), (free(30, 150),), 30) == {}
    assert charge_micros(Covered(forgiving, (free(0, 60),)), 5) == 0


def test_a_started_block_is_used_whole() -> None:
    """61 s at 60/60 are two minutes of those included."""
    assert uses(costs_of(a_rate()), (free(0, 600),), 61) == {MINUTES: 120}


def test_amounts_are_used_before_the_discount() -> None:
    """Two minutes at 0.10 and half off use 0.20 of what a volume discount counts."""
    half = free(0, 120, 50, Measure.AMOUNT)
    assert uses(costs_of(a_rate()), (half,), 120) == {MINUTES: 20 * CENT}
    assert cost((half,), 120) == 10 * CENT


def test_the_lines_name_the_quota_and_add_up() -> None:
    """Blocks for 0.80, and “SmartMinutes” takes 0.20 off for seconds 0 to 120."""
    told = charge(covered(a_rate(), (free(0, 120),)), 480)
    (line,) = (line for line in told.lines if line.kind is LineKind.ALLOWANCE)
    assert (line.amount, line.from_s, line.to_s) == (Fraction(-20 * CENT), 0, 120)
    assert (line.quota, line.discount) == ("SmartMinutes", Fraction(1))
    assert '"discount":"1"' in lines_canonical(told)
    assert '"quota":"SmartMinutes"' in lines_canonical(told)


def test_relative_terms_are_discounted_whole() -> None:
    """1.20 times 0.10, and 0.01 a minute, with the first of two minutes free: 0.13."""
    terms = RelativeTerms(
        destination="",
        prefix="",
        multiplier=Fraction(12, 10),
        adjustment_micros=CENT,
        first_s=60,
        next_s=60,
    )
    assert charge_micros(covered(Relative(a_rate(), terms), (free(0, 60),)), 120) == 13 * CENT


def test_credit_for_one_minute_and_two_included_pay_for_three() -> None:
    """The included minutes do not need credit, those after them do."""
    price = covered(a_rate(), (free(0, 120),))
    assert longest_talk_s(price, 10 * CENT, 3600) == 180
    assert longest_talk_s(price, 0, 3600) == 120
    assert first_block_micros(price) == 0


def test_coverage_is_stored_and_read_back() -> None:
    """Each level as it was; nothing is an empty text."""
    levels = ((free(0, 60), free(60, 90, 25, Measure.AMOUNT)), ())
    assert coverage_from_text(coverage_to_text(levels)) == levels
    assert coverage_to_text(((), ())) == ""


def some_spans(seed: int, grid_s: int) -> Coverage:
    """Spans one after the other, with gaps, from where blocks begin."""
    pick = Random(seed)
    lengths = [pick.choice((0, 1, 7, 30, 60, 200)) for _ in range(8)]
    marks = list(accumulate(lengths, initial=grid_s))
    return tuple(
        free(begin, end, pick.choice((100, 100, 50, 33, 0)), pick.choice(list(Measure)))
        for begin, end in pairwise(marks)
        if begin < end and pick.randrange(4)
    )


seeds = st.integers(0, 2**32)


def any_covered(price: Price, seed: int) -> Covered:
    """The price with some coverage."""
    return Covered(price, some_spans(seed, max(costs.grid_s for costs in costs_of(price))))


@few
@given(prices_of_calls, seeds, short_talk, short_talk)
def test_covered_talk_never_gets_cheaper_nor_dearer_than_without(
    price: Price, seed: int, talk_s: int, more_s: int
) -> None:
    """A second more never lowers the charge, and a quota never raises it.

    Seen failing with `end_s` for `min(end_s, talk_s)` in `_cost_before`.
    """
    one = any_covered(price, seed)
    before = charge_micros(one, talk_s)
    assert 0 <= before <= charge_micros(one, talk_s + more_s)
    assert before <= charge_micros(price, talk_s)


@few
@given(prices_of_calls, seeds, st.lists(short_talk, min_size=1, max_size=5))
def test_coverage_of_later_slices_changes_no_earlier_charge(
    price: Price, seed: int, ends: Sequence[int]
) -> None:
    """What is cut at the end of a slice's blocks prices it as the whole does, and joins again.

    Seen failing with `cut` at the end of the slice instead of that of its last block.
    """
    one = any_covered(price, seed)
    for end_s in ends:
        till = cut(one.spans, block_end(price, end_s))
        assert charge_micros(Covered(price, till), end_s) == charge_micros(one, end_s)
        rest = tuple(
            Span(max(s.from_s, block_end(price, end_s)), s.until_s, *_terms(s))
            for s in one.spans
            if s.until_s > block_end(price, end_s)
        )
        assert charge_micros(Covered(price, joined(till, rest)), 600) == charge_micros(one, 600)


def _terms(span: Span) -> tuple[Fraction, str, str, Measure]:
    return span.discount, span.wallet_id, span.name, span.measure


@few
@given(prices_of_calls, seeds, short_talk)
def test_the_lines_of_covered_talk_add_up(price: Price, seed: int, talk_s: int) -> None:
    """To the total, and the total is the charge.

    Seen failing with the whole price's own rounding among the lines that are asked.
    """
    told = charge(any_covered(price, seed), talk_s)
    assert sum(line.amount for line in told.lines) == told.total_micros
    assert told.total_micros == charge_micros(any_covered(price, seed), talk_s)


@few
@given(prices_of_calls, seeds, amounts)
def test_an_amount_pays_for_the_longest_covered_talk_that_fits(
    price: Price, seed: int, micros: int
) -> None:
    """It fits, and the next block does not.

    Seen failing with `block_end` for `block_start` in `_longest_covered_s`.
    """
    one = any_covered(price, seed)
    talk_s = longest_talk_s(one, micros, 600)
    assert charge_micros(one, talk_s) <= micros
    if not talk_s:
        assert first_block_micros(one) > micros or block_end(one, 600) == 0 or _capped(one)


def _capped(price: Covered) -> bool:
    return longest_talk_s(price, 10**18, 600) == 0
