"""Quotes: what a call would cost each charged level, by the function that charges real calls."""

from collections.abc import Mapping
from dataclasses import dataclass

from pbxcharge.core.account import Account
from pbxcharge.core.authorization import Denial, authorize
from pbxcharge.core.circumstances import Circumstances
from pbxcharge.core.money import MICROS
from pbxcharge.core.plan import Plan
from pbxcharge.core.price import Charge, charge, charge_micros
from pbxcharge.core.pricing import carrying, cost_micros, final_moment, limit_s, prices
from pbxcharge.core.rating import RatedLevel, Rating
from pbxcharge.core.resolution import Route


@dataclass(frozen=True, slots=True)
class QuotedLevel:
    """What one level would pay, and by what."""

    account_id: str
    rated: RatedLevel
    charge: Charge


@dataclass(frozen=True, slots=True)
class QuotedCost:
    """What the carrier of a trunk would ask for the call, by which deck."""

    trunk: str
    deck: str
    cost_micros: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A call that would be allowed, credit aside.

    Args:
        route: what the call would be, and where it would go.
        talk_s: seconds that are priced; fewer than asked for if a limit ends the call before.
        limit_s: the longest talk that plan and maximum charge leave.
        least_micros: what the caller's own wallet must hold for the call to begin.
        levels: the caller's own first.
        cost: what the first trunk's carrier would ask, where its deck says it.
    """

    route: Route
    talk_s: int
    limit_s: int
    least_micros: int
    levels: tuple[QuotedLevel, ...]
    cost: QuotedCost | None = None


def quote(
    route: Route | None,
    talk_s: int,
    chain: tuple[Account, ...],
    plans: Mapping[str, Plan],
    circumstances: Circumstances,
) -> Quote | Denial:
    """What so many seconds of talk would cost, or why the call would be refused.

    Credit is not asked for: a quote tells also how much would be needed. 90 s at 0.10 a minute
    and 60/6 is 0.10 + 0.05. It is priced as answered at once, over the first trunk.

    Args:
        route: what the call would be.
        talk_s: whole seconds, 0 or more.
        chain: the payer and the accounts above it.
        plans: in force, by name.
        circumstances: when, and by which trunks.
    """
    offer = authorize(route, chain, plans, circumstances)
    if isinstance(offer, Denial):
        return offer
    rating, at_us = offer.rating, circumstances.at_s * MICROS
    at = final_moment(rating, at_us, at_us, None)
    longest_s = limit_s(rating, at)
    priced_s = min(talk_s, longest_s)
    levels = tuple(
        QuotedLevel(paying.account_id, level, charge(price, priced_s))
        for paying, level, price in zip(
            offer.levels, rating.levels, prices(rating, at), strict=True
        )
    )
    least_micros = charge_micros(offer.sale.prices[0], offer.sale.least_s)
    cost = _quoted_cost(rating, priced_s)
    return Quote(offer.route, priced_s, longest_s, least_micros, levels, cost)


def _quoted_cost(rating: Rating, talk_s: int) -> QuotedCost | None:
    carrier, cost = carrying(rating, None), cost_micros(rating, None, talk_s)
    if carrier is None or cost is None:
        return None
    return QuotedCost(carrier.name, carrier.deck, cost)
