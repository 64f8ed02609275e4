"""Authorization: whether an attempt may become a call, and what its first slice would be.

Everything that can be refused without touching credit is refused here; the credit engine decides
the rest in its own one step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from pbxcharge.core.account import Account, wallet_id
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.attempt import PayingLevel
from pbxcharge.core.circumstances import Circumstances, TrunkOffer
from pbxcharge.core.denial import BY_STATUS, Denial, Reason
from pbxcharge.core.permission import Asked, Forbidden, Permit, permission
from pbxcharge.core.plan import CallType, Plan, priced_as
from pbxcharge.core.price import Rate, RelativeTerms
from pbxcharge.core.product import SLICES
from pbxcharge.core.rating import RatedTrunk, Rating
from pbxcharge.core.resolution import Route
from pbxcharge.core.sale import Sale, SoldLevel, sale
from pbxcharge.core.windows import NO_WINDOWS, Timeline

__all__ = ["Denial", "Offer", "Reason", "authorize"]


_ORDER = {reason: place for place, reason in enumerate(Reason)}


@dataclass(frozen=True, slots=True)
class Offer:
    """An attempt that only credit can still refuse.

    Args:
        route: what the call is, and where it goes.
        levels: who pays, the caller's own level first.
        sale: by what they pay, and how much of it at least and at most for the first slice.
    """

    route: Route
    levels: tuple[PayingLevel, ...]
    sale: Sale

    @property
    def rating(self) -> Rating:
        """By what the levels pay."""
        return self.sale.rating


@dataclass(frozen=True, slots=True)
class _Level:
    """A charged level: who, by which plan, what prices the call, and what products make of it."""

    account: Account
    plan: Plan
    rate: Rate | RelativeTerms
    permit: Permit | None = None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What is asked for, by what a price is looked up, when and how."""

    route: Route
    chain: tuple[Account, ...]
    priced: str
    circumstances: Circumstances

    def denial(self, why: Reason | Forbidden, account: Account) -> Denial:
        """The reason, and the account at whose level it stands."""
        denied = _denial(_reason(why), account, self.route)
        if isinstance(why, Forbidden):
            return replace(denied, feature=why.feature, source=why.source)
        return denied

    def asked(self) -> Asked:
        """What the products of an account are asked for."""
        route, around = self.route, self.circumstances
        return Asked(route.call_type, self.priced, around.access, around.at_us)


def authorize(
    route: Route | None,
    chain: tuple[Account, ...],
    plans: Mapping[str, Plan],
    circumstances: Circumstances,
) -> Offer | Denial:
    """An offer for the first slice, or the first reason against it.

    Args:
        route: what is asked for; None if who asks may not ask at all.
        chain: the payer and the accounts above it; empty if the number is nobody's.
        plans: the charging plans in force, by name.
        circumstances: when, and by which trunks.

    A suspended user who dials an invalid number is told `account_suspended`: that reason comes
    first. Source: the table of refusals in the README.
    """
    if route is None:
        return Denial(Reason.UNKNOWN_ACCOUNT)
    at_us = circumstances.at_us
    for account in chain:
        if (status := account.standing_at(at_us)) is not AccountStatus.ACTIVE:
            return _denial(BY_STATUS[status], account, route)
    if route.number is None:
        return _denial(Reason.NUMBER_INVALID, chain[0] if chain else None, route)
    priced = priced_as(route.call_type, route.number, route.caller_number)
    return _priced(_Attempt(route, chain, priced, circumstances), plans)


def _denial(reason: Reason, account: Account | None, route: Route) -> Denial:
    account_id = account.account_id if account else None
    return Denial(reason, account_id, route.number, route.call_type)


def _priced(attempt: _Attempt, plans: Mapping[str, Plan]) -> Offer | Denial:
    """The offer at the prices of every charged level."""
    charged = [account for account in attempt.chain if account.plan or account.product]
    if not charged:
        # Nobody would pay: such a call has no price.
        return attempt.denial(Reason.NO_RATE, attempt.chain[0])
    found = [_level(attempt, account, plans) for account in charged]
    trunks = _trunks(attempt, found[-1])
    refused = [
        (why, account)
        for why, account in zip((*found, trunks), (*charged, charged[-1]), strict=True)
        if isinstance(why, Reason | Forbidden)
    ]
    if refused:
        return attempt.denial(*min(refused, key=_precedence))
    levels = [level for level in found if isinstance(level, _Level)]
    return _offer(attempt, levels, trunks if isinstance(trunks, tuple) else ())


def _precedence(refused: tuple[Reason | Forbidden, Account]) -> int:
    return _ORDER[_reason(refused[0])]


def _reason(why: Reason | Forbidden) -> Reason:
    return why.reason if isinstance(why, Forbidden) else why


