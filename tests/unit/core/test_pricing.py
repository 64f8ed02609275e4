"""The prices of a call at a moment: whoever carries it, and whenever it is answered."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxcharge.core.money import AMOUNT_MAX_MICROS, MICROS
from pbxcharge.core.plan import Terms
from pbxcharge.core.price import (
    Price,
    Rate,
    Relative,
    RelativeTerms,
    Variant,
    block_end,
    charge_micros,
)
from pbxcharge.core.pricing import (
    ANY_MOMENT,
    Moment,
    cost_micros,
    destination,
    final_moment,
    moment,
    prices,
)
from pbxcharge.core.rating import RatedLevel, RatedTrunk, Rating, rating_from_canonical
from pbxcharge.core.sale import first_slice_s
from pbxcharge.core.windows import Timeline
from tests.fakes.granted_call import a_rate

SETUP_S = 1_790_000_000
EVENING_S = SETUP_S + 40
HOURS = Timeline(((0, ""), (EVENING_S, "evening")))
MARGIN = RelativeTerms(
    destination="any", prefix="", multiplier=Fraction(6, 5), adjustment_micros=10_000, interval_s=10
)
CHEAP = RatedTrunk("cheap", "a", "v1", a_rate(price_per_minute=Fraction(1, 10)))
DEAR = RatedTrunk("dear", "b", "v2", a_rate(price_per_minute=Fraction(3, 10)))


def evening(day: int, in_the_evening: int, **terms: int) -> Rate:
    """So many hundredths a minute by day, and so many in the evening."""
    variant = Variant(window="evening", price_per_minute=Fraction(in_the_evening, 100))
    return a_rate(price_per_minute=Fraction(day, 100), variants=(variant,), **terms)


def rating(
    *rates: Rate | RelativeTerms,
    trunks: tuple[RatedTrunk, ...] = (),
    hours: Timeline = HOURS,
    slice_s: int = 60,
) -> Rating:
    """A rating whose windows are those of `hours`, answered within 60 s."""
    levels = tuple(
        RatedLevel("plan", "v1", rate, timeline=hours)
        if isinstance(rate, Rate) and rate.variants
        else RatedLevel("plan", "v1", rate)
        for rate in rates
    )
    return Rating(levels, Terms(slice_s=slice_s), trunks=trunks, answer_within_s=60)


def at(of: Rating, answered_s: float | None = None, trunk: str | None = None) -> Moment:
    """The moment of a call that is answered so many seconds after its set-up, or not yet."""
    answered_us = None if answered_s is None else SETUP_S * MICROS + round(answered_s * MICROS)
    return moment(of, SETUP_S * MICROS, answered_us, trunk)


def costs(of: Rating, moment: Moment, talk_s: int) -> list[int]:
    """What each level pays."""
    return [charge_micros(price, talk_s) for price in prices(of, moment)]


def test_a_call_that_always_costs_the_same_has_one_price() -> None:
    """No windows and no carriers: the rates themselves, at any moment, and nothing to work out."""
    plain = rating(a_rate(), a_rate(price_per_minute=Fraction(1)))
    assert at(plain) == at(plain, 5, "cheap") == ANY_MOMENT
    assert prices(plain, ANY_MOMENT) == tuple(level.rate for level in plain.levels)


def test_a_window_counts_from_the_second_of_the_answer() -> None:
    """0.60 by day, 0.30 in the evening from second 40 on: 10 s before it, 60 s cost 0.10 + 0.25."""
    timed = rating(evening(60, 30))
    assert costs(timed, at(timed, 30), 60) == [350_000]
    assert costs(timed, at(timed, 0), 60) == [500_000]
    assert costs(timed, at(timed, 40), 60) == [300_000]


def test_an_answer_counts_from_the_next_whole_second_on() -> None:
    """Answered 0.2 s before the evening, the call is one of the evening."""
    timed = rating(evening(60, 30))
    assert at(timed, 39.8) == at(timed, 40)
    assert at(timed, 39.0) != at(timed, 40)


@pytest.mark.parametrize(("answered_s", "counts_as_s"), [(-5, 0), (0, 0), (60, 60), (3600, 60)])
def test_an_impossible_answer_costs_no_more_than_a_possible_one(
    answered_s: int, counts_as_s: int
) -> None:
    """The wall clock stepped: it is priced as of the edge, within what was held."""
    timed = rating(evening(30, 60))
    assert at(timed, answered_s) == at(timed, counts_as_s)


def test_before_the_answer_the_dearest_is_held() -> None:
    """It rings into a dearer evening: all of the first slice is held at the evening's price."""
    timed = rating(evening(30, 60))
    assert costs(timed, at(timed), 60) == [600_000]
    far = rating(evening(30, 60), hours=Timeline(((0, ""), (SETUP_S + 3600, "evening"))))
    assert costs(far, at(far), 60) == [300_000]


