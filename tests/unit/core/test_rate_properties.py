"""What must hold for every rate and every length of call.

Each property has been seen failing; its docstring names the line that was broken for it.
"""

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from pbxcharge.core.money import Rounding
from pbxcharge.core.price import (
    LineKind,
    MaximumThen,
    Rate,
    Variant,
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
from tests.fakes.any_price import (
    INT64_MAX,
    amounts,
    any_talk,
    plain_rates,
    rates,
    rounded_by_hand,
    short_talk,
    thorough,
    windowed_rates,
)


def block_by_block(rate: Rate, talk_s: int) -> dict[LineKind, Fraction]:
    """The rules again, as slowly and plainly as they can be written: what each line adds."""
    if talk_s <= rate.grace_s:
        return {}
    fee = named(rate, rate.clock.window_at(0), "connect_fee_micros")
    adds = {LineKind.CONNECT_FEE: Fraction(fee)}
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
    adds[LineKind.ROUNDING] = rounded_by_hand(
        total(adds), rate.rounding, rate.rounding_decimals
    ) - total(adds)
    return {kind: amount for kind, amount in adds.items() if amount}


def total(adds: dict[LineKind, Fraction]) -> Fraction:
    """The sum of what the lines add so far."""
    return sum(adds.values(), Fraction(0))


def the_block_at(rate: Rate, start_s: int) -> tuple[int, Fraction]:
    """Length and price of the block that starts at a second of the grid."""
    window = rate.clock.window_at(rate.free_s + start_s)
    length_s, price = named(rate, window, "next_s"), named(rate, window, "price_per_minute")
    if start_s == 0:
        return the_first_block(rate, window)
    for step in named(rate, window, "steps"):
        if step.from_s <= start_s:
            length_s = step.next_s or length_s
            price = price if step.price_per_minute is None else step.price_per_minute
    return length_s, price * length_s * 1_000_000 / 60


def the_first_block(rate: Rate, window: str) -> tuple[int, Fraction]:
    """Length and price of the first block, if it starts in a window."""
    of = variant(rate, window)
    if of is None or (of.first_amount_micros, of.first_price_per_minute) == (None, None):
        amount, price = rate.first_amount_micros, rate.first_price_per_minute
    else:
        amount, price = of.first_amount_micros, of.first_price_per_minute
    length_s = named(rate, window, "first_s")
    if amount is not None:
        return length_s, Fraction(amount)
    price = named(rate, window, "price_per_minute") if price is None else price
    return length_s, price * length_s * 1_000_000 / 60


def named(rate: Rate, window: str, field: str) -> Any:
    """A term as the window names it, else as the rate does."""
    changed = getattr(variant(rate, window), field, None)
    return getattr(rate, field) if changed is None else changed


def variant(rate: Rate, window: str) -> Variant | None:
    """What a window changes, if anything."""
    return next((one for one in rate.variants if one.window == window), None)


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
@given(rate=rates, talk_s=short_talk)
def test_the_closed_form_is_the_price_block_by_block(rate: Rate, talk_s: int) -> None:
    """The look-up gives what adding up one block after the other gives, line by line.

    Seen failing with `(until_s - from_s) // block_s` in `_runs`, and in `BlockGrid.table` with the
    connect fee of the rate itself and with the clock not moved by the free seconds.
    """
    adds: dict[LineKind, Fraction] = {}
    for line in charge(rate, talk_s).lines:
        adds[line.kind] = adds.get(line.kind, Fraction(0)) + line.amount
    slowly = block_by_block(rate, talk_s)
    assert {kind: amount for kind, amount in adds.items() if amount} == slowly
    assert charge_micros(rate, talk_s) == sum(slowly.values())


@thorough
@given(rate=rates, talk_s=short_talk)
def test_block_ends_are_those_of_the_grid(rate: Rate, talk_s: int) -> None:
    """Rounded up, the next, and the start: all three read off the list of every block end.

    Seen failing with `blocks_begun(talk_s - rate.free_s)` without `- 1` in `block_start`.
    """
    ends = ends_until(rate, talk_s + 1)
    assert block_end(rate, talk_s) == min(end for end in ends if end >= talk_s)
    assert next_block_end(rate, talk_s) == min(end for end in ends if end > talk_s)
    assert block_start(rate, talk_s + 1) == max(end for end in ends if end <= talk_s)


@thorough
@given(rate=rates, talk_s=short_talk)
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
        assert blocks[-1].to_s - talk_s < 90


@thorough
@given(rate=rates, talk_s=any_talk, longer_s=st.integers(0, 200) | any_talk)
def test_the_price_never_falls_as_the_call_goes_on(rate: Rate, talk_s: int, longer_s: int) -> None:
    """A second more never makes a call cheaper.

    Seen failing with `scaled += price` in `_runs`, without the number of blocks.
    """
    assert 0 <= charge_micros(rate, talk_s) <= charge_micros(rate, talk_s + longer_s)


@thorough
@given(rate=rates, cuts=st.lists(any_talk, max_size=8))
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
@given(rate=rates, talk_s=any_talk)
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
@given(rate=rates, credit_micros=amounts, credit_for_s=st.none() | short_talk, at_most_s=any_talk)
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
@given(rate=rates, talk_s=any_talk)
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
@given(rate=rates)
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
@given(rate=plain_rates() | windowed_rates, destination=st.text(max_size=5))
def test_a_rate_comes_back_from_its_record_as_it_was(rate: Rate, destination: str) -> None:
    """Through JSON text and back every term is the same, and the record of it too.

    Seen failing with `Fraction(float(value))` in `fraction_text`, and with `rate.grace_s` stored
    as free seconds.
    """
    rate = replace(rate, destination=destination)
    stored = json.dumps(rate_to_canonical(rate), sort_keys=True)
    read = rate_from_canonical(json.loads(stored))
    assert read == rate
    assert json.dumps(rate_to_canonical(read), sort_keys=True) == stored
