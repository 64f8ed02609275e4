"""The part of a rate that its blocks follow from, and what a time window changes in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Final

from pbxcharge.core.money import MICROS
from pbxcharge.core.price_table import Stretch
from pbxcharge.core.windows import Timeline

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


def stretches(timeline: Timeline, terms_in: Callable[[str], BlockTerms]) -> Iterator[Stretch]:
    """The first block, then the next blocks of each window and step, in the order of the grid.

    The timeline is counted from the start of the grid.
    """
    ends = (*(at_s for at_s, _ in timeline.changes[1:]), None)
    for (from_s, window), until_s in zip(timeline.changes, ends, strict=True):
        terms = terms_in(window)
        if from_s == 0:
            yield _first_block(terms, window)
        yield from _next_blocks(terms, window, from_s, until_s)


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


def _first_block(terms: BlockTerms, window: str) -> Stretch:
    amount = terms.first_amount_micros
    if amount is not None:
        return Stretch(0, terms.first_s, Fraction(amount), None, blocks_max=1, window=window)
    price = terms.first_price_per_minute
    price = terms.price_per_minute if price is None else price
    return _timed(0, terms.first_s, price, window, blocks_max=1)


def _next_blocks(
    terms: BlockTerms, window: str, from_s: int, until_s: int | None
) -> Iterator[Stretch]:
    """One stretch for each step whose blocks may start in [from_s, until_s)."""
    price, block_s = terms.price_per_minute, terms.next_s
    for step in terms.steps:
        if until_s is not None and step.from_s >= until_s:
            break
        if step.from_s > from_s:
            yield _timed(from_s, block_s, price, window)
            from_s = step.from_s
        price = price if step.price_per_minute is None else step.price_per_minute
        block_s = block_s if step.next_s is None else step.next_s
    yield _timed(from_s, block_s, price, window)


def _timed(
    from_s: int,
    block_s: int,
    price_per_minute: Fraction,
    window: str,
    blocks_max: int | None = None,
) -> Stretch:
    # Multiply first, divide by 60 once: the price of a block stays an exact fraction.
    numerator = price_per_minute.numerator * MICROS * block_s
    amount = Fraction(numerator, price_per_minute.denominator * 60)
    return Stretch(from_s, block_s, amount, price_per_minute, blocks_max, window)
