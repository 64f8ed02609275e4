"""Repricing: what a past call would have cost by other plans and decks, or why it would not be.

Who pays, by plans of which names, and how long was talked are those of the record; what the plans
of these names say is what is asked about. It is decided by the very functions that authorize and
charge calls, so that by what a call was charged with it costs exactly what it was charged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountKind, AccountStatus
from pbxcharge.core.authorization import Denial, authorize
from pbxcharge.core.cdr import Cdr
from pbxcharge.core.circumstances import Circumstances
from pbxcharge.core.coverage import Coverage
from pbxcharge.core.plan import CallType, Plan
from pbxcharge.core.price import Charge, charge_micros
from pbxcharge.core.pricing import (
    Moment,
    charges,
    cost_micros,
    covered_prices,
    final_moment,
    limit_s,
)
from pbxcharge.core.rating import Rating
from pbxcharge.core.resolution import Route

Zones = Callable[[str], str | None]
"""The time zone by whose clocks an account is charged, by its id; None is that of the site."""


@dataclass(frozen=True, slots=True)
class PastLevel:
    """An account that was charged for a call, the name of its plan, and whose clocks counted."""

    account_id: str
    plan: str
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class PastCall:
    """What a record says that prices a call.

    Args:
        route: what it was, and where it went.
        levels: who was charged, the caller's own level first.
        setup_at_us: when it was asked for; the plans and rates of that second count.
        answered_at_us: None if nobody answered; then it costs nothing.
        paid_s: seconds of talk that were charged.
        trunk: who carried it, where that is known.
        coverage: the seconds that quotas took something off, at each level; they stay theirs.
    """

    route: Route
    levels: tuple[PastLevel, ...]
    setup_at_us: int
    answered_at_us: int | None
    paid_s: int
    trunk: str | None = None
    coverage: tuple[Coverage, ...] = ()


@dataclass(frozen=True, slots=True)
class Repriced:
    """A past call by the plans and decks that were asked about.

    Args:
        rating: by what it would have been priced, its levels in the order of the call's.
        at: the moment by which it would have been charged.
        talk_s: seconds that would have been charged: fewer than were where the call would have
            been ended before.
        ends_after_s: when that had been; None where the call would have been as long as it was.
        charges_micros: what each level would have paid.
        cost_micros: what the carrier would have asked; None where no deck says.
        coverage: of each level.
    """

    rating: Rating
    at: Moment
    talk_s: int
    ends_after_s: int | None
    charges_micros: tuple[int, ...]
    cost_micros: int | None
    coverage: tuple[Coverage, ...] = ()

    @property
    def charges(self) -> tuple[Charge, ...]:
        """The charge of each level, line by line; of a call without talk there is none."""
        if not self.talk_s:
            return ()
        return charges(self.rating, self.at, self.coverage, self.talk_s)


def past_call(cdr: Cdr, zones: Zones) -> PastCall:
    """The call of a record; the clocks are those that its accounts have now.

    Raises:
        ValueError: an emergency call, which nothing ever prices.
    """
    call_type = CallType(cdr.call_type)
    route = Route(call_type, cdr.number, cdr.callee_endpoint, cdr.callee_context, cdr.caller_number)
    levels = tuple(
        PastLevel(level.account_id, level.plan, zones(level.account_id)) for level in cdr.levels
    )
    return PastCall(
        route,
        levels,
        cdr.setup_at_us,
        cdr.answered_at_us,
        cdr.paid_s,
        cdr.trunk,
        cdr.covered,
    )


def reprice(
    call: PastCall, plans: Mapping[str, Plan], circumstances: Circumstances
) -> Repriced | Denial:
    """The call by these plans and decks, or the first reason why it would have been refused.

    300 s at 0.10 a minute cost 0.50; by a plan with calls of at most 180 s the call would have
    ended after 180 s and cost 0.30. Credit and what accounts did at once are not asked about.

    Args:
        call: as it was.
        plans: by name, as they count at its set-up.
        circumstances: of that second: over which trunks, with which decks.
    """
    chain = tuple(_payer(level) for level in call.levels)
    offer = authorize(call.route, chain, plans, circumstances)
    if isinstance(offer, Denial):
        return offer
    rating = offer.rating
    at = final_moment(rating, call.setup_at_us, call.answered_at_us, call.trunk)
    talk_s = min(call.paid_s, limit_s(rating, at))
    answered = call.answered_at_us is not None
    return Repriced(
        rating=rating,
        at=at,
        talk_s=talk_s,
        ends_after_s=talk_s if talk_s < call.paid_s else None,
        charges_micros=tuple(
            charge_micros(price, talk_s) if answered else 0
            for price in covered_prices(rating, at, call.coverage)
        ),
        cost_micros=cost_micros(rating, call.trunk, talk_s),
        coverage=call.coverage,
    )


def _payer(level: PastLevel) -> Account:
    """Who pays, as somebody whom only prices can refuse: what became of him is another matter."""
    active = AccountStatus.ACTIVE
    return Account(
        level.account_id, AccountKind.USER, None, "", level.plan, active, None, level.time_zone
    )
