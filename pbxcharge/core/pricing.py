"""The prices of a call at a moment: whatever asks what a call costs, or has cost, asks here.

What a call costs may depend on the second of its answer and on the trunk that carries it. As long
as these are not known, it is priced by the dearest of all that they may become; once they are, by
what they are. So what is held for the first slice covers whatever comes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pbxcharge.core.cdr import Cdr
from pbxcharge.core.coverage import Coverage, of_level, uses
from pbxcharge.core.money import AMOUNT_MAX_MICROS, MICROS
from pbxcharge.core.price import (
    AnyPrice,
    Charge,
    Price,
    Rate,
    RelativeTerms,
    charge,
    charge_micros,
    costs_of,
    covered,
)
from pbxcharge.core.price_chain import Answer, Priced, RatedTrunk, priced_chain
from pbxcharge.core.rating import RatedLevel, Rating

PRICED_MAX: Final = 8192
"""Calls whose prices are kept; the others are worked out again when they are asked for."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of a call's answer.

    Args:
        from_s: the first UTC second that the answer may have.
        until_s: the last one; the same once it is known.
        trunk: who carries the call; None if that is not known.
    """

    from_s: int
    until_s: int
    trunk: str | None = None


ANY_MOMENT: Final = Moment(0, 0)
"""Of a call that costs the same whenever it is answered, and whoever carries it."""


def moment(
    rating: Rating, setup_at_us: int, answered_at_us: int | None, trunk: str | None
) -> Moment:
    """What is known of the answer of a call that was set up at this instant.

    An answer counts from the next whole second on: one at 17:59:59.2 is one of the evening that
    begins at 18:00. One outside the time in which the call could be answered counts as at its
    edge, so that no call costs more than what was held for it.
    """
    if rating.fixed is not None:
        return ANY_MOMENT
    if not rating.timed:
        return Moment(0, 0, trunk)
    from_s = setup_at_us // MICROS
    until_s = from_s + rating.answer_within_s
    if answered_at_us is not None:
        from_s = until_s = min(max(-(-answered_at_us // MICROS), from_s), until_s)
    return Moment(from_s, until_s, trunk)


def final_moment(
    rating: Rating, setup_at_us: int, answered_at_us: int | None, trunk: str | None
) -> Moment:
    """The moment by which a call is charged: carried by an unknown trunk, it is the first one."""
    carrier = carrying(rating, trunk)
    return moment(rating, setup_at_us, answered_at_us, carrier.name if carrier else None)


def moment_of_record(cdr: Cdr, rating: Rating) -> Moment:
    """The moment by which the call of a record was charged."""
    return final_moment(rating, cdr.setup_at_us, cdr.answered_at_us, cdr.trunk)


def carrying(rating: Rating, trunk: str | None) -> RatedTrunk | None:
    """The offered trunk of this name, else the first; None if none has a deck."""
    named = (each for each in rating.trunks if each.name == trunk)
    return next(named, rating.trunks[0] if rating.trunks else None)


def destination(rating: Rating, level: RatedLevel, trunk: str | None) -> str:
    """What a level calls the place that was called.

    One margin for all public numbers has no name for any of them: then it is the carrier's.
    """
    carrier = carrying(rating, trunk)
    named = carrier.rate.destination if carrier is not None and carrier.rate is not None else ""
    return level.rate.destination or named


def cost_micros(rating: Rating, trunk: str | None, talk_s: int) -> int | None:
    """What the carrier asks for so many seconds; None where no deck says it.

    Nothing is held for it, so a mad price would pass what the books can store: it ends at the
    largest amount, 10^12 units.
    """
    carrier = carrying(rating, trunk)
    if carrier is None or carrier.rate is None:
        return None
    return min(charge_micros(carrier.rate, talk_s), AMOUNT_MAX_MICROS)


def carrier_deck(rating: Rating, trunk: str | None) -> tuple[str | None, str | None]:
    """The deck that says what the carrier asks, and its version; None where none does."""
    carrier = carrying(rating, trunk)
    if carrier is None:
        return None, None
    return carrier.deck or None, carrier.deck_version or None


def prices(rating: Rating, at: Moment) -> tuple[Price, ...]:
    """The price of each charged level at a moment, the caller's own first."""
    return (rating.fixed or _priced(rating, at)).prices


