"""The part of a rate that its blocks follow from, and what a time window changes in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Final

_FIRST_BLOCK: Final = frozenset({"first_price_per_minute", "first_amount_micros"})
_VARIED: Final = (
    *("price_per_minute", "connect_fee_micros", "first_s", "next_s"),
    *("first_price_per_minute", "first_amount_micros", "steps"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """Another price or block length from the n-th second of the block grid on.

    Counts for blocks that start at `from_s` (1 or more) or later; None keeps what held before.
    130 s at 60/60 and 0.10 with a step at 90 s to 0.05: 0.10 + 0.10 + 0.05.
    """

    from_s: int
    price_per_minute: Fraction | None = None
    next_s: int | None = None


@dataclass(frozen=True, slots=True)
class BlockTerms:
    """Connect fee, blocks and their prices, as they are in one window.

    The first block costs its own price per minute, or a flat `first_amount_micros`, or else the
    price of the next blocks.
    """

    price_per_minute: Fraction
    connect_fee_micros: int
    first_s: int
    next_s: int
    first_price_per_minute: Fraction | None
    first_amount_micros: int | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What a time window changes in a rate; None keeps what the rate itself says.

    `first_s` and `next_s` are a pair. Of the first block's price and amount, naming one clears the
    other. 0.10 a minute, and 0.05 in the window evening: `Variant(window="evening",
    price_per_minute=Fraction(1, 20))`.
    """

    window: str
    price_per_minute: Fraction | None = None
    connect_fee_micros: int | None = None
    first_s: int | None = None
    next_s: int | None = None
    first_price_per_minute: Fraction | None = None
    first_amount_micros: int | None = None
    steps: tuple[Step, ...] | None = None

    def applied_to(self, own: BlockTerms) -> BlockTerms:
        """The terms of a rate as they are in this window."""
        named = {name: getattr(self, name) for name in _VARIED}
        changed = {name: value for name, value in named.items() if value is not None}
        if not _FIRST_BLOCK.isdisjoint(changed):
            changed = dict.fromkeys(_FIRST_BLOCK) | changed
        return replace(own, **changed)


def block_problems(terms: BlockTerms) -> Iterator[str]:
    """Every reason why no price, or none that only grows, follows from the terms of blocks."""
    yield from _amounts_below_zero(terms)
    yield from _times_below_one(terms)
    starts = [step.from_s for step in terms.steps]
    if any(later <= earlier for earlier, later in pairwise(starts)):
        yield "steps are not in rising order of from_s"
    if terms.first_amount_micros is not None and terms.first_price_per_minute is not None:
        yield "the first block has both an amount and a price per minute"


def _amounts_below_zero(terms: BlockTerms) -> Iterator[str]:
    amounts: dict[str, Fraction | int | None] = {
        "price_per_minute": terms.price_per_minute,
        "first_price_per_minute": terms.first_price_per_minute,
        "first_amount_micros": terms.first_amount_micros,
        "connect_fee_micros": terms.connect_fee_micros,
    }
    for step in terms.steps:
        amounts[f"price_per_minute of the step at {step.from_s} s"] = step.price_per_minute
    for name, amount in amounts.items():
        if amount is not None and amount < 0:
            yield f"{name} is below zero"


def _times_below_one(terms: BlockTerms) -> Iterator[str]:
    at_least_one = {"first_s": terms.first_s, "next_s": terms.next_s}
    for step in terms.steps:
        at_least_one[f"from_s of the step at {step.from_s} s"] = step.from_s
        if step.next_s is not None:
            at_least_one[f"next_s of the step at {step.from_s} s"] = step.next_s
    for name, seconds in at_least_one.items():
        if seconds < 1:
            yield f"{name} is below 1"
