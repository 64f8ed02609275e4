"""The block grid of a call as runs of equal blocks, with everything a price needs added up once.

A run is a stretch of blocks with one length and one price. Whatever changes either of them begins
a new run, so the price of any number of seconds is one look-up and one multiplication, however
long the call is.

Amounts are whole numbers of a *scaled* micro-unit, 1/denominator of a micro-unit, in which every
price of the rate, with its surcharge, is a whole number.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pbxcharge.core.money import MICROS


@dataclass(frozen=True, slots=True)
class Stretch:
    """What holds for blocks that start at `from_s` of the grid or later.

    A block costs `price_per_minute` (units) for its length, or else the flat `amount_micros`;
    `scaled_block` is the same with the surcharge, in the scaled unit. `window` names the time
    window whose terms these are.
    """

    from_s: int
    block_s: int
    price_per_minute: Fraction | None
    amount_micros: int | None
    scaled_block: int
    window: str

    @property
    def block_amount(self) -> Fraction:
        """One block in micro-units, before any surcharge: 6 s at 0.10 a minute are 10_000."""
        if self.price_per_minute is None:
            return Fraction(self.amount_micros or 0)
        numerator = self.price_per_minute.numerator * MICROS * self.block_s
        return Fraction(numerator, self.price_per_minute.denominator * 60)


@dataclass(frozen=True, slots=True)
class BlockRun:
    """A run of equal blocks as it falls on the grid: the last run has no end (`blocks` None)."""

    from_s: int
    block_s: int
    blocks: int | None
    blocks_before: int
    scaled_before: int
    scaled_block: int
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The runs of a rate, its connect fee in micro-units, and that with the surcharge, scaled.

    `starts` and `counts` repeat each run's `from_s` and `blocks_before`, for bisection.
    """

    denominator: int
    connect_fee_micros: int
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
    denominator: int,
    connect_fee_micros: int,
    connect_fee_scaled: int,
    stretches: Sequence[tuple[int, Stretch]],
) -> PriceTable:
    """The price table of a call from its stretches, each with the second at which it begins.

    The first one is the first block, and one block only; the last one goes on for ever.
    """
    runs = tuple(_runs(connect_fee_scaled, stretches))
    return PriceTable(
        denominator,
        connect_fee_micros,
        connect_fee_scaled,
        runs,
        tuple(run.from_s for run in runs),
        tuple(run.blocks_before for run in runs),
    )


def _runs(fee_scaled: int, stretches: Sequence[tuple[int, Stretch]]) -> Iterator[BlockRun]:
    (_, first), *following = stretches
    yield BlockRun(0, first.block_s, 1, 0, fee_scaled, first.scaled_block, first)
    from_s, before, scaled = first.block_s, 1, fee_scaled + first.scaled_block
    ends = (*(start_s for start_s, _ in following[1:]), None)
    for (_, stretch), until_s in zip(following, ends, strict=True):
        block_s, price = stretch.block_s, stretch.scaled_block
        if until_s is None:
            yield BlockRun(from_s, block_s, None, before, scaled, price, stretch)
            return
        # A block that begins one second before the next stretch still runs to its own end.
        blocks = -((from_s - until_s) // block_s)
        if blocks > 0:
            yield BlockRun(from_s, block_s, blocks, before, scaled, price, stretch)
            from_s, before = from_s + blocks * block_s, before + blocks
            scaled += blocks * price
