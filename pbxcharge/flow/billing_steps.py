"""One account's next charge: what is asked of the credit engine, and what is written with it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pbxcharge.core.account import Account
from pbxcharge.core.account_kinds import Suspension
from pbxcharge.core.assigned import Billed
from pbxcharge.core.billing import Bill, Demand, Item, Tab, after, look, proceed
from pbxcharge.core.billing_record import ACTOR, Paying, collecting, records
from pbxcharge.core.billing_text import waiting_text
from pbxcharge.core.collection_terms import Collect, Collected, PartlyCollected, Waits
from pbxcharge.core.credit_terms import Outcome
from pbxcharge.core.effects import AccountSaved, BillingAdvanced, Effect, XdrWritten
from pbxcharge.flow.billing_facts import Facts


@dataclass(frozen=True, slots=True)
class Charging:
    """An account while it is charged.

    Args:
        account: as it is in the books.
        paying: from what it pays.
        kept: its subscriptions as they are in the books.
        tab: as they will be with the next write.
        demand: what is to be collected with it; None is nothing.
        booked: entries of the demand that were in the books before.
        until_us: everything owed by then is charged.
    """

    account: Account
    paying: Paying
    kept: Tab
    tab: Tab
    demand: Demand | None
    until_us: int
    booked: frozenset[str] = frozenset()

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to collect any more, and nothing to write."""
        return self.demand is None and self.tab is self.kept

    def operation(self) -> Collect | None:
        """What is asked of the credit engine."""
        if self.demand is None:
            return None
        if not self.booked:
            return collecting(self.demand, self.paying)
        items = self.items()
        needs_micros = max(0, sum(item.owed.amount_micros for item in items))
        asked = replace(self.demand, items=items, needs_micros=needs_micros)
        return collecting(asked, self.paying) if items else None

    def items(self) -> tuple[Item, ...]:
        """What of the demand is not booked yet."""
        items = self.demand.items if self.demand else ()
        if not self.booked:
            return items
        return tuple(item for item in items if item.owed.owed_id not in self.booked)


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from an answer.

    Args:
        charging: how it goes on; None if it cannot.
        effects: what is written in the transaction of the answer.
        items: what was booked.
        failed: why it cannot go on.
    """

    charging: Charging | None
    effects: tuple[Effect, ...] = ()
    items: tuple[Item, ...] = ()
    failed: str = ""


def begin(facts: Facts, paying: Paying, until_us: int, looked: bool) -> Charging:
    """An account as it is, at its first charge.

    Args:
        facts: what is known of it.
        paying: from what it pays.
        until_us: everything owed by then is to be charged.
        looked: what waits is also compared at that very instant.
    """
    tab, demand = proceed(look(facts.tab, until_us) if looked else facts.tab, until_us)
    return Charging(facts.account, paying, facts.tab, tab, demand, until_us)


def idle_effects(facts: Facts, until_us: int) -> Iterator[Effect]:
    """Subscriptions that cost nothing are not looked at again before something happens."""
    for billed in facts.idle:
        if billed.next_at_us is not None and billed.next_at_us <= until_us:
            yield BillingAdvanced(replace(billed, next_at_us=None))


def if_it_fits(charging: Charging) -> Step | None:
    """What follows if what is asked for is booked; None where nothing is asked."""
    if charging.demand is None:
        return None
    return _going_on(charging, fits=True, booked=charging.items())


def step(charging: Charging, outcome: Outcome | None) -> Step:
    """What follows from the engine's answer to an operation; None is that nothing was asked.

    It is asked again if the transaction has to be tried again, so it changes nothing itself.
    """
    demand = charging.demand
    match outcome:
        case None if demand is None:
            return _written(charging, charging.tab, ())
        case None | Collected(repeated=True):
            return _going_on(charging, fits=True, booked=())
        case Collected():
            return _going_on(charging, fits=True, booked=charging.items())
        case Waits():
            return _going_on(charging, fits=False, booked=())
        case PartlyCollected(booked=booked):
            return Step(replace(charging, booked=charging.booked | frozenset(booked)))
        case _:
            return Step(None, failed=str(outcome))


def _going_on(charging: Charging, fits: bool, booked: tuple[Item, ...]) -> Step:
    demand = charging.demand
    assert demand is not None  # noqa: S101 - only a demand is answered
    tab = after(charging.tab, demand, fits)
    written = records(booked, demand.at_us, tab.bills, charging.paying)
    return _written(charging, tab, tuple(map(XdrWritten, written)), booked)


def _written(
    charging: Charging, tab: Tab, effects: tuple[Effect, ...], items: tuple[Item, ...] = ()
) -> Step:
    """On to the next demand, and what the books must know by then."""
    tab, demand = proceed(tab, charging.until_us)
    account = charging.account
    turned: tuple[Effect, ...] = ()
    if (tab.short_us is None) != (charging.kept.short_us is None):
        at_us = charging.demand.at_us if charging.demand else charging.until_us
        account = _turned(account, tab.short_us is not None)
        turned = (AccountSaved(account, at_us, ACTOR),)
    advanced = tuple(
        BillingAdvanced(_billed(name, bill))
        for name, bill in tab.bills.items()
        if _moved(charging.kept.bills[name], bill)
    )
    following = Charging(account, charging.paying, tab, tab, demand, charging.until_us)
    return Step(following, (*effects, *advanced, *turned), items)


def _moved(before: Bill, now: Bill) -> bool:
    return before is not now and (before.until_us, before.next_us, before.waiting) != (
        now.until_us,
        now.next_us,
        now.waiting,
    )


def _billed(name: str, bill: Bill) -> Billed:
    return Billed(name, bill.until_us, bill.next_us, waiting_text(bill.waiting))


def _turned(account: Account, short: bool) -> Account:
    others = account.suspensions - {Suspension.NO_FUNDS}
    return replace(account, suspensions=others | {Suspension.NO_FUNDS} if short else others)
