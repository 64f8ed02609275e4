"""The credit engine's one rule: `apply` decides an operation on the books as they stand.

Every engine decides as `apply` does, in one step of its own, so that what a grant depends on
cannot change between the question and the answer.
"""

from collections.abc import Mapping
from dataclasses import replace

from pbxcharge.core.allowances import has_quotas
from pbxcharge.core.collection import collect
from pbxcharge.core.collection_terms import Collect, Collected, PartlyCollected, Waits
from pbxcharge.core.correction_terms import (
    BelowRefund,
    Recharge,
    Recharged,
    Refund,
    RefundTooHigh,
)
from pbxcharge.core.corrections import recharge, refund
from pbxcharge.core.credit_terms import (
    Books,
    Close,
    Closed,
    Conflict,
    Convert,
    Converted,
    CreditEngine,
    Decision,
    InUse,
    NotOpen,
    Opened,
    OpenWallet,
    Operation,
    Outcome,
    OutOfBounds,
    Payer,
    Post,
    Posted,
    Refused,
    Reserve,
    Reserved,
    Shortage,
)
from pbxcharge.core.holds import Hold, HoldLine, HoldState, Wallet
from pbxcharge.core.ledger import Entry, EntryKind, charge_entry_id, convert_entry_id
from pbxcharge.core.limits import IDLE, Activity
from pbxcharge.core.money import AMOUNT_MAX_MICROS
from pbxcharge.core.reservation import reserve

__all__ = [
    "BelowRefund",
    "Books",
    "Close",
    "Closed",
    "Collect",
    "Collected",
    "Conflict",
    "Convert",
    "Converted",
    "CreditEngine",
    "Decision",
    "Hold",
    "HoldLine",
    "HoldState",
    "InUse",
    "NotOpen",
    "OpenWallet",
    "Opened",
    "Operation",
    "OutOfBounds",
    "Outcome",
    "PartlyCollected",
    "Payer",
    "Post",
    "Posted",
    "Recharge",
    "Recharged",
    "Refund",
    "RefundTooHigh",
    "Refused",
    "Reserve",
    "Reserved",
    "Shortage",
    "Waits",
    "Wallet",
    "apply",
    "wallets_named",
]


def wallets_named(operation: Operation, holds: Mapping[str, Hold]) -> tuple[str, ...]:
    """The wallets that an engine must know before it applies the operation."""
    match operation:
        case Reserve():
            return _paying(operation, holds)
        case Close():
            hold = holds.get(operation.call_id)
            return tuple(line.wallet_id for line in hold.lines) if hold else ()
        case Post():
            return (operation.entry.wallet_id,)
        case Collect() | Refund() | Recharge() | OpenWallet():
            return (operation.wallet_id,)
        case Convert():
            return (*operation.sources, operation.target)


def _paying(op: Reserve, holds: Mapping[str, Hold]) -> tuple[str, ...]:
    """The wallets of the levels, then of their quotas, then of those that covered the call."""
    found = [payer.wallet_id for payer in op.payers]
    if has_quotas(op):
        found += [quota.wallet_id for payer in op.payers for quota in payer.quotas]
    hold = holds.get(op.call_id)
    if hold is not None and hold.coverage:
        found += [line.wallet_id for line in hold.lines]
    return tuple(found)


def apply(operation: Operation, books: Books) -> Decision:
    """Decide one operation on the books as they stand: the rule of every credit engine.

    Balance 1.00, rate 0.50 a minute at 60/60: a first Reserve of up to 180 s holds 1.00 through
    120 s; a second call's Reserve is refused with NOT_ENOUGH_CREDIT.

    Raises:
        ValueError: a programmer's error, such as a charge above what is held. Nothing changes.
        KeyError: the books lack a wallet that the operation names.
    """
    match operation:
        case Reserve():
            return reserve(operation, books)
        case Close():
            return _close(operation, books)
        case Post():
            return _post(operation.entry, books)
        case Collect():
            return collect(operation, books)
        case Refund():
            return _refund(operation, books)
        case Recharge():
            return recharge(operation, books)
        case OpenWallet():
            return _open(operation, books)
        case Convert():
            return _convert(operation, books)


def _close(op: Close, books: Books) -> Decision:
    hold = books.holds.get(op.call_id)
    if hold is None:
        return Decision(Closed(op.call_id, repeated=True))
    charged = {line.wallet_id: line.amount_micros for line in op.charges}
    _check_charges(hold, charged)
    wallets = tuple(_release(books.wallets[line.wallet_id], line, charged) for line in hold.lines)
    entries = tuple(_charge_entry(op, line) for line in op.charges if line.amount_micros)
    state = HoldState.POSTED if entries else HoldState.VOIDED
    activities = _activities(op, hold, charged, books)
    return Decision(Closed(op.call_id), wallets, replace(hold, state=state), entries, activities)


