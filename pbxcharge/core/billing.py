"""Charging the subscriptions of one account, step by step: what is booked when, and what waits.

A step goes to the next thing that credit decides, and the answer gives the next step. So the same
steps charge in time, catch up after months, and preview what will be charged: only who answers is
another one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pbxcharge.core.subscription import Booking, Lifetime, Outage
from pbxcharge.core.subscription_schedule import Owed, OwedKind, next_at_us, owed
from pbxcharge.core.subscription_terms import DeadReason

_ORDER: Final = {kind: place for place, kind in enumerate(OwedKind)}
_GIVES_BACK: Final = (OwedKind.CREDIT, OwedKind.UNUSED)


@dataclass(frozen=True, slots=True)
class Bill:
    """How far one subscription is charged; instants are UTC microseconds.

    Args:
        life: the subscription, with everything that is known of it.
        until_us: what was owed before this is booked, or waits.
        next_us: when it is looked at next; None is never, unless something happens.
        waiting: fees that did not fit, and what came after them, in order.
    """

    life: Lifetime
    until_us: int
    next_us: int | None
    waiting: tuple[Owed, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is owed, and by which subscription."""

    assignment_id: str
    owed: Owed


@dataclass(frozen=True, slots=True)
class Demand:
    """What is to be collected next, all of it or nothing.

    Args:
        at_us: the instant at which it is booked.
        items: what is booked.
        needs_micros: what must be available for it, if it may wait.
        may_wait: False books in full whatever is available.
    """

    at_us: int
    items: tuple[Item, ...]
    needs_micros: int
    may_wait: bool = True


@dataclass(frozen=True, slots=True)
class Tab:
    """All subscriptions that one wallet pays for.

    Args:
        bills: by assignment id, in that order.
        short_us: since when the account is suspended for lack of funds; None if it is not.
        at_us: the instant that is being charged; None between two.
        fresh: what is owed at that instant and not decided yet, in order.
        apart: it did not fit together, so it is tried one by one.
        refused: the subscriptions whose fees waited at this instant, too.
    """

    bills: Mapping[str, Bill]
    short_us: int | None = None
    at_us: int | None = None
    fresh: tuple[Item, ...] = ()
    apart: bool = False
    refused: frozenset[str] = frozenset()

    @property
    def next_us(self) -> int | None:
        """When the first of them is looked at next."""
        instants = (bill.next_us for bill in self.bills.values() if bill.next_us is not None)
        return min(instants, default=None)

    @property
    def waits(self) -> bool:
        """Whether any fee waits for credit."""
        return any(bill.waiting for bill in self.bills.values())


def proceed(tab: Tab, now_us: int) -> tuple[Tab, Demand | None]:
    """To the next thing that credit decides, through every instant until now.

    At one instant first what may not wait is booked, then what may, all in the order of kinds and
    of assignments; a fee and what is given back of its period are one. Then whatever waits is
    compared with what is available, less the credits for dead days.

    Returns:
        What there is to collect, to be given to `after` with its outcome; None if everything until
        now is charged, or waits.
    """
    while True:
        if tab.at_us is None:
            at_us = tab.next_us
            if at_us is None or at_us > now_us:
                return tab, None
            tab = _begun(tab, at_us)
        demand = _demand(tab)
        if demand is not None:
            return tab, demand
        tab = _ended(tab, tab.at_us or 0)


def after(tab: Tab, demand: Demand, fits: bool) -> Tab:
    """The state after a demand was booked, or did not fit."""
    if not tab.fresh:
        return _paid_late(tab, demand) if fits else _still_waits(tab, demand)
    if fits:
        return _left(tab, tuple(item for item in tab.fresh if item not in demand.items))
    if any(_bundle(item) != _bundle(demand.items[0]) for item in demand.items):
        return replace(tab, apart=True)
    return _queued(tab, demand)


def look(tab: Tab, at_us: int) -> Tab:
    """Compare what waits with what is available at an instant: a top-up, or other credit."""
    if not tab.waits:
        return tab
    bills = {
        name: _woken(bill, at_us) if bill.waiting else bill for name, bill in tab.bills.items()
    }
    return replace(tab, bills=bills)


def _woken(bill: Bill, at_us: int) -> Bill:
    return replace(bill, next_us=at_us if bill.next_us is None else min(bill.next_us, at_us))


