"""What must hold for every rate and every length of call.

Each property has been seen failing; its docstring names the line that was broken for it.
"""

import json
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pbxcharge.core.money import AMOUNT_MAX_MICROS, Rounding
from pbxcharge.core.rate import (
    LineKind,
    MaximumThen,
    Rate,
    Step,
    block_end,
    block_start,
    charge,
    charge_micros,
    first_block_micros,
    hang_up_limit_s,
    longest_talk_s,
    next_block_end,
    rate_from_canonical,
    rate_to_canonical,
)

INT64_MAX = 2**63 - 1

thorough = settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


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

prices = st.sampled_from(PRICES)
micros = st.sampled_from(MICROS)
blocks_s = st.sampled_from(BLOCKS_S)
maybe_prices = st.sampled_from([None] * 80 + PRICES)
maybe_micros = st.sampled_from([None] * 80 + MICROS)
maybe_blocks_s = st.sampled_from([None] * 80 + BLOCKS_S)
gaps_s = st.sampled_from(range(1, 120))


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    """Any rate that can be made: each field by itself, steps in rising order."""
    own_amount = draw(maybe_micros)
    starts = list(accumulate(draw(gaps_s) for _ in range(draw(st.sampled_from(range(4))))))
    return Rate(
        destination="somewhere",
        prefix="49",
        connect_fee_micros=draw(micros),
        first_s=draw(blocks_s),
        next_s=draw(blocks_s),
        price_per_minute=draw(prices),
        first_price_per_minute=draw(maybe_prices) if own_amount is None else None,
        first_amount_micros=own_amount,
        steps=tuple(Step(start, draw(maybe_prices), draw(maybe_blocks_s)) for start in starts),
        free_s=draw(st.sampled_from([0] * 50 + list(range(100)))),
        grace_s=draw(st.sampled_from([0] * 50 + list(range(150)))),
        minimum_charge_micros=draw(micros),
        maximum_charge_micros=draw(maybe_micros),
        maximum_then=draw(st.sampled_from(MaximumThen)),
        surcharge_percent=draw(prices),
        forbidden=draw(st.booleans()),
        rounding=draw(st.sampled_from(Rounding)),
        rounding_decimals=draw(st.sampled_from(range(7))),
    )


short_talk = st.sampled_from(range(500))
any_talk = st.one_of(short_talk, st.integers(0, INT64_MAX), st.sampled_from([14_400, INT64_MAX]))
amounts = st.one_of(micros, st.integers(0, 50_000_000), st.just(INT64_MAX))


def block_by_block(rate: Rate, talk_s: int) -> dict[LineKind, Fraction]:
    """The rules again, as slowly and plainly as they can be written: what each line adds."""
    if talk_s <= rate.grace_s:
        return {}
    adds = {LineKind.CONNECT_FEE: Fraction(rate.connect_fee_micros)}
    adds |= {LineKind.FIRST_BLOCK: Fraction(0), LineKind.BLOCKS: Fraction(0)}
    start_s = 0
    while start_s < talk_s - rate.free_s:
        length_s, amount = the_block_at(rate, start_s)
        adds[LineKind.BLOCKS if start_s else LineKind.FIRST_BLOCK] += amount
        start_s += length_s
    adds[LineKind.SURCHARGE] = total(adds) * rate.surcharge_percent / 100
    adds[LineKind.MINIMUM] = max(Fraction(0), rate.minimum_charge_micros - total(adds))
    adds[LineKind.MAXIMUM] = Fraction(0)
    if rate.maximum_charge_micros is not None:
        adds[LineKind.MAXIMUM] = min(Fraction(0), rate.maximum_charge_micros - total(adds))
    adds[LineKind.ROUNDING] = rounded(rate, total(adds)) - total(adds)
    return {kind: amount for kind, amount in adds.items() if amount}


def total(adds: dict[LineKind, Fraction]) -> Fraction:
    """The sum of what the lines add so far."""
    return sum(adds.values(), Fraction(0))


def the_block_at(rate: Rate, start_s: int) -> tuple[int, Fraction]:
    """Length and price of the block that starts at a second of the grid."""
    length_s, price = rate.next_s, rate.price_per_minute
    if start_s == 0:
        if rate.first_amount_micros is not None:
            return rate.first_s, Fraction(rate.first_amount_micros)
        if rate.first_price_per_minute is not None:
            price = rate.first_price_per_minute
        return rate.first_s, price * rate.first_s * 1_000_000 / 60
    for step in rate.steps:
        if step.from_s <= start_s:
            length_s = step.next_s or length_s
            price = price if step.price_per_minute is None else step.price_per_minute
    return length_s, price * length_s * 1_000_000 / 60