def covered_prices(
    rating: Rating, at: Moment, coverage: tuple[Coverage, ...]
) -> tuple[AnyPrice, ...]:
    """The prices with what quotas take off at each level that has any."""
    found = prices(rating, at)
    if not coverage:
        return found
    return tuple(covered(price, of_level(coverage, level)) for level, price in enumerate(found))


def charges(
    rating: Rating, at: Moment, coverage: tuple[Coverage, ...], talk_s: int
) -> tuple[Charge, ...]:
    """The charge of each level for so much talk, line by line."""
    return tuple(charge(price, talk_s) for price in covered_prices(rating, at, coverage))


def quota_uses(
    rating: Rating, at: Moment, coverage: tuple[Coverage, ...], talk_s: int
) -> dict[str, int]:
    """What so much talk uses up in the wallet of each quota, of all levels."""
    found: dict[str, int] = {}
    for price, spans in zip(prices(rating, at), coverage, strict=False):
        found |= uses(costs_of(price), spans, talk_s)
    return found


def limit_s(rating: Rating, at: Moment) -> int:
    """The longest talk that the plan and every maximum charge with `hang_up` leave."""
    return (rating.fixed or _priced(rating, at)).limit_s


@lru_cache(maxsize=PRICED_MAX)
def _priced(rating: Rating, at: Moment) -> Priced:
    return priced_chain(rating.levels, tuple(_answers(rating, at)), rating.terms.call_max_s)


def _answers(rating: Rating, at: Moment) -> Iterator[Answer]:
    """Every answer that may come and makes a difference to the first slice."""
    offered = [trunk for trunk in rating.trunks if trunk.name == at.trunk] or rating.trunks
    costs = tuple(dict.fromkeys(trunk.rate for trunk in offered)) if rating.by_cost else ()
    for second in _seconds(rating, at):
        for cost in costs or (None,):
            yield Answer(second, cost)


def _seconds(rating: Rating, at: Moment) -> Iterator[int]:
    """The first second; each at which another window begins, or begins within the first slice."""
    yield at.from_s
    if at.until_s == at.from_s:
        return
    changes = sorted(_changes(rating))
    reach_s = _first_slice_max_s(rating)
    for second in range(at.from_s + 1, at.until_s + 1):
        if any(second <= change < second + reach_s for change in changes):
            yield second


def _changes(rating: Rating) -> set[int]:
    return {second for level in rating.levels for second, _ in level.timeline.changes[1:]}


def _first_slice_max_s(rating: Rating) -> int:
    """No first slice is longer: a slice, what is free, and two of the longest blocks.

    What is free to the carrier's deck is so, too, to whoever sells at what it asks.
    """
    rates = [level.rate for level in rating.levels]
    costs = [trunk.rate for trunk in rating.trunks if trunk.rate is not None]
    free_s = max(_free_s(rate) for rate in (*rates, *costs))
    return rating.terms.slice_s + free_s + 2 * max(max(_block_lengths(rate)) for rate in rates)


def _free_s(rate: Rate | RelativeTerms) -> int:
    return max(rate.free_s, rate.grace_s) if isinstance(rate, Rate) else 0


def _block_lengths(rate: Rate | RelativeTerms) -> Iterator[int]:
    yield from (rate.first_s, rate.next_s)
    if isinstance(rate, Rate):
        steps = [*rate.steps, *(step for variant in rate.variants for step in variant.steps or ())]
        yield from (step.next_s or 0 for step in steps)
        yield from (variant.first_s or 0 for variant in rate.variants)
        yield from (variant.next_s or 0 for variant in rate.variants)
