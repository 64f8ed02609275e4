"""Standing: what the accounts of a running call, and their plans, still let it do."""

from collections.abc import Iterable, Mapping

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import AccountStatus
from pbxcharge.core.call import Call
from pbxcharge.core.call_events import EndOrdered, RenewalStopped
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.permission import (
    NOTHING,
    Forbidden,
    Offering,
    Permit,
    asked_again,
    permission,
)
from pbxcharge.core.plan import Plan

WITHDRAWN = frozenset({EndedBy.STATUS, EndedBy.PLAN, EndedBy.PRODUCT})
"""Why renewals are stopped as long as an account, a plan or a product says so, and no longer."""


def standing(
    call: Call,
    accounts: Iterable[Account],
    plans: Mapping[str, Plan],
    at_us: int,
    offering: Offering = NOTHING,
) -> EndOrdered | RenewalStopped | None:
    """What to tell a running call about everybody who has a say in it; None if it knows.

    A blocked payer ends it now. A suspended or expired one, or a plan that does not allow this kind
    of call any more, lets the paid slice run out; so does an add-on that the call needed and that
    has ended. Whoever takes that back lets it renew again.

    Args:
        call: as it stands.
        accounts: who pays at each level, the payer and the payer's organization, as they are now.
        plans: in force, by name. A plan that is not among them changes nothing: the price that
            the call began with is stored.
        at_us: now: an account or an add-on that has expired by then lets nothing renew.
        offering: the products of the site.
    """
    now = tuple(accounts)
    if any(account.status.ends_calls for account in now):
        return EndOrdered(EndedBy.STATUS)
    by = _withdrawn(call, now, plans, at_us, offering)
    known = call.stopped if call.stopped in WITHDRAWN else None
    return None if by == known else RenewalStopped(by)


def _withdrawn(
    call: Call,
    accounts: tuple[Account, ...],
    plans: Mapping[str, Plan],
    at_us: int,
    offering: Offering,
) -> EndedBy | None:
    if any(account.standing_at(at_us) is not AccountStatus.ACTIVE for account in accounts):
        return EndedBy.STATUS
    asked = asked_again(call.granted.attempt, at_us)
    permits = {
        account.account_id: permission(account, asked, offering)
        for account in accounts
        if account.product is not None
    }
    if any(isinstance(permit, Forbidden) for permit in permits.values()):
        return EndedBy.PRODUCT
    named = (_plan(account, permits.get(account.account_id)) for account in accounts)
    forbids = (name in plans and asked.call_type not in plans[name].allowed for name in named)
    return EndedBy.PLAN if any(forbids) else None


def _plan(account: Account, permit: Permit | Forbidden | None) -> str:
    return (permit.plan if permit else account.plan) or ""