def rounded(rate: Rate, amount: Fraction) -> Fraction:
    """Of the two neighbours on the grid of decimals, the one that the method takes."""
    quantum = 10 ** (6 - rate.rounding_decimals)
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
    return Fraction(taken[rate.rounding])


def ends_until(rate: Rate, talk_s: int) -> list[int]:
    """Every block end from 0 to the first one that is not before `talk_s`, one after the other."""
    ends, start_s = [0], 0
    if rate.free_s:
        ends.append(rate.free_s)
    while ends[-1] < talk_s:
        start_s += the_block_at(rate, start_s)[0]
        ends.append(rate.free_s + start_s)
    return ends


@thorough
@given(rate=rates(), talk_s=short_talk)
def test_the_closed_form_is_the_price_block_by_block(rate: Rate, talk_s: int) -> None:
    """The look-up gives what adding up one block after the other gives, line by line.

    Seen failing with `max(0, (following.from_s - from_s) // stretch.block_s)` in `_blocks_of`.
    """
    adds: dict[LineKind, Fraction] = {}
    for line in charge(rate, talk_s).lines:
        adds[line.kind] = adds.get(line.kind, Fraction(0)) + line.amount
    slowly = block_by_block(rate, talk_s)
    assert {kind: amount for kind, amount in adds.items() if amount} == slowly
    assert charge_micros(rate, talk_s) == sum(slowly.values())


@thorough
@given(rate=rates(), talk_s=short_talk)
def test_block_ends_are_those_of_the_grid(rate: Rate, talk_s: int) -> None:
    """Rounded up, the next, and the start: all three read off the list of every block end.

    Seen failing with `blocks_begun(talk_s - rate.free_s)` without `- 1` in `block_start`.
    """
    ends = ends_until(rate, talk_s + 1)
    assert block_end(rate, talk_s) == min(end for end in ends if end >= talk_s)
    assert next_block_end(rate, talk_s) == min(end for end in ends if end > talk_s)
    assert block_start(rate, talk_s + 1) == max(end for end in ends if end <= talk_s)


@thorough
@given(rate=rates(), talk_s=short_talk)
def test_the_billed_seconds_are_those_of_the_lines(rate: Rate, talk_s: int) -> None:
    """Blocks lie side by side from the end of the free seconds; their length is what is billed.

    Seen failing with `billed_s = block_end(rate, talk_s)` in `charge`.
    """
    priced = charge(rate, talk_s)
    blocks = [line for line in priced.lines if line.blocks]
    assert priced.billed_s == sum(line.to_s - line.from_s for line in blocks)
    assert all(before.to_s == after.from_s for before, after in pairwise(blocks))
    if blocks:
        assert blocks[0].from_s == rate.free_s == priced.free_s
        assert blocks[-1].to_s - talk_s < max(rate.first_s, 90)


@thorough
@given(rate=rates(), talk_s=any_talk, longer_s=st.integers(0, 200) | any_talk)
def test_the_price_never_falls_as_the_call_goes_on(rate: Rate, talk_s: int, longer_s: int) -> None:
    """A second more never makes a call cheaper.

    Seen failing with `scaled_before += scaled_block` in `_runs`, without the number of blocks.
    """
    assert 0 <= charge_micros(rate, talk_s) <= charge_micros(rate, talk_s + longer_s)


@thorough
@given(rate=rates(), cuts=st.lists(any_talk, max_size=8))
def test_slices_add_up_to_the_whole(rate: Rate, cuts: list[int]) -> None:
    """However a call is cut into slices, none costs less than nothing and all cost the whole.

    Seen failing with `talk_s < rate.grace_s` in `charge_micros`: the price of no talk was a fee.
    """
    instants = [0, *sorted(cuts)]
    paid = [
        charge_micros(rate, through_s) - charge_micros(rate, paid_s)
        for paid_s, through_s in pairwise(instants)
    ]
    assert all(slice_micros >= 0 for slice_micros in paid)
    assert sum(paid) == charge_micros(rate, instants[-1])


