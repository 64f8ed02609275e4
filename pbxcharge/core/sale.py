"""Sales: what follows from the plans, rates and trunks of a call alone, whoever calls whom.

Nearly all calls are sold like others before them, so this is worked out once for each of the sets
of plan and rate that are asked for. Only a call whose price changes with the hour of its answer is
worked out by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from pbxcharge.core.circumstances import Circumstances
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import Plan
from pbxcharge.core.price import (
    Dearest,
    Price,
    Rate,
    Relative,
    RelativeTerms,
    block_end,
    charge_micros,
    hang_up_limit_s,
    longest_talk_s,
    next_block_end,
    passes_price,
)
from pbxcharge.core.pricing import limit_s, moment, prices
from pbxcharge.core.product import SLICES, Overdraft, OverdraftMode
from pbxcharge.core.rating import RatedLevel, RatedTrunk, Rating
from pbxcharge.core.windows import NO_WINDOWS, Timeline

SALES_KEPT: Final = 8192


@dataclass(frozen=True, slots=True)
class SoldLevel:
    """A charged level: its plan, what that prices the call by, and when which window is valid."""

    plan: Plan
    rate: Rate | RelativeTerms
    hours: Timeline = NO_WINDOWS


@dataclass(frozen=True, slots=True)
class Sale:
    """How a call is sold at every level.

    Args:
        rating: by what its levels pay.
        prices: of each level, as long as it is not known when and by whom the call is answered.
        limit_s: the longest talk that plan and maximum charge leave.
        least_s: connect fee and first segment at every level pay for talk up to here.
        want_s: a whole first slice.
        too_dear: the first level whose plan does not let it pay so much, by its number.
    """

    rating: Rating
    prices: tuple[Price, ...]
    limit_s: int
    least_s: int
    want_s: int
    too_dear: int | None


def sale(
    levels: Sequence[SoldLevel],
    trunks: tuple[RatedTrunk, ...],
    asked: Circumstances,
    overdraft: Overdraft = SLICES,
) -> Sale:
    """How a call is sold by these plans and rates, over one of these trunks.

    A price counts as too high if it is so at any hour at which the call may last.

    Args:
        levels: who pays, the caller's own level first.
        trunks: that may carry it.
        asked: when.
        overdraft: how much the call holds of the caller's own credit.
    """
    if any(len(level.hours.changes) > 1 for level in levels):
        return _sale(levels, trunks, overdraft, asked.at_s, asked.answer_within_s)
    return _at_any_hour(_Same(levels, trunks, overdraft))


class _Same:
    """Plans, rates and trunks by their identity: contents are far slower to compare."""

    __slots__ = ("_hash", "_names", "levels", "overdraft", "trunks")

    def __init__(
        self, levels: Sequence[SoldLevel], trunks: tuple[RatedTrunk, ...], overdraft: Overdraft
    ) -> None:
        self.levels, self.trunks, self.overdraft = levels, trunks, overdraft
        # What is kept is kept with its plans and rates, so no other ones get their ids meanwhile.
        self._names = (
            *((id(level.plan), id(level.rate), level.hours.changes) for level in levels),
            *((trunk.name, trunk.deck_version, id(trunk.rate)) for trunk in trunks),
            *((overdraft.mode, overdraft.amount_micros) if overdraft is not SLICES else ()),
        )
        self._hash = hash(self._names)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._names == other._names


@lru_cache(maxsize=SALES_KEPT)
def _at_any_hour(same: _Same) -> Sale:
    return _sale(same.levels, same.trunks, same.overdraft, 0, 0)


def _sale(
    levels: Sequence[SoldLevel],
    trunks: tuple[RatedTrunk, ...],
    overdraft: Overdraft,
    at_s: int,
    within_s: int,
) -> Sale:
    terms = levels[0].plan.terms
    rating = Rating(
        tuple(_rated(level) for level in levels), terms, trunks=trunks, answer_within_s=within_s
    )
    at = moment(rating, at_s * MICROS, None, None)
    priced, longest_s = prices(rating, at), limit_s(rating, at)
    dear = (n for n, level in enumerate(levels) if _too_dear(level.plan, priced[n]))
    least_s, want_s = first_slice_s(priced, terms.slice_s, longest_s)
    found = Sale(rating, priced, longest_s, least_s, want_s, next(dear, None))
    return found if overdraft == SLICES else _protected(found, overdraft)


def _protected(plain: Sale, overdraft: Overdraft) -> Sale:
    """The sale with another first slice, and later ones of the same length.

    At 0.10 a minute and 60/60 an amount of 1.00 makes slices of 600 s, and the first of them is
    there or the call is refused; all funds make one of the longest call, of which as much is held
    as there is. A call that costs nothing has nothing to hold.
    """
    own, longest_s = plain.prices[0], plain.limit_s
    if charge_micros(own, longest_s) == 0:
        return plain
    least_s, slice_s = plain.least_s, longest_s
    if overdraft.mode is OverdraftMode.AMOUNT:
        # The talk that costs less than the amount, and the block that begins then.
        below_s = longest_talk_s(own, overdraft.amount_micros - 1, longest_s)
        least_s = max(least_s, min(next_block_end(own, below_s), longest_s))
        slice_s = least_s
    terms = plain.rating.terms
    slice_s = max(slice_s, terms.slice_s)
    rating = replace(plain.rating, terms=replace(terms, slice_s=slice_s))
    want_s = max(least_s, plain.want_s, min(block_end(own, slice_s), longest_s))
    return replace(plain, rating=rating, least_s=least_s, want_s=want_s)


def _rated(level: SoldLevel) -> RatedLevel:
    plan = level.plan
    return RatedLevel(plan.name, plan.version, level.rate, plan.account_limits, level.hours)


def _too_dear(plan: Plan, price: Price) -> bool:
    """Whether a minute costs more than the plan lets it, or the connect fee than its maximum."""
    most = plan.price_per_minute_max
    return (most is not None and passes_price(price, most)) or hang_up_limit_s(price) == 0


def first_slice_s(prices: Sequence[Price], slice_s: int, limit_s: int) -> tuple[int, int]:
    """The least and the wanted paid talk of a first slice, in whole blocks of the caller's own.

    60/6 and slices of 60 s: at least 60 s, wanted 60 s. With 30 free seconds at least 90 s, since
    connect fee and first segment must be there; a grace forgives a call, it does not open one.
    """
    own = prices[0]
    first_s = max(next_block_end(price, _unpaid_s(price)) for price in prices)
    least_s = min(block_end(own, first_s), limit_s)
    return least_s, max(least_s, min(block_end(own, slice_s), limit_s))


def _unpaid_s(price: Price | None) -> int:
    """Seconds at the beginning for which nothing is charged, here or in what is charged above."""
    match price:
        case Rate():
            return max(price.free_s, price.grace_s)
        case Dearest():
            return max(_unpaid_s(candidate) for candidate in price.candidates)
        case Relative():
            return _unpaid_s(price.above)
        case None:
            return 0
