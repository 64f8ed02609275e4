"""What a changed status, or a changed plan, means for the calls that run."""

from collections.abc import Iterable, Mapping

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
        account_id: only the calls in which this account, or one below it, has a say; None is all.
    """
    known: dict[str, Account | None] = {}
    below = None if account_id is None else await _below(records, account_id)
    for live in meter.calls():
        concerned = accounts_of(live.call)
        if below is not None and below.isdisjoint(concerned):
            continue
        found = await _with_parents(records, concerned, known)
        if (event := standing(live.call, found, plans)) is not None:
            meter.feed(live.call.call_id, event)


async def _below(records: Records, account_id: str) -> frozenset[str]:
    """An account and everybody below it."""
    return frozenset(account.account_id for account in await records.accounts(account_id))


async def _with_parents(
    records: Records, names: Iterable[str], known: dict[str, Account | None]
) -> list[Account]:
    """Accounts and all above them, each once; `known` are those that were read before."""
    found: dict[str, Account] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in known:
            known[name] = await records.account(name)
        account = known[name]
        if account is not None and name not in found:
            found[name] = account
            waiting += [account.parent_id] if account.parent_id else []
    return list(found.values())