def test_the_dearest_carrier_is_held_until_it_is_known_who_carries() -> None:
    """1.20 of 0.10 or of 0.30 a minute and 0.06 a minute: 0.42 is held, 0.18 charged."""
    margin = rating(MARGIN, trunks=(CHEAP, DEAR))
    assert costs(margin, at(margin), 60) == [420_000]
    assert costs(margin, at(margin, 5), 60) == [420_000]
    assert costs(margin, at(margin, 5, "cheap"), 60) == [180_000]


def test_an_unknown_carrier_is_charged_as_the_first() -> None:
    """The books must say something; what was held is enough for any of them."""
    margin = rating(MARGIN, trunks=(CHEAP, DEAR))
    for trunk in (None, "stranger"):
        settled = final_moment(margin, SETUP_S * MICROS, (SETUP_S + 5) * MICROS, trunk)
        assert costs(margin, settled, 60) == [180_000]
        assert cost_micros(margin, trunk, 60) == 100_000
    assert cost_micros(margin, "dear", 60) == 300_000


def test_a_carrier_is_no_matter_of_a_plan_with_prices_of_its_own() -> None:
    """Its deck tells the cost, and changes no charge; without a deck there is no cost."""
    own = rating(a_rate(), trunks=(CHEAP, replace(DEAR, rate=None)))
    assert costs(own, at(own), 60) == [600_000]
    assert at(own) == at(own, 5, "dear")
    assert (cost_micros(own, "cheap", 60), cost_micros(own, "dear", 60)) == (100_000, None)
    assert cost_micros(rating(a_rate()), "cheap", 60) is None


def test_a_call_without_a_carrier_costs_nothing_at_the_top() -> None:
    """Inside the house the adjustment remains: 6 intervals of 10 s at 0.01."""
    inside = rating(MARGIN)
    assert costs(inside, at(inside), 60) == [60_000]


def test_what_is_free_to_the_carrier_is_held_into_the_hours_that_it_reaches() -> None:
    """A first slice goes as far as the grace of the deck: 601 s of it may lie in a dearer evening.

    Seen failing, with a charge above its hold, where the deck's free time was left aside.
    """
    forgiving = RatedTrunk("c", "d", "v", a_rate(grace_s=600, first_s=1, next_s=1))
    own = evening(10, 100, first_s=1, next_s=1)
    hours = Timeline(((0, ""), (SETUP_S + 300, "evening")))
    sold = rating(own, replace(MARGIN, first_s=1, next_s=1), trunks=(forgiving,), hours=hours)
    least_s, _ = first_slice_s(prices(sold, at(sold)), 60, 10**6)
    assert least_s == 601
    assert costs(sold, at(sold), least_s) == costs(sold, at(sold, 60, "c"), least_s)


def test_a_cost_is_never_more_than_the_books_can_hold() -> None:
    """Ten minutes at 10^12 a minute: no price of a deck keeps a call from being settled.

    Seen failing where the cost was stored as it came out, beyond 64 bits.
    """
    mad = RatedTrunk("mad", "d", "v", a_rate(price_per_minute=Fraction(10**12)))
    own = rating(a_rate(), trunks=(mad,))
    assert cost_micros(own, "mad", 600) == AMOUNT_MAX_MICROS


