"""The blocks of a rate in each of its windows, worked out once, and their grid for one call."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from pbxcharge.core.block_terms import BlockTerms, Variant
from pbxcharge.core.money import MICROS
from pbxcharge.core.price_table import PriceTable, Stretch, price_table
from pbxcharge.core.windows import Timeline


@dataclass(frozen=True, slots=True)
class WindowBlocks:
    """What the terms of one window come to: its connect fee, first block, and next blocks.

    `following` has the blocks from the start of the grid on, then those of each step.
    """

    connect_fee_micros: int
    first: Stretch
    following: tuple[Stretch, ...]

    def starting(self, from_s: int, until_s: int | None) -> Iterator[tuple[int, Stretch]]:
        """The stretches whose blocks may start in [from_s, until_s), each with its first second."""
        at = bisect_right(self.following, from_s, key=_start_of) - 1
        yield from_s, self.following[at]
        for stretch in self.following[at + 1 :]:
            if until_s is not None and stretch.from_s >= until_s:
                return
            yield stretch.from_s, stretch


@dataclass(frozen=True, slots=True)
class BlockGrid:
    """The blocks of a rate: its own, and those of each window that it names.

    `scaled_micro` is a micro-unit with the surcharge in the scaled unit, 1/denominator of one.
    """

    denominator: int
    scaled_micro: int
    own: WindowBlocks
    by_window: Mapping[str, WindowBlocks]

    def table(self, clock: Timeline, free_s: int) -> PriceTable:
        """The price table of a call whose windows, by seconds since the answer, are these."""
        answered_in = self.by_window.get(clock.window_at(0), self.own)
        grid = clock.since(free_s) if free_s else clock
        return price_table(
            self.denominator,
            answered_in.connect_fee_micros,
            answered_in.connect_fee_micros * self.scaled_micro,
            tuple(self._stretches(grid.changes)),
        )

    def _stretches(self, changes: Sequence[tuple[int, str]]) -> Iterator[tuple[int, Stretch]]:
        for position, (from_s, window) in enumerate(changes):
            until_s = changes[position + 1][0] if position + 1 < len(changes) else None
            blocks = self.by_window.get(window, self.own)
            if from_s == 0:
                yield 0, blocks.first
            yield from blocks.starting(from_s, until_s)


def block_grid(
    own: BlockTerms, variants: Sequence[Variant], surcharge_percent: Fraction
) -> BlockGrid:
    """The blocks of a rate in one scaled unit, in which every price is a whole number."""
    terms = {"": own} | {variant.window: variant.applied_to(own) for variant in variants}
    # 100 % of the price and the surcharge, over 100 %.
    percent = surcharge_percent.denominator
    factor, over = 100 * percent + surcharge_percent.numerator, 100 * percent
    prices = {price.denominator for one in terms.values() for price in _prices(one)}
    denominator = 60 * over * lcm(*prices)
    unit = factor * (denominator // over)
    blocks = {window: _blocks(one, window, unit) for window, one in terms.items()}
    return BlockGrid(denominator, unit, blocks.pop(""), blocks)


def _prices(terms: BlockTerms) -> Iterator[Fraction]:
    steps = (step.price_per_minute for step in terms.steps)
    for price in (terms.price_per_minute, terms.first_price_per_minute, *steps):
        if price is not None:
            yield price


def _blocks(terms: BlockTerms, window: str, scaled_micro: int) -> WindowBlocks:
    return WindowBlocks(
        terms.connect_fee_micros,
        _first_block(terms, window, scaled_micro),
        tuple(_next_blocks(terms, window, scaled_micro)),
    )


def _first_block(terms: BlockTerms, window: str, scaled_micro: int) -> Stretch:
    amount = terms.first_amount_micros
    if amount is not None:
        return Stretch(0, terms.first_s, None, amount, amount * scaled_micro, window)
    price = terms.first_price_per_minute
    price = terms.price_per_minute if price is None else price
    return _timed(0, terms.first_s, price, window, scaled_micro)


def _next_blocks(terms: BlockTerms, window: str, scaled_micro: int) -> Iterator[Stretch]:
    price, block_s = terms.price_per_minute, terms.next_s
    yield _timed(0, block_s, price, window, scaled_micro)
    for step in terms.steps:
        price = price if step.price_per_minute is None else step.price_per_minute
        block_s = block_s if step.next_s is None else step.next_s
        yield _timed(step.from_s, block_s, price, window, scaled_micro)


def _timed(
    from_s: int, block_s: int, price_per_minute: Fraction, window: str, scaled_micro: int
) -> Stretch:
    # The scaled unit is a 60th of every price, so that nothing is left over.
    per_second = scaled_micro // (60 * price_per_minute.denominator)
    scaled = price_per_minute.numerator * MICROS * block_s * per_second
    return Stretch(from_s, block_s, price_per_minute, None, scaled, window)


def _start_of(stretch: Stretch) -> int:
    return stretch.from_s
