"""The price of covered talk: what quotas take off the blocks, then the rest as of any talk.

The connect fee is asked all the same: minutes are included, not the connection. So is the minimum
charge, unless all of the talk that is billed is free. What a quota takes off a block it takes off
its surcharge, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pbxcharge.core import rate as of_rate
from pbxcharge.core.charge import Charge, ChargeLine, LineKind
from pbxcharge.core.coverage import Costs, Coverage, taken_off
from pbxcharge.core.money import Rounding, round_micros
from pbxcharge.core.rate_terms import Rate

_AFTER_ALLOWANCES = frozenset({LineKind.MINIMUM, LineKind.MAXIMUM, LineKind.ROUNDING})


@dataclass(frozen=True, slots=True)
class Bounds:
    """What becomes of the sum of a charge: see the fields of a rate."""

    opening_micros: Fraction
    minimum_micros: int
    maximum_micros: int | None
    rounding: Rounding
    decimals: int


@dataclass(frozen=True, slots=True)
class RateCosts:
    """What a rate asks before any discount: see coverage.Costs."""

    rate: Rate

    @property
    def grid_s(self) -> int:
        """Blocks begin after the free seconds."""
        return self.rate.free_s

    @property
    def grace_s(self) -> int:
        """Talk that the rate forgives."""
        return self.rate.grace_s

    def cost(self, talk_s: int) -> Fraction:
        """Micro-units of the blocks that have begun, with their surcharge."""
        table = self.rate.table
        scaled = table.scaled_sum(talk_s - self.rate.free_s) - table.connect_fee_scaled
        return Fraction(scaled, table.denominator)

    def block_start(self, talk_s: int) -> int:
        """The start of the block in which a second lies."""
        return of_rate.block_start(self.rate, talk_s)

    def block_end(self, talk_s: int) -> int:
        """Talk rounded up to whole blocks."""
        return of_rate.block_end(self.rate, talk_s)

    @property
    def bounds(self) -> Bounds:
        """The rate's own."""
        rate, table = self.rate, self.rate.table
        return Bounds(
            Fraction(table.connect_fee_scaled, table.denominator),
            rate.minimum_charge_micros,
            rate.maximum_charge_micros,
            rate.rounding,
            rate.rounding_decimals,
        )


def covered_micros(costs: Costs, bounds: Bounds, spans: Coverage, talk_s: int) -> int:
    """What talk costs of which quotas take something off.

    8 minutes at 0.10 a minute, 2 of them free: 0.60.
    """
    *_, (_, booked) = _sums(costs, bounds, spans, talk_s)
    return int(booked)


def covered_charge(
    costs: Costs, bounds: Bounds, spans: Coverage, talk_s: int, whole: Charge
) -> Charge:
    """What covered talk costs, line by line: those of the quotas follow the others.

    Args:
        costs: before any discount.
        bounds: of the sum.
        spans: what is covered.
        talk_s: seconds of talk.
        whole: what it costs without quotas.
    """
    taken = taken_off(costs, spans, talk_s)
    asked = tuple(line for line in whole.lines if line.kind not in _AFTER_ALLOWANCES)
    sums = list(_sums(costs, bounds, spans, talk_s))
    lines = (*asked, *taken.lines, *_steps(sums))
    return Charge(int(sums[-1][1]), whole.billed_s, whole.free_s, lines)


def _sums(
    costs: Costs, bounds: Bounds, spans: Coverage, talk_s: int
) -> Iterator[tuple[LineKind, Fraction]]:
    """The sum after the quotas, and after each thing that may still change it."""
    taken = taken_off(costs, spans, talk_s)
    left = bounds.opening_micros + costs.cost(talk_s) - taken.micros
    yield LineKind.ALLOWANCE, left
    if not taken.all_free:
        left = max(left, Fraction(bounds.minimum_micros))
    yield LineKind.MINIMUM, left
    if bounds.maximum_micros is not None:
        left = min(left, Fraction(bounds.maximum_micros))
    yield LineKind.MAXIMUM, left
    yield LineKind.ROUNDING, Fraction(round_micros(left, bounds.rounding, bounds.decimals))


def _steps(sums: list[tuple[LineKind, Fraction]]) -> Iterator[ChargeLine]:
    for (_, before), (kind, after) in pairwise(sums):
        if after != before:
            yield ChargeLine(kind, after - before)
