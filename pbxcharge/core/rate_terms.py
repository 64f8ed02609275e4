"""The terms of a rate: what a destination costs, as agreed, before any call is priced with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Final

from pbxcharge.core.block_grid import BlockGrid, block_grid
from pbxcharge.core.block_terms import BlockTerms, Step, Variant, block_problems
from pbxcharge.core.money import DECIMALS_MAX, Rounding
from pbxcharge.core.price_table import PriceTable
from pbxcharge.core.windows import NO_WINDOWS, Timeline

__all__ = ["RULE_SET", "MaximumThen", "Rate", "Step", "Variant", "rate_problems"]

_PLACED_MAX: Final = 4096
"""Rates kept for the hours they are asked at, so that a live call is not placed at each step."""

RULE_SET = 1
"""The number of the pricing rules; a change of a rule that changes any price raises it."""


class MaximumThen(StrEnum):
    """What happens to a call whose charge has reached the maximum: it goes on free, or it ends."""

    FREE = "free"
    HANG_UP = "hang_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The price row of a destination.

    Prices are exact fractions of units of the currency per minute, fees and bounds whole
    micro-units, times whole seconds. The first block costs its own price per minute, or a flat
    `first_amount_micros`, or else the price of the next blocks. `grace_s` is a threshold (a call
    not longer is free), `free_s` is subtracted. `variants` are the terms of time windows.

    A rate with variants is priced as `at` places it. `clock` is what that set: the windows by
    seconds since the answer; without it the rate has its own terms at all times.

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
    variants: tuple[Variant, ...] = ()
    clock: Timeline = NO_WINDOWS
    grid: BlockGrid = field(init=False, repr=False, compare=False)
    table: PriceTable = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        problems = rate_problems(self)
        if problems:
            raise ValueError(*problems)
        # The value is frozen; its blocks follow from the other fields alone.
        grid = block_grid(_own_blocks(self), self.variants, self.surcharge_percent)
        object.__setattr__(self, "grid", grid)
        object.__setattr__(self, "table", grid.table(self.clock, self.free_s))

    def at(self, timeline: Timeline, answered_s: int) -> "Rate":
        """The rate of a call that is answered at a UTC second of the epoch.

        The connect fee is that of the window valid at the answer; each block takes price and
        length of the window valid at its first second. 0.10 a minute at 60/60, and 0.05 in the
        evening: answered at 17:59:30, 61 s cost 0.10 + 0.05.
        """
        if not self.variants:
            return self
        named = frozenset(variant.window for variant in self.variants)
        clock = timeline.since(answered_s).naming(named)
        return self if clock == self.clock else _placed(self, clock)


_FIELDS: Final = tuple(one.name for one in fields(Rate))


@lru_cache(maxsize=_PLACED_MAX)
def _placed(rate: Rate, clock: Timeline) -> Rate:
    # Not by `replace`: the terms have been checked, and their blocks worked out.
    placed = object.__new__(Rate)
    for name in _FIELDS:
        object.__setattr__(placed, name, getattr(rate, name))
    object.__setattr__(placed, "clock", clock)
    object.__setattr__(placed, "table", rate.grid.table(clock, rate.free_s))
    return placed


def _own_blocks(rate: Rate) -> BlockTerms:
    return BlockTerms(
        rate.price_per_minute,
        rate.connect_fee_micros,
        rate.first_s,
        rate.next_s,
        rate.first_price_per_minute,
        rate.first_amount_micros,
        rate.steps,
    )


def rate_problems(rate: Rate) -> tuple[str, ...]:
    """Every reason why no price, or none that only grows, follows from the terms of a rate."""
    own = _own_blocks(rate)
    return (*block_problems(own), *_problems_of_the_whole(rate), *_problems_in_windows(rate, own))


def _problems_of_the_whole(rate: Rate) -> Iterator[str]:
    not_below_zero: dict[str, Fraction | int] = {
        "minimum_charge_micros": rate.minimum_charge_micros,
        "maximum_charge_micros": rate.maximum_charge_micros or 0,
        "surcharge_percent": rate.surcharge_percent,
        "free_s": rate.free_s,
        "grace_s": rate.grace_s,
    }
    for name, value in not_below_zero.items():
        if value < 0:
            yield f"{name} is below zero"
    if not 0 <= rate.rounding_decimals <= DECIMALS_MAX:
        yield f"rounding_decimals is not 0 to {DECIMALS_MAX}"


def _problems_in_windows(rate: Rate, own: BlockTerms) -> Iterator[str]:
    names = [variant.window for variant in rate.variants]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"time window {name} is changed twice"
    for variant in rate.variants:
        if not variant.window:
            yield "a variant names no time window"
        if (variant.first_s is None) != (variant.next_s is None):
            yield f"first_s and next_s are a pair, also in time window {variant.window}"
        known = set(block_problems(own))
        for problem in block_problems(variant.applied_to(own)):
            if problem not in known:
                yield f"{problem} in time window {variant.window}"
