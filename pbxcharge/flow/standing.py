"""What a changed status, or a changed plan, means for the calls that run."""

from collections.abc import Mapping

from pbxcharge.core.account import Account
from pbxcharge.core.plan import Plan
from pbxcharge.core.standing import standing
from pbxcharge.flow.meter import Meter, accounts_of
from pbxcharge.flow.records import Records


async def review(
    meter: Meter, records: Records, plans: Mapping[str, Plan], account_id: str | None = None
) -> None:
    """Tell the running calls what their accounts and plans let them do now.

    After an account was changed (it is durable already), after plans were changed, and for calls
    that were just taken up: something may have changed while nobody metered them.

    Args:
        meter: the calls.
        records: accounts as they are now.
        plans: in force, by name.
        account_id: only the calls in which this account has a say; None is all calls.
    """
    known: dict[str, Account | None] = {}
    for live in meter.calls():
        concerned = accounts_of(live.call)
        if account_id is not None and account_id not in concerned:
            continue
        for name in concerned - known.keys():
            known[name] = await records.account(name)
        found = [account for name in concerned if (account := known[name]) is not None]
        if (event := standing(live.call, found, plans)) is not None:
            meter.feed(live.call.call_id, event)
