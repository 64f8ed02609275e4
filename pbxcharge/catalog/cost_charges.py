"""What a price of a plan brings, and what a carrier asks, compared for two lengths of a call.

Both are charges of the one price function, for ten minutes and for one: so connect fees, first
blocks, steps and minimum charges count as they do for a call.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from pbxcharge.core.money import Rounding
from pbxcharge.core.price import Price, Rate, Relative, RelativeTerms, charge_micros
from pbxcharge.core.windows import always

TALKS_S: Final = (600, 60)
"""The calls that are compared; what is lost by the first one is told before the second."""

Asked = tuple[int, ...]
"""Micro-units for each of the calls."""


class Charged(NamedTuple):
    """What a price brings in a time window, "" outside of them: micro-units for each call."""

    window: str
    micros: tuple[int, ...]


class Loss(NamedTuple):
    """A price below a cost: both for a call of `talk_s`, as micro-units a minute.

    What is lost stands first, so that the largest of several losses is the worst.
    """

    lost_micros: int
    talk_s: int
    price_micros: int
    cost_micros: int
    window: str


def asked(cost: Rate) -> Asked | None:
    """What a carrier asks for the calls; None if it does not connect them."""
    return None if cost.forbidden else tuple(charge_micros(cost, talk_s) for talk_s in TALKS_S)


def charged(terms: Rate | RelativeTerms, cost: Callable[[], Rate]) -> tuple[Charged, ...]:
    """What a price brings for the calls, in each of its time windows; nothing if it forbids them.

    Relative terms follow from the cost.
    """
    if terms.forbidden:
        return ()
    return tuple(
        Charged(window, tuple(charge_micros(price, talk_s) for talk_s in TALKS_S))
        for window, price in _prices(terms, cost)
    )


def loss(prices: Sequence[Charged], cost: Asked) -> Loss | None:
    """The worst that a price is below a cost, 0.02 and 0.038 a minute; None if it never is.

    A price of 0 is meant to be free, and no loss.
    """
    for place, talk_s in enumerate(TALKS_S):
        lowest, window = cost[place], ""
        for price in prices:
            if 0 < price.micros[place] < lowest:
                lowest, window = price.micros[place], price.window
        if lowest < cost[place]:
            lost, sold, bought = (
                micros * 60 // talk_s for micros in (cost[place] - lowest, lowest, cost[place])
            )
            return Loss(lost, talk_s, sold, bought, window)
    return None


def can_lose(margin: RelativeTerms | None) -> RelativeTerms | None:
    """Terms that can be below what the level above charges; None if they cannot."""
    if margin is None or margin.multiplier > 1:
        return None
    full = margin.multiplier == 1 and margin.rounding is Rounding.AWAY_FROM_ZERO
    return None if full else margin


def _prices(terms: Rate | RelativeTerms, cost: Callable[[], Rate]) -> Iterator[tuple[str, Price]]:
    if isinstance(terms, RelativeTerms):
        yield "", Relative(cost(), terms)
        return
    yield "", terms
    for variant in terms.variants:
        yield variant.window, terms.at(always(variant.window), 0)
