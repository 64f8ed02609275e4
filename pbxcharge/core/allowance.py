"""Included minutes, free packages and volume discounts: what of a call costs less, and how much.

All three are one thing, a quota: it counts the talk to some destinations in each billing period of
the customer, and from how much on which discount is given. A tier with 100 % is free talk.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from pbxcharge.core.measure import Measure
from pbxcharge.core.money import AMOUNT_MAX_MICROS
from pbxcharge.core.tariff import Prefixes

EVERYWHERE: Final = Prefixes(frozenset({""}))
ROLL_OVERS_MAX: Final = 24


@dataclass(frozen=True, slots=True)
class Tier:
    """A discount, from so much use in the period on until the next tier begins.

    Args:
        from_used: seconds or micro-units.
        discount_percent: 0 to 100; 100 is free.
    """

    from_used: int
    discount_percent: Fraction


@dataclass(frozen=True, slots=True)
class Quota:
    """Talk that costs less, as an admin wrote it.

    100 minutes to Germany: the tiers 100 % from 0 and 0 % from 6000 s. Before the first tier
    nothing is given; the last one has no end.

    Args:
        name: unique in its product.
        shown_name: the name that users see in the lines of their calls.
        measure: what is counted.
        tiers: from how much use on which discount, in rising order.
        destinations: leading digits, or pseudo-destinations such as `@local`.
        rolls_over: in so many more periods what is left of one may be used.

    Raises ValueError, with one text per problem in `args`.
    """

    name: str
    shown_name: str
    measure: Measure
    tiers: tuple[Tier, ...]
    destinations: Prefixes = EVERYWHERE
    rolls_over: int = 0

    def __post_init__(self) -> None:
        problems = tuple(_problems(self))
        if problems:
            raise ValueError(*problems)

    @property
    def included(self) -> int:
        """How much a period has until the last tier: what may be left of it, and rolls over."""
        return self.tiers[-1].from_used

    @property
    def endless(self) -> bool:
        """Whether the last tier still gives something, however much was used."""
        return self.tiers[-1].discount_percent > 0

    def counts(self, priced: str) -> bool:
        """Whether calls that are priced so are among its destinations; see plan.priced_as."""
        return self.destinations.match(priced) is not None

    def tier_at(self, used: int) -> tuple[Fraction, int | None]:
        """The part of the price that is taken off after so much use, and where the tier ends.

        100 minutes included, 58 used: 1, and 6000 s. With none to follow the end is None.
        """
        return tier_at(self.tiers, used)


def tier_at(tiers: Sequence[Tier], used: int) -> tuple[Fraction, int | None]:
    """The part of the price that is taken off after so much use, and where the tier ends."""
    place = bisect_right(tiers, used, key=lambda tier: tier.from_used)
    until = tiers[place].from_used if place < len(tiers) else None
    given = tiers[place - 1].discount_percent if place else Fraction(0)
    return Fraction(given, 100), until


def included(
    name: str,
    shown_name: str,
    measure: Measure,
    amount: int,
    destinations: Prefixes = EVERYWHERE,
    rolls_over: int = 0,
) -> Quota:
    """A free package: so many seconds, or micro-units, that cost nothing."""
    tiers = (Tier(0, Fraction(100)), Tier(amount, Fraction(0)))
    return Quota(name, shown_name, measure, tiers, destinations, rolls_over)


def _problems(quota: Quota) -> Iterator[str]:
    if not quota.name:
        yield "a quota has no name"
    if not 0 <= quota.rolls_over <= ROLL_OVERS_MAX:
        yield f"rolls_over is not 0 to {ROLL_OVERS_MAX}"
    if not quota.destinations.digits:
        yield "no destinations"
    yield from _tier_problems(quota.tiers)
    if quota.rolls_over and quota.tiers and not quota.included:
        yield "nothing can be left to roll over: the only tier has no end"


def _tier_problems(tiers: Sequence[Tier]) -> Iterator[str]:
    if not any(tier.discount_percent for tier in tiers):
        yield "no tier gives a discount"
    if any(later.from_used <= earlier.from_used for earlier, later in pairwise(tiers)):
        yield "the tiers do not rise"
    for tier in tiers:
        if not 0 <= tier.discount_percent <= 100:
            yield f"a discount of {tier.discount_percent} % is not 0 to 100 %"
        if not 0 <= tier.from_used <= AMOUNT_MAX_MICROS:
            yield f"a tier from {tier.from_used} on is not 0 to {AMOUNT_MAX_MICROS}"
