"""The terms of a rate: what a destination costs, as agreed, before any call is priced with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from pbxcharge.core.money import DECIMALS_MAX, MICROS, Rounding
from pbxcharge.core.price_table import PriceTable, Stretch, price_table

RULE_SET = 1
"""The number of the pricing rules; a change of a rule that changes any price raises it."""


class MaximumThen(StrEnum):
    """What happens to a call whose charge has reached the maximum: it goes on free, or it ends."""

    FREE = "free"
    HANG_UP = "hang_up"


@dataclass(frozen=True, slots=True)
class Step:
    """Another price or block length from the n-th second of the block grid on.

    Counts for blocks that start at `from_s` (1 or more) or later; None keeps what held before.
    130 s at 60/60 and 0.10 with a step at 90 s to 0.05: 0.10 + 0.10 + 0.05.
    """

    from_s: int
    price_per_minute: Fraction | None = None
    next_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The price row of a destination.

    Prices are exact fractions of units of the currency per minute, fees and bounds whole
    micro-units, times whole seconds. The first block costs its own price per minute, or a flat
    `first_amount_micros`, or else the price of the next blocks. `grace_s` is a threshold (a call
    not longer is free), `free_s` is subtracted.

    Raises ValueError, with one text per problem in `args`, for terms that no price follows from,
    or a price that could fall as the call goes on.
    """

    destination: str
    prefix: str
    price_per_minute: Fraction
    connect_fee_micros: int = 0
    first_s: int = 60
    next_s: int = 10
    first_price_per_minute: Fraction | None = None
    first_amount_micros: int | None = None
    steps: tuple[Step, ...] = ()
    free_s: int = 0
    grace_s: int = 0
    minimum_charge_micros: int = 0
    maximum_charge_micros: int | None = None
    maximum_then: MaximumThen = MaximumThen.FREE
    surcharge_percent: Fraction = Fraction(0)
    forbidden: bool = False
    rounding: Rounding = Rounding.AWAY_FROM_ZERO
    rounding_decimals: int = 4
    table: PriceTable = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        problems = rate_problems(self)
        if problems:
            raise ValueError(*problems)
        factor = 1 + self.surcharge_percent * Fraction(1, 100)
        table = price_table(self.connect_fee_micros, factor, tuple(_stretches(self)))
        # The value is frozen; its table follows from the other fields alone.
        object.__setattr__(self, "table", table)


def rate_problems(rate: Rate) -> tuple[str, ...]:
    """Every reason why no price, or none that only grows, follows from the terms of a rate."""
    return (*_amounts_below_zero(rate), *_times_out_of_range(rate), *_contradictions(rate))


def _amounts_below_zero(rate: Rate) -> Iterator[str]:
    amounts: dict[str, Fraction | int | None] = {
        "price_per_minute": rate.price_per_minute,
        "first_price_per_minute": rate.first_price_per_minute,
        "first_amount_micros": rate.first_amount_micros,
        "connect_fee_micros": rate.connect_fee_micros,
        "minimum_charge_micros": rate.minimum_charge_micros,
        "maximum_charge_micros": rate.maximum_charge_micros,
        "surcharge_percent": rate.surcharge_percent,
    }
    for step in rate.steps:
        amounts[f"price_per_minute of the step at {step.from_s} s"] = step.price_per_minute
    for name, amount in amounts.items():
        if amount is not None and amount < 0:
            yield f"{name} is below zero"


def _times_out_of_range(rate: Rate) -> Iterator[str]:
    at_least_one = {"first_s": rate.first_s, "next_s": rate.next_s}
    for step in rate.steps:
        at_least_one[f"from_s of the step at {step.from_s} s"] = step.from_s
        if step.next_s is not None:
            at_least_one[f"next_s of the step at {step.from_s} s"] = step.next_s
    for name, seconds in at_least_one.items():
        if seconds < 1:
            yield f"{name} is below 1"
    for name, seconds in {"free_s": rate.free_s, "grace_s": rate.grace_s}.items():
        if seconds < 0:
            yield f"{name} is below zero"


def _contradictions(rate: Rate) -> Iterator[str]:
    starts = [step.from_s for step in rate.steps]
    if any(later <= earlier for earlier, later in pairwise(starts)):
        yield "steps are not in rising order of from_s"
    if rate.first_amount_micros is not None and rate.first_price_per_minute is not None:
        yield "the first block has both an amount and a price per minute"
    if not 0 <= rate.rounding_decimals <= DECIMALS_MAX:
        yield f"rounding_decimals is not 0 to {DECIMALS_MAX}"


def _stretches(rate: Rate) -> Iterator[Stretch]:
    """The first block, the next blocks, and the blocks of each step, in the order of the grid."""
    yield _first_block(rate)
    price, block_s = rate.price_per_minute, rate.next_s
    yield _timed(0, block_s, price)
    for step in rate.steps:
        price = price if step.price_per_minute is None else step.price_per_minute
        block_s = block_s if step.next_s is None else step.next_s
        yield _timed(step.from_s, block_s, price)


def _first_block(rate: Rate) -> Stretch:
    if rate.first_amount_micros is not None:
        return Stretch(0, rate.first_s, Fraction(rate.first_amount_micros), None, blocks_max=1)
    price = rate.first_price_per_minute
    return _timed(0, rate.first_s, rate.price_per_minute if price is None else price, blocks_max=1)


def _timed(
    from_s: int, block_s: int, price_per_minute: Fraction, blocks_max: int | None = None
) -> Stretch:
    # Multiply first, divide by 60 once: the price of a block stays an exact fraction.
    amount = price_per_minute * (MICROS * block_s) * Fraction(1, 60)
    return Stretch(from_s, block_s, amount, price_per_minute, blocks_max)
