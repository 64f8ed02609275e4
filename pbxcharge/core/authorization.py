"""Authorization: whether an attempt may become a call, and what its first slice would be.

Everything that can be refused without touching credit is refused here; the credit engine decides
the rest in its own one step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pbxcharge.core.account import Account, AccountStatus, wallet_id
from pbxcharge.core.attempt import PayingLevel
from pbxcharge.core.circumstances import Circumstances
from pbxcharge.core.plan import CallType, Plan, priced_as
from pbxcharge.core.price import Rate, block_end, next_block_end, passes_price
from pbxcharge.core.rating import RatedLevel, Rating, talk_limit_s
from pbxcharge.core.resolution import Route


class Reason(StrEnum):
    """Why an attempt is refused, the reason that wins first (the order is fixed)."""

    STORAGE_DOWN = "storage_down"
    OVERLOADED = "overloaded"
    STOPPING = "stopping"
    UNKNOWN_ACCOUNT = "unknown_account"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_BLOCKED = "account_blocked"
    ACCOUNT_EXPIRED = "account_expired"
    ACCOUNT_CLOSED = "account_closed"
    NUMBER_INVALID = "number_invalid"
    CALL_TYPE_NOT_ALLOWED = "call_type_not_allowed"
    DESTINATION_FORBIDDEN = "destination_forbidden"
    NO_RATE = "no_rate"
    PRICE_TOO_HIGH = "price_too_high"
    CONCURRENT_CALLS = "concurrent_calls"
    CALLS_PER_MINUTE = "calls_per_minute"
    SPEND_RATE = "spend_rate"
    NOT_ENOUGH_CREDIT = "not_enough_credit"

    @property
    def sip_code(self) -> int:
        """What the caller's phone is told, before any answer."""
        return _SIP_CODES.get(self, 403)


_SIP_CODES = {
    Reason.STORAGE_DOWN: 503,
    Reason.OVERLOADED: 503,
    Reason.STOPPING: 503,
    Reason.NUMBER_INVALID: 404,
    Reason.NO_RATE: 404,
    Reason.CONCURRENT_CALLS: 486,
    Reason.CALLS_PER_MINUTE: 486,
    Reason.NOT_ENOUGH_CREDIT: 402,
}
_INCOMING_SIP_CODE = 480
"""A carrier learns that nobody is there now, not what our customer owes or may not do."""
_HIDDEN_FROM_CARRIERS = frozenset(
    {
        Reason.ACCOUNT_SUSPENDED,
        Reason.ACCOUNT_BLOCKED,
        Reason.ACCOUNT_EXPIRED,
        Reason.ACCOUNT_CLOSED,
        Reason.CALL_TYPE_NOT_ALLOWED,
        Reason.NOT_ENOUGH_CREDIT,
    }
)
_BY_STATUS = {
    AccountStatus.SUSPENDED: Reason.ACCOUNT_SUSPENDED,
    AccountStatus.BLOCKED: Reason.ACCOUNT_BLOCKED,
    AccountStatus.EXPIRED: Reason.ACCOUNT_EXPIRED,
    AccountStatus.CLOSED: Reason.ACCOUNT_CLOSED,
}


@dataclass(frozen=True, slots=True)
class Denial:
    """A refusal, and the account at whose level it fell (None before an account is known)."""

    reason: Reason
    account_id: str | None = None
    number: str | None = None
    call_type: CallType = CallType.PUBLIC

    @property
    def sip_code(self) -> int:
        """What the caller is told: the reason's own code, or 480 where it is not the carrier's."""
        if self.call_type is CallType.INCOMING and self.reason in _HIDDEN_FROM_CARRIERS:
            return _INCOMING_SIP_CODE
        return self.reason.sip_code


