"""Quotes: what a call would cost each charged level, by the function that charges real calls."""

from collections.abc import Mapping
from dataclasses import dataclass

from pbxcharge.core.account import Account
from pbxcharge.core.authorization import Denial, authorize
from pbxcharge.core.circumstances import Circumstances
from pbxcharge.core.plan import Plan
from pbxcharge.core.price import Charge, charge
from pbxcharge.core.rating import RatedLevel
from pbxcharge.core.resolution import Route


@dataclass(frozen=True, slots=True)
class QuotedLevel:
    """What one level would pay, and by what."""

    account_id: str
    rated: RatedLevel
    charge: Charge


@dataclass(frozen=True, slots=True)
class Quote:
    """A call that would be allowed, credit aside.

    Args:
        route: what the call would be, and where it would go.
        talk_s: seconds that are priced; fewer than asked for if a limit ends the call before.
        limit_s: the longest talk that plan and maximum charge leave.
        least_micros: what the caller's own wallet must hold for the call to begin.
        levels: the caller's own first.
    """

    route: Route
    talk_s: int
    limit_s: int
    least_micros: int
    levels: tuple[QuotedLevel, ...]


def quote(
    route: Route | None,
    talk_s: int,
    chain: tuple[Account, ...],
    plans: Mapping[str, Plan],
    circumstances: Circumstances,
) -> Quote | Denial:
    """What so many seconds of talk would cost, or why the call would be refused.

    Credit is not asked for: a quote tells also how much would be needed. 90 s at 0.10 a minute
    and 60/6 is 0.10 + 0.05.

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
    rated = offer.rating.levels
    limit_s = offer.rating.limit_s
    priced_s = min(talk_s, limit_s)
    levels = tuple(
        QuotedLevel(paying.account_id, level, charge(level.rate, priced_s))
        for paying, level in zip(offer.levels, rated, strict=True)
    )
    least = charge(rated[0].rate, offer.least_s).total_micros
    return Quote(offer.route, priced_s, limit_s, least, levels)