def _begun(tab: Tab, at_us: int) -> Tab:
    """What is owed at an instant; what comes after something that waits, waits behind it."""
    bills: dict[str, Bill] = dict(tab.bills)
    fresh: list[Item] = []
    for name, bill in tab.bills.items():
        if bill.next_us is not None and bill.next_us <= at_us:
            bills[name], found = _asked(bill, at_us)
            fresh += (Item(name, one) for one in found)
    fresh.sort(key=_place)
    return Tab(bills, tab.short_us, at_us, tuple(fresh))


def _asked(bill: Bill, at_us: int) -> tuple[Bill, tuple[Owed, ...]]:
    """What a subscription owes at an instant, as far as it does not wait."""
    found = owed(bill.life, bill.until_us, at_us + 1)
    if bill.waiting:
        behind = [one for one in found if one.may_wait]
        waiting = (*bill.waiting, *behind)
        behind += (one for one in found if _is_given_back_of(one, waiting))
        bill = replace(bill, waiting=(*bill.waiting, *behind))
        found = tuple(one for one in found if one not in behind)
    return (bill if found else _advanced(bill, at_us)), found


def _place(item: Item) -> tuple[int, int, str]:
    return item.owed.at_us, _ORDER[item.owed.kind], item.assignment_id


def _bundle(item: Item) -> tuple[object, ...]:
    """What is booked together: a fee and what is given back of its period; all else by itself.

    A last day of 1 with ten dead days, and a debt: -9 are booked, the day does not wait alone.
    """
    one = item.owed
    if one.kind is OwedKind.FEE or one.kind in _GIVES_BACK:
        return item.assignment_id, one.at_us, one.period.first
    return (one.owed_id,)


def _is_given_back_of(one: Owed, waiting: Iterable[Owed]) -> bool:
    """Whether it is of a fee that is not booked itself."""
    fees = (fee for fee in waiting if fee.kind is OwedKind.FEE)
    return one.kind in _GIVES_BACK and any(fee.period.first == one.period.first for fee in fees)


def _advanced(bill: Bill, at_us: int) -> Bill:
    return Bill(bill.life, max(bill.until_us, at_us + 1), bill.next_us, bill.waiting)


def _demand(tab: Tab) -> Demand | None:
    at_us = tab.at_us or 0
    if not tab.fresh:
        return _late_demand(tab, at_us)
    asked = tab.fresh
    bundles = _bundles(asked)
    full = tuple(item for bundle in bundles if not _may_wait(bundle) for item in bundle)
    # Charges that fit together fit one by one, too. What is given back is booked before them.
    if full and (tab.apart or any(item.owed.amount_micros < 0 for item in full)):
        asked = full
    elif tab.apart:
        asked = bundles[0]
    needs_micros = sum(item.owed.amount_micros for item in asked)
    return Demand(at_us, asked, needs_micros, may_wait=len(full) < len(asked))


def _bundles(fresh: tuple[Item, ...]) -> list[tuple[Item, ...]]:
    """In the order of the first of each."""
    if len(fresh) == 1:
        return [fresh]
    found: dict[object, tuple[Item, ...]] = {}
    for item in fresh:
        bundle = _bundle(item)
        found[bundle] = (*found.get(bundle, ()), item)
    return list(found.values())


def _may_wait(bundle: tuple[Item, ...]) -> bool:
    """Whether it is booked only if it fits; what gives back more than it costs needs nothing."""
    gives = sum(item.owed.amount_micros for item in bundle) < 0
    return not gives and any(item.owed.may_wait for item in bundle)


def _late_demand(tab: Tab, at_us: int) -> Demand | None:
    """The fee that has waited longest, of those not compared yet at this instant."""
    heads = (
        Item(name, bill.waiting[0])
        for name, bill in tab.bills.items()
        if bill.waiting and name not in tab.refused
    )
    head = min(heads, key=_place, default=None)
    if head is None:
        return None
    items = _payable(tab.bills[head.assignment_id], head.owed, at_us)
    needs_micros = max(0, sum(one.amount_micros for one in items))
    return Demand(at_us, tuple(Item(head.assignment_id, one) for one in items), needs_micros)


def _payable(bill: Bill, head: Owed, at_us: int) -> tuple[Owed, ...]:
    """A fee that waits, with all that waits of its period, and the credits for its dead days.

    30 for November, without funds since its first day, on the 11th: the fee of 30, a credit of 10.
    """
    if head.kind is not OwedKind.FEE:
        return (head,)
    first = head.period.first
    own = tuple(
        one
        for one in bill.waiting
        if one.period.first == first and one.kind is not OwedKind.ACTIVATION
    )
    life = _booked_late(bill.life, own, at_us)
    if life is bill.life:
        return own
    known = {one.owed_id for one in own}
    credits_ = (one for one in owed(life, at_us, at_us + 1) if one.kind is OwedKind.CREDIT)
    return (
        *own,
        *(one for one in credits_ if one.period.first == first and one.owed_id not in known),
    )