@thorough
@given(rate=rates(), talk_s=any_talk)
@example(rate=Rate(destination="", prefix="", price_per_minute=Fraction(1, 3)), talk_s=INT64_MAX)
def test_the_lines_add_up_to_the_total(rate: Rate, talk_s: int) -> None:
    """The lines of a charge make its total exactly, and it is the price that everyone else gets.

    Rounding moves it by less than one step of its decimals, and never down unless it may.
    Seen failing in `_adjustment_lines` with `Fraction(scaled, denominator)` as the maximum, and
    with the bounded sum as what rounding leads to.
    """
    priced = charge(rate, talk_s)
    assert sum(line.amount for line in priced.lines) == priced.total_micros
    assert priced.total_micros == charge_micros(rate, talk_s)
    quantum = 10 ** (6 - rate.rounding_decimals)
    moved = sum(line.amount for line in priced.lines if line.kind is LineKind.ROUNDING)
    assert -quantum < moved < quantum
    if rate.rounding is Rounding.AWAY_FROM_ZERO:
        assert moved >= 0


@thorough
@given(rate=rates(), credit_micros=amounts, credit_for_s=st.none() | short_talk, at_most_s=any_talk)
def test_the_longest_talk_is_paid_for_and_cannot_be_longer(
    rate: Rate, credit_micros: int, credit_for_s: int | None, at_most_s: int
) -> None:
    """It ends with a block, costs no more than the amount, and one more block would not fit.

    Half of the amounts are the price of some talk to the last micro-unit.
    Seen failing with `bisect_left` in `_last_end_paid`, and with one candidate less there.
    """
    amount_micros = credit_micros if credit_for_s is None else charge_micros(rate, credit_for_s)
    talk_s = longest_talk_s(rate, amount_micros, at_most_s)
    limit_s = hang_up_limit_s(rate)
    assert charge_micros(rate, talk_s) <= amount_micros
    assert talk_s == block_end(rate, talk_s)
    assert talk_s <= block_end(rate, at_most_s)
    assert limit_s is None or talk_s <= limit_s
    assert (
        charge_micros(rate, next_block_end(rate, talk_s)) > amount_micros
        or talk_s == block_end(rate, at_most_s)
        or talk_s == limit_s
        or (talk_s == 0 and first_block_micros(rate) > amount_micros)
    )


@thorough
@given(rate=rates(), talk_s=any_talk)
def test_what_a_price_asks_for_pays_for_that_talk(rate: Rate, talk_s: int) -> None:
    """With exactly the price of a talk one may talk that long, unless the first block is dearer.

    Seen failing with `charge_micros(rate, end_s) < amount_micros` in `longest_talk_s`.
    """
    price = max(charge_micros(rate, talk_s), first_block_micros(rate))
    limit_s = hang_up_limit_s(rate)
    whole_s = block_end(rate, talk_s)
    # Past the grace a block is charged whole; inside it, its end may lie beyond and cost.
    if charge_micros(rate, whole_s) <= price:
        expected_s = whole_s if limit_s is None else min(whole_s, limit_s)
        assert longest_talk_s(rate, price, talk_s) == expected_s


@thorough
@given(rate=rates())
def test_the_hang_up_limit_is_the_last_block_within_the_maximum(rate: Rate) -> None:
    """Up to the limit no unrounded sum passes the maximum; with the next block it does.

    Seen failing with `(scaled - run.scaled_before) // run.scaled_block + 1` in `blocks_within`.
    """
    limit_s = hang_up_limit_s(rate)
    maximum = rate.maximum_charge_micros
    if rate.maximum_then is MaximumThen.FREE or maximum is None:
        assert limit_s is None
        return
    far_s = 10**30 if limit_s is None else limit_s
    assert unbounded_sum(rate, far_s) <= maximum
    if limit_s is not None:
        assert limit_s == block_end(rate, limit_s)
        assert unbounded_sum(rate, next_block_end(rate, limit_s)) > maximum


def unbounded_sum(rate: Rate, talk_s: int) -> Fraction:
    """The sum with surcharge before minimum, maximum and rounding."""
    bounds = (LineKind.MINIMUM, LineKind.MAXIMUM, LineKind.ROUNDING)
    lines = charge(rate, talk_s).lines
    return sum((line.amount for line in lines if line.kind not in bounds), Fraction(0))


@thorough
@given(rate=rates(), destination=st.text(max_size=5))
def test_a_rate_comes_back_from_its_record_as_it_was(rate: Rate, destination: str) -> None:
    """Through JSON text and back every term is the same, and the record of it too.

    Seen failing with `Fraction(float(value))` in `_fraction_text`, and with `rate.grace_s` stored
    as free seconds.
    """
    rate = replace(rate, destination=destination)
    stored = json.dumps(rate_to_canonical(rate), sort_keys=True)
    read = rate_from_canonical(json.loads(stored))
    assert read == rate
    assert json.dumps(rate_to_canonical(read), sort_keys=True) == stored
