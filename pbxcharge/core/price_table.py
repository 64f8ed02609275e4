"""The block grid of a call as runs of equal blocks, with everything a price needs added up once.

A run is a stretch of blocks with one length and one price. Whatever changes either of them begins
a new run, so the price of any number of seconds is one look-up and one multiplication, however
long the call is.

Amounts are whole numbers of a *scaled* micro-unit, 1/denominator of a micro-unit, in which every
price of the rate, with its surcharge, is a whole number.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm


@dataclass(frozen=True, slots=True)
class Stretch:
    """What holds for blocks that start at `from_s` or later, until the next stretch begins.

    `from_s` counts from the start of the grid. `block_amount` is the price of one block in
    micro-units before any surcharge; `price_per_minute` (units) is None for a flat amount.
    `blocks_max` bounds the stretch by a number of blocks: the first block is one.
    """

    from_s: int
    block_s: int
    block_amount: Fraction
    price_per_minute: Fraction | None
    blocks_max: int | None = None


@dataclass(frozen=True, slots=True)
class BlockRun:
    """A run of equal blocks as it falls on the grid: the last run has no end (`blocks` None)."""

    from_s: int
    block_s: int
    blocks: int | None
    block_amount: Fraction
    price_per_minute: Fraction | None
    blocks_before: int
    scaled_before: int
    scaled_block: int


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The runs of a rate, and its connect fee and denominator in the scaled unit.

    `starts` and `counts` repeat each run's `from_s` and `blocks_before`, for bisection.
    """

    denominator: int
    connect_fee_scaled: int
    runs: tuple[BlockRun, ...]
    starts: tuple[int, ...]
    counts: tuple[int, ...]

    def blocks_begun(self, grid_s: int) -> int:
        """Blocks that have begun after so many seconds of the grid: 61 s at 60/6 begins two."""
        if grid_s <= 0:
            return 0
        run = self.runs[bisect_left(self.starts, grid_s) - 1]
        return run.blocks_before - (run.from_s - grid_s) // run.block_s

    def block_end_s(self, blocks: int) -> int:
        """The second of the grid at which the n-th block ends: the second block of 60/6 at 66."""
        if blocks <= 0:
            return 0
        run = self.runs[bisect_left(self.counts, blocks) - 1]
        return run.from_s + (blocks - run.blocks_before) * run.block_s

    def scaled_sum(self, grid_s: int) -> int:
        """Connect fee and every begun block, with the surcharge, in the scaled unit."""
        if grid_s <= 0:
            return self.connect_fee_scaled
        run = self.runs[bisect_left(self.starts, grid_s) - 1]
        return run.scaled_before - (run.from_s - grid_s) // run.block_s * run.scaled_block

    def blocks_within(self, scaled: int) -> int | None:
        """The most blocks whose sum does not pass an amount, None when no number of them does.

        Raises ValueError when the connect fee alone passes it.
        """
        if self.connect_fee_scaled > scaled:
            raise ValueError("the connect fee alone passes the amount")
        run = self.runs[bisect_right(self.runs, scaled, key=lambda run: run.scaled_before) - 1]
        if run.scaled_block == 0:
            return None
        return run.blocks_before + (scaled - run.scaled_before) // run.scaled_block


def price_table(
    connect_fee_micros: int, surcharge_factor: Fraction, stretches: Sequence[Stretch]
) -> PriceTable:
    """The price table of a rate: the first stretch starts at 0, the last one has no `blocks_max`.

    `surcharge_factor` multiplies the connect fee and every block: 11/10 for a surcharge of 10 %.
    """
    fee = connect_fee_micros * surcharge_factor
    prices = [stretch.block_amount * surcharge_factor for stretch in stretches]
    denominator = lcm(fee.denominator, *(price.denominator for price in prices))
    fee_scaled = _scaled(fee, denominator)
    runs = tuple(_runs(fee_scaled, stretches, [_scaled(price, denominator) for price in prices]))
    return PriceTable(
        denominator,
        fee_scaled,
        runs,
        tuple(run.from_s for run in runs),
        tuple(run.blocks_before for run in runs),
    )


def _runs(
    fee_scaled: int, stretches: Sequence[Stretch], block_prices: Sequence[int]
) -> Iterable[BlockRun]:
    from_s, blocks_before, scaled_before = 0, 0, fee_scaled
    for position, stretch in enumerate(stretches):
        following = stretches[position + 1] if position + 1 < len(stretches) else None
        blocks = _blocks_of(stretch, following, from_s)
        if blocks == 0:
            continue
        scaled_block = block_prices[position]
        yield BlockRun(
            from_s,
            stretch.block_s,
            blocks,
            stretch.block_amount,
            stretch.price_per_minute,
            blocks_before,
            scaled_before,
            scaled_block,
        )
        # Only the last stretch is without an end, so what is added for it is never used.
        from_s += (blocks or 0) * stretch.block_s
        blocks_before += blocks or 0
        scaled_before += (blocks or 0) * scaled_block


def _blocks_of(stretch: Stretch, following: Stretch | None, from_s: int) -> int | None:
    """Blocks that start before the following stretch does; None without a following stretch."""
    if stretch.blocks_max is not None:
        return stretch.blocks_max
    if following is None:
        return None
    # A block that begins one second before the step still runs to its own end at its own price.
    return max(0, -((from_s - following.from_s) // stretch.block_s))


def _scaled(amount: Fraction, denominator: int) -> int:
    return amount.numerator * (denominator // amount.denominator)