def _booked_late(life: Lifetime, items: Iterable[Owed], at_us: int) -> Lifetime:
    """The life in which a fee that waited was booked now, if any of these is such a fee."""
    late = (one for one in items if one.kind is OwedKind.FEE and one.at_us <= at_us)
    fee = next(late, None)
    if fee is None:
        return life
    bookings = (*life.assignment.bookings, Booking(fee.period.first, at_us))
    return replace(life, assignment=replace(life.assignment, bookings=bookings))


def _left(tab: Tab, fresh: tuple[Item, ...]) -> Tab:
    """What is still to be decided at this instant; all other subscriptions are through with it."""
    at_us = tab.at_us or 0
    busy = {item.assignment_id for item in fresh}
    through = {item.assignment_id for item in tab.fresh} - busy
    bills = {
        name: _advanced(bill, at_us) if name in through else bill
        for name, bill in tab.bills.items()
    }
    return Tab(bills, tab.short_us, tab.at_us, fresh, tab.apart, tab.refused)


def _queued(tab: Tab, demand: Demand) -> Tab:
    """A fee does not fit: it waits, and with it what else its subscription owes now.

    With credits for dead days less is due, so it is compared once more at this instant.
    """
    name = demand.items[0].assignment_id
    own = tuple(item.owed for item in tab.fresh if item.assignment_id == name)
    bill = replace(tab.bills[name], waiting=own)
    less = len(_payable(bill, own[0], demand.at_us)) > len(demand.items)
    refused = tab.refused if less else tab.refused | {name}
    fresh = tuple(item for item in tab.fresh if item.assignment_id != name)
    return _left(replace(tab, bills={**tab.bills, name: bill}, refused=refused), fresh)


def _paid_late(tab: Tab, demand: Demand) -> Tab:
    """What waited is booked, with its credits; the next that waits may fit, too."""
    name = demand.items[0].assignment_id
    bill = tab.bills[name]
    booked = [item.owed for item in demand.items]
    paid = {one.owed_id for one in booked}
    waiting = tuple(one for one in bill.waiting if one.owed_id not in paid)
    life = _booked_late(bill.life, booked, demand.at_us)
    # Nothing else is owed until now, and the credits are booked: they are not owed once more.
    settled = _advanced(Bill(life, bill.until_us, demand.at_us, waiting), demand.at_us)
    gave_back = sum(one.amount_micros for one in booked) < 0
    # Then what did not fit at this instant may fit now.
    refused = frozenset() if gave_back else tab.refused
    return replace(tab, bills={**tab.bills, name: settled}, refused=refused)


def _still_waits(tab: Tab, demand: Demand) -> Tab:
    return replace(tab, refused=tab.refused | {demand.items[0].assignment_id})


def _ended(tab: Tab, at_us: int) -> Tab:
    """All is decided at an instant: the account is suspended by now, or resumes, or neither."""
    bills, short_us = tab.bills, tab.short_us
    if tab.waits and short_us is None:
        short_us = at_us
        bills = {name: _suspended(bill, at_us) for name, bill in bills.items()}
    elif short_us is not None and not tab.waits:
        bills = {name: _resumed(bill, short_us, at_us) for name, bill in bills.items()}
        short_us = None
    return Tab({name: _looked_at(bill, at_us) for name, bill in bills.items()}, short_us)


def _looked_at(bill: Bill, at_us: int) -> Bill:
    if bill.next_us is None or bill.next_us > at_us:
        return bill
    next_us = next_at_us(bill.life, at_us, waits=bool(bill.waiting))
    return Bill(bill.life, bill.until_us, next_us, bill.waiting)


def _suspended(bill: Bill, at_us: int) -> Bill:
    outages = bill.life.assignment.outages
    return _with_outages(bill, (*outages, Outage(DeadReason.NO_FUNDS, at_us)))


def _resumed(bill: Bill, since_us: int, at_us: int) -> Bill:
    outages = list(bill.life.assignment.outages)
    lasting = Outage(DeadReason.NO_FUNDS, since_us)
    if lasting in outages:
        outages[outages.index(lasting)] = replace(lasting, until_us=at_us)
    return _with_outages(bill, tuple(outages))


def _with_outages(bill: Bill, outages: tuple[Outage, ...]) -> Bill:
    assignment = replace(bill.life.assignment, outages=outages)
    return replace(bill, life=replace(bill.life, assignment=assignment))
