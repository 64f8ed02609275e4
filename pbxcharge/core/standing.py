"""Standing: what the accounts of a running call, and their plans, still let it do."""

from collections.abc import Iterable, Mapping

from pbxcharge.core.account import Account, AccountStatus
from pbxcharge.core.call import Call
from pbxcharge.core.call_events import EndOrdered, RenewalStopped
from pbxcharge.core.cdr import EndedBy
from pbxcharge.core.plan import Plan

WITHDRAWN = frozenset({EndedBy.STATUS, EndedBy.PLAN})
"""Why renewals are stopped for as long as an account or a plan says so, and no longer."""


def standing(
    call: Call, accounts: Iterable[Account], plans: Mapping[str, Plan], at_us: int
) -> EndOrdered | RenewalStopped | None:
    """What to tell a running call about everybody who has a say in it; None if it knows.

    A blocked payer ends it now. A suspended or expired one, or a plan that does not allow this kind
    of call any more, lets the paid slice run out; whoever takes that back lets it renew again.

    Args:
        call: as it stands.
        accounts: who pays at each level, the payer and the payer's organization, as they are now.
        plans: in force, by name. A plan that is not among them changes nothing: the price that
            the call began with is stored.
        at_us: now: an account that has expired by then lets nothing renew.
    """
    now = tuple(accounts)
    if any(account.status.ends_calls for account in now):
        return EndOrdered(EndedBy.STATUS)
    by = _withdrawn(call, now, plans, at_us)
    known = call.stopped if call.stopped in WITHDRAWN else None
    return None if by == known else RenewalStopped(by)


def _withdrawn(
    call: Call, accounts: tuple[Account, ...], plans: Mapping[str, Plan], at_us: int
) -> EndedBy | None:
    if any(account.standing_at(at_us) is not AccountStatus.ACTIVE for account in accounts):
        return EndedBy.STATUS
    named = (plans.get(account.plan or "") for account in accounts)
    call_type = call.granted.attempt.call_type
    forbids = any(plan is not None and call_type not in plan.allowed for plan in named)
    return EndedBy.PLAN if forbids else None
