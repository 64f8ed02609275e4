"""What a changed status, or a changed plan, means for the calls that run."""

from collections.abc import Iterable, Mapping

from pbxcharge.core.account import Account
from pbxcharge.core.call import Call
from pbxcharge.core.call_events import CreditRaised, EndOrdered, RenewalStopped
from pbxcharge.core.permission import NOTHING, Offering
from pbxcharge.core.plan import Plan
from pbxcharge.core.standing import standing
from pbxcharge.flow.meter import Meter, accounts_of
from pbxcharge.flow.months import Months
from pbxcharge.flow.records import Records

_Known = dict[str, Account | None]
"""Accounts that were read before; None is nobody."""


async def review(
    meter: Meter,
    records: Records,
    plans: Mapping[str, Plan],
    at_us: int,
    account_id: str | None = None,
    offering: Offering = NOTHING,
) -> None:
    """Tell the running calls what their accounts and plans let them do now.

    After an account was changed (it is durable already), after plans were changed, and for calls
    that were just taken up: something may have changed while nobody metered them.

    Args:
        meter: the calls.
        records: accounts as they are now.
        plans: in force, by name.
        at_us: now; accounts may have expired by then.
        account_id: only the calls in which this account, or one below it, has a say; None is all.
        offering: the products of the site.
    """
    async with meter.months.turn:
        known: _Known = {}
        rose: frozenset[str] = frozenset()
        below = None if account_id is None else await _below(records, account_id)
        for live in meter.calls():
            concerned = accounts_of(live.call)
            if below is not None and below.isdisjoint(concerned):
                continue
            found = await _with_parents(records, concerned, known)
            rose |= meter.months.learn(found, plans)
            event = standing(live.call, found, plans, at_us, offering)
            _tell(meter, live.call, event, rose)
        meter.months.forget(below, known)


async def learn_months(
    months: Months, records: Records, plans: Mapping[str, Plan], calls: Iterable[Call]
) -> None:
    """Know what a month leaves to calls before they are metered again, and renewed at once."""
    async with months.turn:
        known: _Known = {}
        for call in calls:
            months.learn(await _with_parents(records, accounts_of(call), known), plans)


def _tell(
    meter: Meter,
    call: Call,
    event: EndOrdered | RenewalStopped | None,
    rose: frozenset[str],
) -> None:
    if event is not None:
        meter.feed(call.call_id, event)
    if not rose.isdisjoint(level.account_id for level in call.granted.levels):
        meter.feed(call.call_id, CreditRaised())


async def _below(records: Records, account_id: str) -> frozenset[str]:
    """An account and everybody below it."""
    return frozenset(account.account_id for account in await records.accounts(account_id))


async def _with_parents(records: Records, names: Iterable[str], known: _Known) -> list[Account]:
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