def _activities(
    op: Close, hold: Hold, charged: Mapping[str, int], books: Books
) -> dict[str, Activity]:
    """What is charged takes the place of what was held in the limits of spending."""
    found: dict[str, Activity] = {}
    for line in hold.level_lines:
        account = books.wallets[line.wallet_id].account_id
        if account not in found:
            found[account] = books.activities.get(account, IDLE).ended()
        activity = found[account].held(-line.amount_micros)
        amount = charged.get(line.wallet_id, 0)
        found[account] = activity.charged(op.at_us, amount) if amount else activity
    return found


def _check_charges(hold: Hold, charged: Mapping[str, int]) -> None:
    for wallet, amount in charged.items():
        if not 0 <= amount <= hold.held_micros(wallet):
            raise ValueError(
                f"call {hold.call_id}: charge {amount} of {wallet} is not within its hold"
            )


def _release(wallet: Wallet, line: HoldLine, charged: Mapping[str, int]) -> Wallet:
    return wallet.moved(-charged.get(wallet.wallet_id, 0), -line.amount_micros, calls=-1)


def _charge_entry(op: Close, line: HoldLine) -> Entry:
    return Entry(
        entry_id=charge_entry_id(op.call_id, line.wallet_id),
        wallet_id=line.wallet_id,
        kind=EntryKind.CHARGE,
        amount_micros=-line.amount_micros,
        at_us=op.at_us,
        actor=op.actor,
        call_id=op.call_id,
    )


def _post(entry: Entry, books: Books) -> Decision:
    wallet = books.wallets[entry.wallet_id]
    existing = books.entries.get(entry.entry_id)
    if existing is not None:
        if existing.same_command(entry):
            return Decision(Posted(existing, wallet.balance_micros, repeated=True))
        return Decision(Conflict(entry, existing))
    # What a call was charged goes back to the wallet that paid, whatever became of it.
    if wallet.closed and entry.kind is not EntryKind.REFUND:
        return Decision(NotOpen(wallet.wallet_id))
    balance = wallet.balance_micros + entry.amount_micros
    if abs(balance) > AMOUNT_MAX_MICROS or abs(entry.amount_micros) > AMOUNT_MAX_MICROS:
        return Decision(OutOfBounds(entry))
    return Decision(
        Posted(entry, balance), (replace(wallet, balance_micros=balance),), entries=(entry,)
    )


def _refund(op: Refund, books: Books) -> Decision:
    found = refund(op, books)
    return Decision(found) if isinstance(found, RefundTooHigh) else _post(found, books)


def _open(op: OpenWallet, books: Books) -> Decision:
    known = books.wallets.get(op.wallet_id) or Wallet(op.wallet_id, op.account_id, op.kind)
    wallet = replace(known, floor_micros=op.floor_micros, closed=False)
    return Decision(Opened(wallet), (wallet,))


def _convert(op: Convert, books: Books) -> Decision:
    sources = [books.wallets[name] for name in op.sources]
    busy = next((wallet for wallet in sources if wallet.calls), None)
    if busy is not None:
        return Decision(InUse(busy.wallet_id))
    moved = {wallet.wallet_id: -wallet.balance_micros for wallet in sources}
    moved[op.target] = -sum(moved.values())
    entries = tuple(_converted(op, name, micros) for name, micros in moved.items() if micros)
    target = books.wallets[op.target]
    balance = target.balance_micros + moved[op.target]
    if abs(balance) > AMOUNT_MAX_MICROS or abs(moved[op.target]) > AMOUNT_MAX_MICROS:
        return Decision(OutOfBounds(entries[-1]))
    emptied = [replace(each, balance_micros=0, floor_micros=0, closed=True) for each in sources]
    wallets = (*emptied, replace(target, balance_micros=balance))
    return Decision(Converted(op.target, balance), wallets, entries=entries)


def _converted(op: Convert, wallet: str, amount_micros: int) -> Entry:
    return Entry(
        entry_id=convert_entry_id(wallet, op.at_us),
        wallet_id=wallet,
        kind=EntryKind.ADJUSTMENT,
        amount_micros=amount_micros,
        at_us=op.at_us,
        actor=op.actor,
        note=op.note,
    )
