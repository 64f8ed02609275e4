"""The price of a call on a rate of its own: a pure function of the rate and the seconds of talk.

The charge never decreases with the seconds, and it is found by look-up and multiplication, so a
call of three hours is no slower to price than one of three seconds. `charge_micros` is the price;
`charge` is the same price with the lines that explain it. Whoever wants the price of a call asks
`core.price`, which knows the other kinds of prices, too.
"""

from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction

from pbxcharge.core.charge import Charge, ChargeLine, LineKind
from pbxcharge.core.money import MICROS, quantum_micros, round_quotient
from pbxcharge.core.price_table import BlockRun
from pbxcharge.core.rate_terms import MaximumThen, Rate


def charge_micros(rate: Rate, talk_s: int) -> int:
    """What so many whole seconds of talk cost: 180 s at 0.10 a minute is 300_000 micro-units."""
    if talk_s <= rate.grace_s:
        return 0
    return _booked_micros(rate, rate.table.scaled_sum(talk_s - rate.free_s))


def charge(rate: Rate, talk_s: int) -> Charge:
    """What so many whole seconds of talk cost, line by line.

    61 s at 60/6 and 0.10 a minute: first block 0.10, one block of 6 s 0.01, billed 66 s.
    """
    if talk_s <= rate.grace_s:
        return Charge(0, 0, talk_s, (ChargeLine(LineKind.GRACE, Fraction(0), 0, talk_s),))
    lines = (*_opening_lines(rate, talk_s), *_block_lines(rate, talk_s))
    lines += tuple(_adjustment_lines(rate, talk_s, lines))
    billed_s = max(0, block_end(rate, talk_s) - rate.free_s)
    return Charge(charge_micros(rate, talk_s), billed_s, min(talk_s, rate.free_s), lines)


def first_block_micros(rate: Rate) -> int:
    """Connect fee and first block, the least that a caller must be able to pay.

    The grace is left aside: it forgives a short call, it does not open one to an empty wallet.
    """
    return _booked_micros(rate, rate.table.scaled_sum(1))


def block_end(rate: Rate, talk_s: int) -> int:
    """Talk time rounded up to whole blocks: 61 s at 60/6 is 66 s.

    Counted in seconds since the answer. Free seconds are one whole: with 30 of them, 1 s is 30 s
    and 31 s at 60/6 is 90 s. No talk is 0.
    """
    if talk_s <= rate.free_s:
        return rate.free_s if talk_s > 0 else 0
    table = rate.table
    return rate.free_s + table.block_end_s(table.blocks_begun(talk_s - rate.free_s))


def block_start(rate: Rate, talk_s: int) -> int:
    """The start of the block in which a second of talk lies: the 61st to 66th of 60/6 at 60 s.

    The last block end before that second, so 0 within the free seconds.
    """
    if talk_s <= rate.free_s:
        return 0
    table = rate.table
    return rate.free_s + table.block_end_s(table.blocks_begun(talk_s - rate.free_s) - 1)


def next_block_end(rate: Rate, talk_s: int) -> int:
    """The first block end after so many seconds of talk: after 66 s at 60/6 it is 72 s."""
    return block_end(rate, talk_s + 1)


def longest_talk_s(rate: Rate, amount_micros: int, at_most_s: int) -> int:
    """The longest talk, in whole blocks, that an amount pays for.

    1.00 at 60/6 and 0.30 a minute pays for 198 s: 0.99. It is 0 when connect fee and first block
    do not fit; never more than `at_most_s` rounded up to whole blocks, nor than the hang-up limit.
    """
    if first_block_micros(rate) > amount_micros:
        return 0
    end_s = block_end(rate, at_most_s)
    limit_s = hang_up_limit_s(rate)
    if limit_s is not None and limit_s < end_s:
        end_s = limit_s
    if charge_micros(rate, end_s) <= amount_micros:
        return end_s
    return _last_end_paid(rate, amount_micros, end_s)


def passes_price(rate: Rate, price_per_minute: Fraction) -> bool:
    """Whether any block costs more than so much a minute, with its surcharge.

    4.50 a minute and 10 % is 4.95; 0.25 for a first block of 60 s is 0.25, for one of 1 s 15.00.
    """
    # Multiplied out, since every authorization asks.
    most = price_per_minute.numerator * MICROS * rate.table.denominator
    per_minute = 60 * price_per_minute.denominator
    return any(run.scaled_block * per_minute > most * run.block_s for run in rate.table.runs)