def _level(
    attempt: _Attempt, account: Account, plans: Mapping[str, Plan]
) -> _Level | Reason | Forbidden:
    """What prices the call at this level, or the first reason why nothing does."""
    if account.product is None:
        return _by_plan(attempt, account, plans.get(account.plan or ""))
    permit = permission(account, attempt.asked(), attempt.circumstances.offering)
    plan = plans.get(permit.plan or "")
    if isinstance(permit, Forbidden):
        # What the plan does not allow goes before what the product lacks, and lies at hand.
        narrow = plan is not None and attempt.route.call_type not in plan.allowed
        of_plan = narrow and permit.reason is Reason.FEATURE_MISSING
        return Reason.CALL_TYPE_NOT_ALLOWED if of_plan else permit
    level = _by_plan(attempt, account, plan)
    return replace(level, permit=permit) if isinstance(level, _Level) else level


def _by_plan(attempt: _Attempt, account: Account, plan: Plan | None) -> _Level | Reason:
    """What a plan prices the call by, or the first reason why it does not."""
    if plan is None:
        return Reason.NO_RATE
    kind = attempt.route.call_type
    if kind not in plan.allowed:
        return Reason.CALL_TYPE_NOT_ALLOWED
    if kind is CallType.PUBLIC and plan.barred.match(attempt.priced):
        return Reason.DESTINATION_FORBIDDEN
    rate = plan.priced_by(kind, attempt.priced, attempt.circumstances.at_s)
    if rate is None:
        return Reason.NO_RATE
    return Reason.DESTINATION_FORBIDDEN if rate.forbidden else _Level(account, plan, rate)


def _trunks(attempt: _Attempt, top: _Level | Reason | Forbidden) -> tuple[RatedTrunk, ...] | Reason:
    """The trunks that may carry the call, where decks tell what it costs; or why none may.

    A trunk whose deck forbids the number is left out; where the top level sells at what the
    carrier asks, so is one whose deck has no price for it.
    """
    rated = [_rated(attempt, offer) for offer in attempt.circumstances.trunks]
    allowed = [trunk for trunk in rated if trunk.rate is None or not trunk.rate.forbidden]
    if rated and not allowed:
        return Reason.DESTINATION_FORBIDDEN
    if attempt.route.call_type is CallType.PUBLIC and _by_cost(top):
        return tuple(trunk for trunk in allowed if trunk.rate is not None) or Reason.NO_RATE
    silent = len(allowed) == len(rated) and all(trunk.rate is None for trunk in allowed)
    return () if silent else tuple(allowed)


def _by_cost(top: _Level | Reason | Forbidden) -> bool:
    return isinstance(top, _Level) and isinstance(top.rate, RelativeTerms)


def _rated(attempt: _Attempt, offer: TrunkOffer) -> RatedTrunk:
    at_s = attempt.circumstances.at_s
    rate = offer.rates.match(attempt.priced, at_s) if offer.rates is not None else None
    # A deck has prices of its own: a row over something else has nothing to stand on.
    cost = rate if isinstance(rate, Rate) else None
    return RatedTrunk(offer.name, offer.deck, offer.deck_version, cost)


def _offer(
    attempt: _Attempt, levels: Sequence[_Level], trunks: tuple[RatedTrunk, ...]
) -> Offer | Denial:
    call_max_s = levels[0].plan.terms.call_max_s
    sold = [SoldLevel(one.plan, one.rate, _hours(attempt, one, call_max_s)) for one in levels]
    own = levels[0].permit
    found = sale(sold, trunks, attempt.circumstances, own.overdraft if own else SLICES)
    if found.too_dear is not None:
        return attempt.denial(Reason.PRICE_TOO_HIGH, levels[found.too_dear].account)
    paying = tuple(_paying(attempt, level) for level in levels)
    return Offer(attempt.route, paying, found)


def _hours(attempt: _Attempt, level: _Level, call_max_s: int) -> Timeline:
    """When which of the rate's windows are valid while the call may last, where its payer is."""
    rate, asked = level.rate, attempt.circumstances
    if not isinstance(rate, Rate) or not rate.variants:
        return NO_WINDOWS
    until_s = asked.at_s + asked.answer_within_s + call_max_s
    timeline = level.plan.schedule.timeline(_zone(attempt, level.account), asked.at_s, until_s)
    return timeline.naming(frozenset(variant.window for variant in rate.variants))


def _zone(attempt: _Attempt, account: Account) -> tzinfo:
    """Of the account, or of the nearest one above that has one; else of the site."""
    above = attempt.chain[attempt.chain.index(account) :]
    named = (one.time_zone for one in above if one.time_zone is not None)
    return attempt.circumstances.zone(next(named, None))


def _paying(attempt: _Attempt, level: _Level) -> PayingLevel:
    account_id, kind = level.account.account_id, level.plan.pays_from(attempt.route.call_type)
    calls_max = level.permit.calls_max if level.permit else None
    return PayingLevel(account_id, wallet_id(account_id, kind), calls_max=calls_max)