@dataclass(frozen=True, slots=True)
class Offer:
    """An attempt that only credit can still refuse.

    Args:
        route: what the call is, and where it goes.
        levels: who pays, the caller's own level first.
        rating: by what they pay.
        least_s: connect fee and first segment at every level pay for talk up to here.
        want_s: a whole first slice.
    """

    route: Route
    levels: tuple[PayingLevel, ...]
    rating: Rating
    least_s: int
    want_s: int


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
    for account in chain:
        if account.status is not AccountStatus.ACTIVE:
            return _denial(_BY_STATUS[account.status], account, route)
    if route.number is None:
        return _denial(Reason.NUMBER_INVALID, chain[0] if chain else None, route)
    charged = [account for account in chain if account.plan is not None]
    return _priced(route, charged, plans, circumstances) or _denial(Reason.NO_RATE, chain[0], route)


def _denial(reason: Reason, account: Account | None, route: Route) -> Denial:
    account_id = account.account_id if account else None
    return Denial(reason, account_id, route.number, route.call_type)


def _priced(
    route: Route,
    charged: list[Account],
    plans: Mapping[str, Plan],
    circumstances: Circumstances,
) -> Offer | Denial | None:
    """The offer at the prices of every charged level; None if nobody would pay."""
    priced = priced_as(route.call_type, route.number or "", route.caller_number)
    at_s = circumstances.at_s
    by_level: list[tuple[Account, Plan, Rate | None]] = []
    for account in charged:
        plan = plans.get(account.plan or "")
        if plan is None:
            return _denial(Reason.NO_RATE, account, route)
        if route.call_type not in plan.allowed:
            return _denial(Reason.CALL_TYPE_NOT_ALLOWED, account, route)
        found = plan.priced_by(route.call_type, priced, at_s)
        by_level.append((account, plan, found if isinstance(found, Rate) else None))
    for account, plan, _ in by_level:
        if route.call_type is CallType.PUBLIC and plan.barred.match(priced):
            return _denial(Reason.DESTINATION_FORBIDDEN, account, route)
    for account, _, rate in by_level:
        if rate is None or rate.forbidden:
            reason = Reason.NO_RATE if rate is None else Reason.DESTINATION_FORBIDDEN
            return _denial(reason, account, route)
    rated = [(account, plan, rate) for account, plan, rate in by_level if rate is not None]
    return _offer(route, rated) if rated else None


def _offer(route: Route, rated: list[tuple[Account, Plan, Rate]]) -> Offer | Denial:
    own_account, own_plan, _ = rated[0]
    for account, plan, rate in rated:
        if plan.price_per_minute_max is not None and passes_price(rate, plan.price_per_minute_max):
            return _denial(Reason.PRICE_TOO_HIGH, account, route)
    rates = [rate for _, _, rate in rated]
    limit_s = talk_limit_s(rates, own_plan.terms.call_max_s)
    if limit_s <= 0:
        return _denial(Reason.PRICE_TOO_HIGH, own_account, route)
    least_s, want_s = first_slice_s(rates, own_plan.terms.slice_s, limit_s)
    return Offer(
        route=route,
        levels=tuple(
            PayingLevel(
                account.account_id,
                wallet_id(account.account_id, plan.pays_from(route.call_type)),
            )
            for account, plan, _ in rated
        ),
        rating=Rating(
            tuple(
                RatedLevel(plan.name, plan.version, rate, plan.account_limits)
                for _, plan, rate in rated
            ),
            own_plan.terms,
        ),
        least_s=least_s,
        want_s=want_s,
    )


def first_slice_s(rates: list[Rate], slice_s: int, limit_s: int) -> tuple[int, int]:
    """The least and the wanted paid talk of a first slice, in whole blocks of the caller's rate.

    60/6 and slices of 60 s: at least 60 s, wanted 60 s. With 30 free seconds at least 90 s, since
    connect fee and first segment must be there; a grace forgives a call, it does not open one.
    """
    own = rates[0]
    first_s = max(next_block_end(rate, max(rate.free_s, rate.grace_s)) for rate in rates)
    least_s = min(block_end(own, first_s), limit_s)
    return least_s, max(least_s, min(block_end(own, slice_s), limit_s))