def hang_up_limit_s(rate: Rate) -> int | None:
    """When a call on a rate with `maximum_then` hang_up ends; None when the maximum ends nothing.

    The end of the last block before the sum, with surcharge and unrounded, would pass the maximum:
    a maximum of 10 at 1 per second ends the call at 10 s. 0 when the connect fee passes it.
    """
    maximum = rate.maximum_charge_micros
    if maximum is None or rate.maximum_then is not MaximumThen.HANG_UP:
        return None
    table, scaled = rate.table, maximum * rate.table.denominator
    within_grace_s = block_start(rate, rate.grace_s + 1)
    if table.connect_fee_scaled > scaled:
        return within_grace_s
    blocks = table.blocks_within(scaled)
    return None if blocks is None else max(within_grace_s, rate.free_s + table.block_end_s(blocks))


def _booked_micros(rate: Rate, scaled: int) -> int:
    denominator = rate.table.denominator
    bounded = _bounded(rate, scaled, denominator)
    quantum = quantum_micros(rate.rounding_decimals)
    return quantum * round_quotient(bounded, denominator * quantum, rate.rounding)


def _bounded(rate: Rate, scaled: int, denominator: int) -> int:
    """Raised to the minimum, then lowered to the maximum: where they cross, the maximum wins."""
    raised = max(scaled, rate.minimum_charge_micros * denominator)
    if rate.maximum_charge_micros is None:
        return raised
    return min(raised, rate.maximum_charge_micros * denominator)


def _last_end_paid(rate: Rate, amount_micros: int, end_s: int) -> int:
    """The last block end before `end_s` that the amount pays for, by bisection."""
    table = rate.table

    def micros_at(blocks: int) -> int:
        return charge_micros(rate, rate.free_s + table.block_end_s(blocks))

    candidates = range(table.blocks_begun(end_s - rate.free_s))
    blocks = bisect_right(candidates, amount_micros, key=micros_at) - 1
    return rate.free_s + table.block_end_s(blocks)


def _opening_lines(rate: Rate, talk_s: int) -> Iterator[ChargeLine]:
    if rate.free_s:
        yield ChargeLine(LineKind.FREE_SECONDS, Fraction(0), 0, min(talk_s, rate.free_s))
    if rate.table.connect_fee_micros:
        fee = Fraction(rate.table.connect_fee_micros)
        yield ChargeLine(LineKind.CONNECT_FEE, fee, window=rate.clock.window_at(0))


def _block_lines(rate: Rate, talk_s: int) -> Iterator[ChargeLine]:
    begun = rate.table.blocks_begun(talk_s - rate.free_s)
    for run in rate.table.runs:
        blocks = begun - run.blocks_before
        if blocks <= 0:
            return
        yield _run_line(rate, run, blocks if run.blocks is None else min(blocks, run.blocks))


def _run_line(rate: Rate, run: BlockRun, blocks: int) -> ChargeLine:
    from_s = rate.free_s + run.from_s
    return ChargeLine(
        LineKind.BLOCKS if run.blocks_before else LineKind.FIRST_BLOCK,
        run.stretch.block_amount * blocks,
        from_s,
        from_s + blocks * run.block_s,
        blocks,
        run.stretch.price_per_minute,
        run.stretch.window,
    )


def _adjustment_lines(
    rate: Rate, talk_s: int, lines: tuple[ChargeLine, ...]
) -> Iterator[ChargeLine]:
    """What surcharge, minimum, maximum and rounding each add, where they add anything."""
    denominator = rate.table.denominator
    scaled = rate.table.scaled_sum(talk_s - rate.free_s)
    before = sum((line.amount for line in lines), Fraction(0))
    after_each = {
        LineKind.SURCHARGE: Fraction(scaled, denominator),
        LineKind.MINIMUM: Fraction(
            max(scaled, rate.minimum_charge_micros * denominator), denominator
        ),
        LineKind.MAXIMUM: Fraction(_bounded(rate, scaled, denominator), denominator),
        LineKind.ROUNDING: Fraction(_booked_micros(rate, scaled)),
    }
    for kind, after in after_each.items():
        if after != before:
            yield ChargeLine(kind, after - before)
        before = after
