"""Quotes: what a call would cost each charged level, by the function that charges real calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pbxcharge.core.account import Account
from pbxcharge.core.attempt import PayingLevel
from pbxcharge.core.authorization import Denial, authorize
from pbxcharge.core.circumstances import Circumstances
from pbxcharge.core.coverage import NO_COVERAGE, Coverage
from pbxcharge.core.holds import Wallet
from pbxcharge.core.limits import Activity, Limits
from pbxcharge.core.money import AMOUNT_MAX_MICROS, MICROS
from pbxcharge.core.plan import Plan
from pbxcharge.core.price import (
    AnyPrice,
    Charge,
    Price,
    charge,
    charge_micros,
    covered,
    longest_talk_s,
)
from pbxcharge.core.pricing import carrying, cost_micros, final_moment, limit_s, prices
from pbxcharge.core.rating import RatedLevel, Rating
from pbxcharge.core.reservation import is_bounded, longest_within_s
from pbxcharge.core.resolution import Route

CoverageOf = Callable[[str, Price, int], Coverage]
"""What the quotas of an account take off a price, for so many seconds of talk."""


def _uncovered(_account_id: str, _price: Price, _talk_s: int) -> Coverage:
    return NO_COVERAGE


@dataclass(frozen=True, slots=True)
class QuotedLevel:
    """What one level would pay, and by what.

    Args:
        account_id: who.
        wallet_id: from which wallet.
        rated: by which plan and row.
        charge: for the talk that was asked about.
        least_micros: what must be there for the call to begin.
        price: by which any talk is priced.
    """

    account_id: str
    wallet_id: str
    rated: RatedLevel
    charge: Charge
    least_micros: int
    price: AnyPrice = field(repr=False)


@dataclass(frozen=True, slots=True)
class QuotedCost:
    """What the carrier of a trunk would ask for the call, by which deck."""

    trunk: str
    deck: str
    cost_micros: int
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
    coverage_of: CoverageOf = _uncovered,
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
        coverage_of: what the quotas of each account take off now.
    """
    offer = authorize(route, chain, plans, circumstances)
    if isinstance(offer, Denial):
        return offer
    rating, at_us = offer.rating, circumstances.at_s * MICROS
    at = final_moment(rating, at_us, at_us, None)
    longest_s = limit_s(rating, at)
    priced_s = min(talk_s, longest_s)
    sale = offer.sale
    priced = zip(offer.levels, rating.levels, sale.prices, prices(rating, at), strict=True)
    levels = tuple(
        _quoted_level(paying, level, ringing, price, priced_s, longest_s, sale.least_s, coverage_of)
        for paying, level, ringing, price in priced
    )
    cost = _quoted_cost(rating, priced_s)
    return Quote(offer.route, priced_s, longest_s, levels[0].least_micros, levels, cost)


def _quoted_level(
    paying: PayingLevel,
    rated: RatedLevel,
    ringing: Price,
    price: Price,
    talk_s: int,
    longest_s: int,
    least_s: int,
    coverage_of: CoverageOf,
) -> QuotedLevel:
    account_id = paying.account_id
    priced = covered(price, coverage_of(account_id, price, longest_s))
    begun = covered(ringing, coverage_of(account_id, ringing, least_s))
    return QuotedLevel(
        account_id,
        paying.wallet_id,
        rated,
        charge(priced, talk_s),
        charge_micros(begun, least_s),
        priced,
    )


def _quoted_cost(rating: Rating, talk_s: int) -> QuotedCost | None:
    carrier, cost = carrying(rating, None), cost_micros(rating, None, talk_s)
    if carrier is None or carrier.rate is None or cost is None:
        return None
    return QuotedCost(carrier.name, carrier.deck, cost, charge(carrier.rate, talk_s))


class Bound(StrEnum):
    """What bounds the credit of a level."""

    WALLET = "wallet"
    MONTHLY_LIMIT = "monthly limit"
    LIMIT_OF_SPENDING = "limit of spending"
    NOTHING = "no limit"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Credit:
    """What a level can spend, and what bounds it; None is without end."""

    micros: int | None
    source: Bound


def credit_of(
    wallet: Wallet | None,
    limits: Limits,
    activity: Activity,
    month_from_us: int | None,
    now_us: int,
) -> Credit:
    """The least of what the wallet has, and of what the month and the limits of spending leave.

    8.00 in the wallet and 5.00 left of the hour: 5.00. A wallet that is not there has nothing.

    Args:
        wallet: that pays; None if there is none.
        limits: of the plan.
        activity: what the account does; it knows the month.
        month_from_us: when the month of a monthly limit began.
        now_us: the instant.
    """
    available = wallet.available_micros if wallet else 0
    rooms = {
        Bound.WALLET: available if wallet is None or is_bounded(wallet) else None,
        Bound.MONTHLY_LIMIT: activity.month_room_micros(limits, month_from_us),
        Bound.LIMIT_OF_SPENDING: activity.room_micros(limits, now_us),
    }
    known = [(max(0, room), bound) for bound, room in rooms.items() if room is not None]
    least = min(known, key=lambda room: room[0], default=None)
    return Credit(None, Bound.NOTHING) if least is None else Credit(*least)


def talk_for(quoted: Quote, credits_micros: Sequence[int | None]) -> int:
    """How long a quoted call can last with so much credit at each level, in whole blocks.

    5.00 at 0.10 a minute and 60/6 is 3000 s; 0 if some level has not what must be there for the
    call to begin. Never longer than the quote's limit.

    Args:
        quoted: answered at once, over the first trunk.
        credits_micros: of each level, the caller's own first; None is without end.
    """
    budgets = [_budget(credit) for credit in credits_micros]
    if any(
        budget < level.least_micros for level, budget in zip(quoted.levels, budgets, strict=True)
    ):
        return 0
    return longest_within_s([level.price for level in quoted.levels], budgets, quoted.limit_s)


def level_talk_for(quoted: Quote, place: int, credit_micros: int | None) -> int:
    """How long one level's credit lasts, in its own whole blocks, whatever the others have."""
    level, budget = quoted.levels[place], _budget(credit_micros)
    if budget < level.least_micros:
        return 0
    return min(longest_talk_s(level.price, budget, quoted.limit_s), quoted.limit_s)


def _budget(credit_micros: int | None) -> int:
    """More than any call can cost, for credit without end; a call that costs nothing needs none."""
    return AMOUNT_MAX_MICROS**2 if credit_micros is None else max(0, credit_micros)
