"""Prices of a plan that are below what the plan of the level above asks for the same call.

Who sells so pays for each call that is made below. Compared are prices that both plans write
themselves; what follows from a deck or from the level above is looked at by the costs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from heapq import nlargest
from typing import Final, NamedTuple

from pbxcharge.catalog.cost_charges import Asked, Loss, charged, loss
from pbxcharge.catalog.cost_checks import MINUTE_S, TOLD_MAX
from pbxcharge.catalog.cost_losses import rows_at
from pbxcharge.catalog.cost_walk import has_numbers_of_its_own, walk
from pbxcharge.catalog.findings import Finding
from pbxcharge.catalog.row_places import Place, price_of, row_places
from pbxcharge.catalog.source import Source
from pbxcharge.core.money import format_amount
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.rate_terms import Rate
from pbxcharge.core.tariff import DatedRate

_HINT: Final = "raise the price, or have the level above ask less"


class _Sold(NamedTuple):
    """A loss, on which prefix, and what that is called above."""

    loss: Loss
    prefix: str
    destination: str


@dataclass(frozen=True, slots=True)
class Levels:
    """A plan, and the plan by which the next account above is charged for the same calls.

    Args:
        below: the plan whose prices are looked at.
        above: the plan of the next level.
        is_dialled: whether some number that can be dialled here begins with a prefix.
    """

    below: Plan
    above: Plan
    is_dialled: Callable[[str], bool]


def level_findings(source: Source, levels: Levels, zone: tzinfo, at_s: int) -> Iterator[Finding]:
    """Rows below what the level above asks, at a UTC second: 0.02 a minute against 0.03.

    Args:
        source: the file of the plan below.
        levels: both plans.
        zone: of the dates in the file.
        at_s: UTC second.
    """
    places = row_places(source, zone)
    found: dict[Place, list[_Sold]] = {}
    for call_type in sorted(levels.below.allowed & levels.above.allowed):
        for place, sold in _losses(levels, call_type, at_s):
            found.setdefault(place, []).append(sold)
    for place in nlargest(TOLD_MAX, found, key=lambda it: max(found[it]).loss):
        at = price_of(source, places[place]) if place in places else ("prices",)
        yield source.warning(at, _message(found[place], levels.above), _HINT)


def _losses(levels: Levels, call_type: CallType, at_s: int) -> Iterator[tuple[Place, _Sold]]:
    layers = [
        rows_at(tariffs.get(call_type), at_s)
        for plan in (levels.below, levels.above)
        for tariffs in (plan.exceptions, plan.tariffs)
    ]
    for prefix, (exception, row, dear, above) in walk(layers):
        lost = _loss(exception or row, dear or above)
        public = call_type is CallType.PUBLIC
        if lost is None or not has_numbers_of_its_own(prefix, layers):
            continue
        if not public or levels.is_dialled(prefix):
            sold = exception or row
            place = exception is not None, sold.rate.prefix, sold.from_s
            yield place, _Sold(lost, prefix, (dear or above).rate.destination)


def _loss(sold: DatedRate | None, bought: DatedRate | None) -> Loss | None:
    """How far a price is below another one; None where one of them is none of its plan's own."""
    if sold is None or bought is None:
        return None
    price, cost = sold.rate, bought.rate
    if not isinstance(price, Rate) or not isinstance(cost, Rate) or cost.forbidden:
        return None
    return loss(charged(price, lambda: cost), _lowest(cost))


def _lowest(cost: Rate) -> Asked:
    """The least that a price asks in any time window: what is below it loses in every one."""
    return tuple(map(min, *(each.micros for each in charged(cost, lambda: cost)), _DEAREST))


_DEAREST: Final = (2**62, 2**62)
"""Above every price, so that one price is the least of two."""


def _message(sold: list[_Sold], above: Plan) -> str:
    worst = max(sold)
    minute = "for the first minute" if worst.loss.talk_s == MINUTE_S else "a minute"
    window = f" in {worst.loss.window}" if worst.loss.window else ""
    prices = f"{format_amount(worst.loss.price_micros)} {minute}{window}"
    message = f"is below what the level above asks by its plan {above.name}: {prices} against "
    message += f"{format_amount(worst.loss.cost_micros)}, for {worst.destination or worst.prefix}"
    more = len(sold) - 1
    return f"{message} ({worst.prefix})" + (f" and {more:,} more prefixes" if more else "")