CENTS = st.integers(0, 99)
BLOCKS = st.sampled_from([1, 6, 10, 30, 60])
RATES = st.builds(
    evening,
    CENTS,
    CENTS,
    first_s=BLOCKS,
    next_s=BLOCKS,
    free_s=st.sampled_from([0, 20]),
    grace_s=st.sampled_from([0, 3]),
    connect_fee_micros=st.integers(0, 200_000),
)
MARGINS = st.builds(
    RelativeTerms,
    destination=st.just("any"),
    prefix=st.just(""),
    multiplier=st.fractions(0, 3, max_denominator=100),
    adjustment_micros=st.integers(0, 50_000),
    interval_s=st.integers(1, 90),
    first_s=BLOCKS,
    next_s=BLOCKS,
)
CHAINS = st.lists(RATES | MARGINS, min_size=1, max_size=4)
LATE = RatedTrunk("late", "c", "v3", a_rate(grace_s=120, first_s=1, next_s=1))
TRUNKS = st.lists(st.sampled_from([CHEAP, DEAR, RatedTrunk("free"), LATE]), max_size=3, unique=True)


@given(CHAINS, TRUNKS, st.integers(-10, 200), st.sampled_from([5, 20, 60]))
def test_what_is_held_before_the_answer_covers_every_answer(
    rates: Sequence[Rate | RelativeTerms], trunks: list[RatedTrunk], change_s: int, slice_s: int
) -> None:
    """Whenever it is answered, and by whomever: a first slice never costs a level more.

    Seen failing with `second < change` in `pricing._seconds`, and with `reach_s` of one slice.
    """
    hours = Timeline(((0, ""), (SETUP_S + change_s, "evening")))
    sold = rating(*rates, trunks=tuple(trunks), hours=hours, slice_s=slice_s)
    ringing = prices(sold, at(sold))
    _, want_s = first_slice_s(ringing, slice_s, 10**6)
    held = [charge_micros(price, want_s) for price in ringing]
    for answered_s in range(61):
        for trunk in (None, *(trunk.name for trunk in trunks)):
            answered_us = (SETUP_S + answered_s) * MICROS
            settled = final_moment(sold, SETUP_S * MICROS, answered_us, trunk)
            for talk_s in (1, want_s - 1, want_s):
                paid = costs(sold, settled, talk_s)
                assert all(a <= b for a, b in zip(paid, held, strict=True)), (answered_s, trunk)


@given(CHAINS, TRUNKS, st.integers(-10, 200), st.integers(0, 60), st.integers(0, 7200))
def test_each_level_is_charged_what_the_pure_function_says(
    rates: Sequence[Rate | RelativeTerms],
    trunks: list[RatedTrunk],
    change_s: int,
    answered_s: int,
    talk_s: int,
) -> None:
    """Worked out the slow way from the top down; also after the rating was stored and read again.

    Seen failing with `above` not handed on in `priced_chain`.
    """
    hours = Timeline(((0, ""), (SETUP_S + change_s, "evening")))
    sold = rating(*rates, trunks=tuple(trunks), hours=hours)
    above: Price | None = trunks[0].rate if trunks else None
    expected = []
    for rate in reversed(rates):
        own = rate.at(hours, SETUP_S + answered_s) if isinstance(rate, Rate) else None
        above = own or Relative(above, rate)  # type: ignore[arg-type]
        expected.append(charge_micros(above, talk_s))
    answered_us = (SETUP_S + answered_s) * MICROS
    for one in (sold, rating_from_canonical(sold.canonical())):
        settled = final_moment(one, SETUP_S * MICROS, answered_us, trunks[0].name if trunks else "")
        assert costs(one, settled, talk_s) == expected[::-1]
        assert block_end(prices(one, settled)[0], talk_s) >= talk_s


def test_a_margin_on_all_numbers_names_the_place_as_its_carrier_does() -> None:
    """A row of the plan has a name of its own."""
    offered = replace(CHEAP, rate=replace(a_rate(), destination="France"))
    nameless = rating(replace(MARGIN, destination=""), trunks=(offered, DEAR))
    assert destination(nameless, nameless.levels[0], "cheap") == "France"
    named = rating(MARGIN, trunks=(offered,))
    assert destination(named, named.levels[0], "cheap") == "any"
    assert destination(rating(MARGIN), rating(MARGIN).levels[0], None) == "any"
