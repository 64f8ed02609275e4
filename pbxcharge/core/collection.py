"""Collecting what subscriptions owe: fees wait until they fit into what no call holds."""

from collections.abc import Sequence
from dataclasses import replace

from pbxcharge.core.collection_terms import Collect, Collected, PartlyCollected, Waits
from pbxcharge.core.credit_terms import Books, Conflict, Decision, NotOpen, OutOfBounds
from pbxcharge.core.holds import Wallet
from pbxcharge.core.ledger import Entry
from pbxcharge.core.limits import IDLE, UNLIMITED, Activity
from pbxcharge.core.money import AMOUNT_MAX_MICROS


def collect(op: Collect, books: Books) -> Decision:
    """Book all of the entries, or say why none is.

    Balance 30, of which calls hold 5: a fee of 26 waits, one of 25 is booked, and what the calls
    hold stays theirs. One that may not wait is booked in full: a penalty of 40 makes it -10.

    Raises:
        KeyError: the books lack the wallet, or do not know the month of a monthly limit.
    """
    wallet = books.wallets[op.wallet_id]
    before = _before(op, wallet, books)
    if before is not None:
        return before
    if wallet.closed:
        return Decision(NotOpen(op.wallet_id))
    activity = books.activities.get(wallet.account_id)
    available = _available_micros(op, wallet, activity or IDLE)
    if op.may_wait and op.needs_micros > max(0, available):
        return Decision(Waits(op.wallet_id, op.needs_micros, available))
    balance = wallet.balance_micros + sum(entry.amount_micros for entry in op.items)
    beyond = next((one for one in op.items if abs(one.amount_micros) > AMOUNT_MAX_MICROS), None)
    if beyond is not None or abs(balance) > AMOUNT_MAX_MICROS:
        return Decision(OutOfBounds(beyond or op.items[0]))
    return Decision(
        Collected(op.wallet_id, balance),
        (replace(wallet, balance_micros=balance),),
        entries=op.items,
        activities={} if activity is None else {wallet.account_id: _billed(activity, op.items)},
    )


def _before(op: Collect, wallet: Wallet, books: Books) -> Decision | None:
    """What is to be said where some of the entries are in the books."""
    known = [(entry, books.entries[entry.entry_id]) for entry in op.items if _is_in(entry, books)]
    if not known:
        return None
    for entry, existing in known:
        if not existing.same_command(entry):
            return Decision(Conflict(entry, existing))
    if len(known) < len(op.items):
        booked = tuple(entry.entry_id for entry, _ in known)
        return Decision(PartlyCollected(op.wallet_id, booked))
    return Decision(Collected(op.wallet_id, wallet.balance_micros, repeated=True))


def _is_in(entry: Entry, books: Books) -> bool:
    return entry.entry_id in books.entries


def _available_micros(op: Collect, wallet: Wallet, activity: Activity) -> int:
    """What no call holds, within what is left of the month."""
    limits = UNLIMITED.within_month(op.monthly_limit_micros)
    of_month = activity.month_room_micros(limits, op.month_from_us)
    available = wallet.available_micros
    return available if of_month is None else min(available, of_month)


def _billed(activity: Activity, items: Sequence[Entry]) -> Activity:
    for entry in items:
        activity = activity.billed(entry.at_us, -entry.amount_micros)
    return activity
