"""Corrections of what a settled call was charged: part of it is given back, or it is charged anew.

A charge is never edited. Of all the charges that a call made in a wallet, the one that no reversal
took back counts; refunds belong to the call, whichever of its charges they name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pbxcharge.core.correction_terms import (
    BelowRefund,
    Recharge,
    Recharged,
    Refund,
    RefundTooHigh,
)
from pbxcharge.core.credit_terms import Books, Conflict, Decision, OutOfBounds
from pbxcharge.core.ledger import Entry, EntryKind, charge_entry_id, reversal_entry_id
from pbxcharge.core.limits import Activity
from pbxcharge.core.money import AMOUNT_MAX_MICROS


@dataclass(frozen=True, slots=True)
class Paid:
    """What a call made of one wallet.

    Args:
        charges: the charge at settlement, and that of each revision, in this order.
        charge: the one of them that counts; None if the call costs nothing there.
        refunds: what was given back, whichever of the charges it names.
    """

    charges: tuple[Entry, ...]
    charge: Entry | None
    refunds: tuple[Entry, ...]

    @property
    def charged_micros(self) -> int:
        """What the charge took."""
        return 0 if self.charge is None else -self.charge.amount_micros

    @property
    def refunded_micros(self) -> int:
        """What was given back."""
        return sum(each.amount_micros for each in self.refunds)

    def left_before_micros(self, refund: Entry) -> int:
        """What was left to give back when a refund was made that gave back all of it."""
        ids = [charge.entry_id for charge in self.charges]
        place = ids.index(refund.reverses or "")
        earlier = (each for each in self.refunds if each.reverses in ids[: place + 1])
        others = sum(each.amount_micros for each in earlier if each != refund)
        return -self.charges[place].amount_micros - others


def paid(call_id: str, wallet_id: str, entries: Iterable[Entry]) -> Paid:
    """What a call made of a wallet: charged 1.00, reversed, charged 0.80, given back 0.30.

    Args:
        call_id: the call.
        wallet_id: the wallet.
        entries: of this call all there are, of others any.
    """
    charges: list[Entry] = []
    undone: dict[str, list[Entry]] = {}
    own = (EntryKind.CHARGE, call_id, wallet_id)
    for entry in entries:
        if entry.reverses is not None:
            undone.setdefault(entry.reverses, []).append(entry)
        elif (entry.kind, entry.call_id, entry.wallet_id) == own:
            charges.append(entry)
    # Their ids end in the number of the revision, the first one in none.
    charges.sort(key=lambda charge: (len(charge.entry_id), charge.entry_id))
    backs = [back for charge in charges for back in undone.get(charge.entry_id, ())]
    reversed_ids = {back.reverses for back in backs if back.kind is EntryKind.REVERSAL}
    counting = (charge for charge in charges if charge.entry_id not in reversed_ids)
    refunds = tuple(back for back in backs if back.kind is EntryKind.REFUND)
    return Paid(tuple(charges), next(counting, None), refunds)


def refund(op: Refund, books: Books) -> Entry | RefundTooHigh:
    """The entry that gives back what is asked, or that it is more than is left.

    One that was given before is that entry again, whatever the call was charged since.
    """
    known = paid(op.call_id, op.wallet_id, books.entries.values())
    before = next((each for each in known.refunds if each.entry_id == op.entry_id), None)
    if before is not None:
        left = known.left_before_micros(before)
        amount = left if op.amount_micros is None else op.amount_micros
        return _refund_entry(op, before.reverses, amount)
    left = known.charged_micros - known.refunded_micros
    amount = left if op.amount_micros is None else op.amount_micros
    # An id that is another entry's is for the engine to refuse, whatever is left.
    if op.entry_id not in books.entries and not 0 < amount <= left:
        return RefundTooHigh(op.entry_id, known.charged_micros, known.refunded_micros)
    return _refund_entry(op, known.charge.entry_id if known.charge else None, amount)


def _refund_entry(op: Refund, charge_id: str | None, amount_micros: int) -> Entry:
    return Entry(
        entry_id=op.entry_id,
        wallet_id=op.wallet_id,
        kind=EntryKind.REFUND,
        amount_micros=amount_micros,
        at_us=op.at_us,
        actor=op.actor,
        call_id=op.call_id,
        reverses=charge_id,
        note=op.note,
    )


def recharge(op: Recharge, books: Books) -> Decision:
    """Take back what a wallet paid for a call, and charge it anew.

    The wallet moves once, by the difference, so that nobody sees the money come and go. Live calls
    keep what they hold: the balance may fall below its floor until they end.
    """
    known = paid(op.call_id, op.wallet_id, books.entries.values())
    refunded, before = known.refunded_micros, known.charged_micros
    if op.charge_micros < refunded:
        return Decision(BelowRefund(op.call_id, op.wallet_id, op.charge_micros, refunded))
    if op.charge_micros == before:
        return Decision(Recharged(op.call_id, op.wallet_id, before))
    entries = tuple(_entries(op, known.charge))
    taken = next((each for each in entries if each.entry_id in books.entries), None)
    if taken is not None:
        return Decision(Conflict(taken, books.entries[taken.entry_id]))
    wallet = books.wallets[op.wallet_id]
    balance = wallet.balance_micros + before - op.charge_micros
    if abs(balance) > AMOUNT_MAX_MICROS:
        return Decision(OutOfBounds(entries[-1]))
    return Decision(
        Recharged(op.call_id, op.wallet_id, op.charge_micros, entries),
        (replace(wallet, balance_micros=balance),),
        entries=entries,
        activities=_activities(wallet.account_id, entries, books),
    )


def _entries(op: Recharge, before: Entry | None) -> Iterator[Entry]:
    """The reversal of the charge before, if there was one, and the new charge, unless it is 0."""
    anew = Entry(
        entry_id=charge_entry_id(op.call_id, op.wallet_id, op.revision),
        wallet_id=op.wallet_id,
        kind=EntryKind.CHARGE,
        amount_micros=-op.charge_micros,
        at_us=op.at_us,
        actor=op.actor,
        call_id=op.call_id,
        note=op.note,
        counts_at_us=op.counts_at_us,
    )
    if before is not None:
        yield replace(
            anew,
            entry_id=reversal_entry_id(before.entry_id),
            kind=EntryKind.REVERSAL,
            amount_micros=-before.amount_micros,
            reverses=before.entry_id,
            counts_at_us=before.counted_at_us,
        )
    if op.charge_micros:
        yield anew


def _activities(account_id: str, entries: Iterable[Entry], books: Books) -> dict[str, Activity]:
    """What counts for the limits of spending, where it is known; else the entries will tell."""
    activity = books.activities.get(account_id)
    if activity is None:
        return {}
    for entry in entries:
        activity = activity.charged(entry.counted_at_us, -entry.amount_micros)
    return {account_id: activity}
